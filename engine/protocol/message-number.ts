import type { Randomness } from '../base/ports.ts';
import type { Header } from './header.ts';

/**
 * A message's place among those of its sender, receiver and type. An epoch is one life of the sender's queue, 128 random
 * bits as 22 characters; within it numbers rise from 1, not always by one.
 */
export interface MessageNumber {
  readonly epoch: string;
  readonly seq: number;
}

/** A number with the one that went before it on the same connection, where that is not the next lower one. */
export interface NumberOnWire extends MessageNumber {
  readonly after?: number | undefined;
}

export const EPOCH_BYTES = 16;
const EPOCH_CHARACTERS = 22;

export function newEpoch(random: Pick<Randomness, 'bytes'>): string {
  return random.bytes(EPOCH_BYTES).toString('base64url');
}

/**
 * The transport_id of a message that aioc sends: `<epoch>.<seq>`, or `<epoch>.<seq>.<after>`. Every peer echoes a string
 * as it came (PROTOCOL §1); to an aioc peer it says whether it has the message already, whatever it takes us for.
 */
export function transportIdOf({ epoch, seq, after }: NumberOnWire): string {
  return after === undefined ? `${epoch}.${seq}` : `${epoch}.${seq}.${after}`;
}

/** The number that a transport_id stands for; undefined for Python's, which are integers, and for those of programs. */
export function numberIn(transportId: Header[string] | undefined): NumberOnWire | undefined {
  if (typeof transportId !== 'string' || !isNumber(transportId)) return undefined;
  const end = transportId.indexOf('.', EPOCH_CHARACTERS + 1);
  const seq = transportId.slice(EPOCH_CHARACTERS + 1, end < 0 ? undefined : end);
  const after = end < 0 ? undefined : Number(transportId.slice(end + 1));
  return { epoch: transportId.slice(0, EPOCH_CHARACTERS), seq: Number(seq), after };
}

/** Whether `numberIn` finds one, for who does not need it. */
export function isNumber(transportId: Header[string] | undefined): boolean {
  return typeof transportId === 'string' && TRANSPORT_ID.test(transportId);
}

/** Fifteen digits are below 2^53. */
const TRANSPORT_ID = /^([\w-]{22})\.([1-9]\d{0,14})(?:\.(\d{1,15}))?$/;
