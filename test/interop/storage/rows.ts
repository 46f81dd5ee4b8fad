/** What is tried in each row of the matrix of what is stored. Each finds both sides connected and leaves them so. */
import assert from 'node:assert/strict';
import { POLICIES, type Policy, type Row } from './cells.ts';
import type { StorageColumn } from './column.ts';

export type StorageRow = (column: StorageColumn) => Promise<void>;

const SMALL = ['0', '1', '2'];
const LARGE = ['0', '1', '2', '3', '4'];
const NONE: readonly string[] = [];

/** What of five large ones a full queue has in the end. */
const KEPT: Readonly<Record<Policy, readonly string[]>> = {
  refuse: ['0', '1'],
  drop_oldest: ['3', '4'],
  drop_newest: ['0', '1'],
};

const words = (first: string, numbers: readonly string[]): string[] =>
  numbers.map((number) => `${first}-${number}`);

const large = (first: string): string[] => words(first, LARGE).map((word) => `${word} ${'x'.repeat(1_000)}`);

const counts = (column: StorageColumn, stored: number, otherwise: number) =>
  column.whereStored(stored, otherwise);

async function peerDown(column: StorageColumn): Promise<void> {
  await column.losePeer();
  const told = await column.send(words('p', SMALL));
  const of = (promise: string): string[] => SMALL.map(() => promise);
  assert.deepEqual(told, column.whereStored(of('stored'), of('accepted')));
  await column.waits('for the peer', counts(column, 3, 3));
  await column.peerBack();
  const all = words('p', SMALL);
  await column.arriveAtPeer('p', { a: all, b: all });
}

async function listenerDown(column: StorageColumn): Promise<void> {
  await column.peerSends(words('l', SMALL));
  await column.waits('for a listener', counts(column, 3, 3));
  const all = words('l', SMALL);
  await column.arriveAtListener('l', { a: all, b: all });
}

/** While ours is dead and starts again, messages wait in it for both: the next row looks at those for the peer. */
async function bothDownAndKilled(column: StorageColumn): Promise<void> {
  await column.peerSends(words('lk', SMALL));
  await column.waits('for a listener', counts(column, 3, 3));
  await column.losePeer();
  await column.send(words('pk', SMALL));
  for (const whom of ['for a listener', 'for the peer'] as const)
    await column.waits(whom, counts(column, 3, 3));
  await column.restartOurs();
  for (const whom of ['for a listener', 'for the peer'] as const)
    await column.waits(whom, counts(column, 3, 0));
  await column.peerBack();
  await column.arriveAtListener('lk', column.whereStored(words('lk', SMALL), NONE));
}

async function afterBothDownAndKilled(column: StorageColumn): Promise<void> {
  await column.arriveAtPeer('pk', column.whereStored(words('pk', SMALL), NONE));
}

/** Of a queue in memory max_size_persistence_path says nothing: it has room for all of them. */
function listenerFull(policy: 'drop_oldest' | 'drop_newest'): StorageRow {
  const first = `lf-${policy}`;
  return async (column) => {
    const counted = column.countsDropped();
    await column.peerSends(large(first));
    await column.waits('for a listener', counts(column, 2, LARGE.length));
    await counted(counts(column, 3, 0));
    const kept = words(first, KEPT[policy]);
    await column.arriveAtListener(first, column.whereStored(kept, words(first, LARGE)));
  };
}

/** What has no room waits at the peer, unacknowledged, until a listener has made some: nothing is dropped. */
async function listenerFullHolds(column: StorageColumn): Promise<void> {
  const counted = column.countsDropped();
  await column.peerHandsOver(large('lf-refuse'));
  await column.waitsAtLeast(2);
  const all = words('lf-refuse', LARGE);
  await column.arriveAtListener('lf-refuse', { a: all, b: all });
  await counted({ a: 0, b: 0 });
}

function peerFull(policy: Policy): StorageRow {
  const first = `pf-${policy}`;
  const next = POLICIES[(POLICIES.indexOf(policy) + 1) % POLICIES.length];
  return async (column) => {
    await column.losePeer();
    const counted = column.countsDropped();
    const told = await column.send(large(first));
    const ofStored = LARGE.map((number) =>
      policy === 'drop_oldest' || KEPT[policy].includes(number) ? 'stored' : 'AIOC_QUEUE_FULL',
    );
    const ofOthers = LARGE.map(() => 'accepted');
    assert.deepEqual(told, column.whereStored(ofStored, ofOthers));
    await column.waits('for the peer', counts(column, 2, LARGE.length));
    // What is refused is not dropped: its program knows that it still has it.
    await counted(counts(column, policy === 'refuse' ? 0 : 3, 0));
    // What is stored is stored, whatever the next configuration says of a full queue.
    await column.restartOurs({ when_full: next });
    await column.waits('for the peer', counts(column, 2, 0));
    await column.peerBack();
    await column.arriveAtPeer(first, column.whereStored(words(first, KEPT[policy]), NONE));
  };
}

export const STORAGE_ROWS: Readonly<Record<Row, StorageRow>> = {
  'peer down and back': peerDown,
  'listener down and back': listenerDown,
  'listener down and back, ours killed meanwhile': bothDownAndKilled,
  'peer down and back, ours killed meanwhile': afterBothDownAndKilled,
  'full for a peer that is down, ours killed meanwhile: refuse': peerFull('refuse'),
  'full for a listener that is down: drop_oldest': listenerFull('drop_oldest'),
  'full for a peer that is down, ours killed meanwhile: drop_oldest': peerFull('drop_oldest'),
  'full for a listener that is down: drop_newest': listenerFull('drop_newest'),
  'full for a peer that is down, ours killed meanwhile: drop_newest': peerFull('drop_newest'),
  'full for a listener that is down: refuse': listenerFullHolds,
};
