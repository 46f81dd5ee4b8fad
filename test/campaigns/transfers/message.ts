import assert from 'node:assert/strict';
import type { TransferSource } from '../../../engine/queues/outgoing-body.ts';
import type { MemoryFile } from '../../helpers/memory-files.ts';

/** A message with a file, in the queue of the sender, which survives restarts. */
export interface Message {
  readonly seq: number;
  readonly id: string;
  readonly file: MemoryFile;
  /** When it was accepted. */
  readonly bytes: Buffer;
  readonly open: () => Promise<TransferSource>;
  /** The link on which it was sent. */
  sentOn: unknown;
  state: 'queued' | 'acknowledged' | 'cancelled';
  /** Something has happened that may keep its file from arriving. */
  mayFail: boolean;
  /** At the receiver, on its disk: what became of it. */
  outcome: 'placed' | { readonly error: string } | undefined;
}

/** It has come with its file as it was, or without it for a reason; or was cancelled. */
export function checkMessage(
  { seq, bytes, state, mayFail, outcome }: Message,
  placed: Buffer | undefined,
): void {
  if (placed !== undefined) assert.ok(placed.equals(bytes), `of message ${seq}, other bytes were placed`);
  if (state === 'cancelled') return;
  assert.ok(outcome !== undefined, `message ${seq} was acknowledged without an outcome`);
  if (outcome === 'placed') assert.ok(placed !== undefined, `message ${seq} came without its file`);
  else assert.ok(mayFail, `message ${seq} failed without a reason: ${outcome.error}`);
  if (outcome !== 'placed') assert.notEqual(outcome.error, '');
}
