import type { Randomness } from '../base/ports.ts';
import type { Header } from './header.ts';

/**
 * The sequence number of a message within its stream (sender, receiver and type). An epoch is one life of the sender's
 * queue: 128 random bits as 22 characters. Within it, numbers increase from 1, not always by one.
 */
export interface MessageNumber {
  readonly epoch: string;
  readonly seq: number;
}

/** A number, and the number sent before it on the same connection if that is not the next lower one. */
export interface NumberOnWire extends MessageNumber {
  readonly after?: number | undefined;
}

export const EPOCH_BYTES = 16;
const EPOCH_CHARACTERS = 22;

export function newEpoch(random: Pick<Randomness, 'bytes'>): string {
  return random.bytes(EPOCH_BYTES).toString('base64url');
}

/**
 * The transport_id of a message that aioc sends: `<epoch>.<seq>`, or `<epoch>.<seq>.<after>`. Every peer returns a
 * string unchanged (PROTOCOL §2). An aioc peer uses it to detect repetitions, even if it takes this connector for
 * Python.
 */
export function transportIdOf({ epoch, seq, after }: NumberOnWire): string {
  return after === undefined ? `${epoch}.${seq}` : `${epoch}.${seq}.${after}`;
}

/** The number in a transport_id; undefined for Python's integers, and for those that programs set. */
export function numberIn(transportId: Header[string] | undefined): NumberOnWire | undefined {
  if (typeof transportId !== 'string' || !isNumber(transportId)) return undefined;
  const end = transportId.indexOf('.', EPOCH_CHARACTERS + 1);
  const seq = transportId.slice(EPOCH_CHARACTERS + 1, end < 0 ? undefined : end);
  const after = end < 0 ? undefined : Number(transportId.slice(end + 1));
  return { epoch: transportId.slice(0, EPOCH_CHARACTERS), seq: Number(seq), after };
}

/** Whether `numberIn` would return a number. */
export function isNumber(transportId: Header[string] | undefined): boolean {
  return typeof transportId === 'string' && TRANSPORT_ID.test(transportId);
}

/** Fifteen digits are below 2^53. */
const TRANSPORT_ID = /^([\w-]{22})\.([1-9]\d{0,14})(?:\.(\d{1,15}))?$/;
