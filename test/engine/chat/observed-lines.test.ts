import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { ObservedLines } from '../../../engine/chat/observed-lines.ts';
import type { Peer } from '../../../engine/peers/peer.ts';
import { batchOfOne, type MessageBatch } from '../../../engine/queues/message-batch.ts';

const batchOf = (text: string): MessageBatch =>
  batchOfOne({ headerBytes: Buffer.from('{}'), data: Buffer.from(text) });
const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('of thousands of messages in one turn the first are shown, and how many more came', async () => {
  const [loud, quiet] = [{ id: 'loud' }, { id: 'quiet' }] as unknown as [Peer, Peer];
  const shown: [string, string, number][] = [];
  const lines = new ObservedLines((peer, some, omitted) =>
    shown.push([peer.id, some.map(String).join(), omitted]),
  );
  const first = Array.from({ length: LIMITS.chatObservedLines }, (_, number) => `line ${number}`);
  for (let number = 0; number < 2_000; number += 1) lines.add(loud, batchOf(`line ${number}`));
  lines.add(quiet, batchOf('hello'));
  await endOfTurn();
  assert.deepEqual(shown, [
    ['loud', first.join(), 2_000 - first.length],
    ['quiet', 'hello', 0],
  ]);
  lines.add(quiet, batchOf('again'));
  await endOfTurn();
  assert.deepEqual(shown.at(-1), ['quiet', 'again', 0]);
});
