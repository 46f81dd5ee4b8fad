import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../engine/base/limits.ts';
import { MemoryBudget } from '../../engine/base/memory-budget.ts';
import { DisplayNames } from '../../engine/peers/display-names.ts';
import { Registry } from '../../engine/peers/registry.ts';
import { InboxWriter } from '../../engine/queues/inbox-writer.ts';
import { MemoryStore } from '../../engine/storage/memory-store.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { batchOf } from '../helpers/message-batches.ts';
import { NOBODY } from '../helpers/nobody.ts';
import { seededRandom } from '../helpers/simulated-world.ts';

const NAMES = 6_000;

function registry({ namesAreIdentities }: { readonly namesAreIdentities: boolean }): Registry {
  const clock = new FakeClock(0);
  return new Registry({
    clock,
    random: seededRandom(1),
    sourceId: () => 'server',
    storedOf: () => [],
    gone: () => undefined,
    onChange: () => undefined,
    store: new MemoryStore(clock),
    whenFull: 'refuse',
    capacityOf: () => ({ messages: 1, bytes: 1 }),
    budget: new MemoryBudget(1),
    namesAreIdentities,
    revive: () => ({ observer: NOBODY, logId: 0, body: undefined }),
  });
}

/** Milliseconds of processor time that the first and the last tenth of the names take. */
async function costOf(name: (index: number) => unknown): Promise<readonly [first: number, last: number]> {
  const tenths: number[] = [];
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const before = process.cpuUsage();
    for (let index = (tenth * NAMES) / 10; index < ((tenth + 1) * NAMES) / 10; index += 1) await name(index);
    const { user, system } = process.cpuUsage(before);
    tenths.push((user + system) / 1000);
  }
  return [Math.min(...tenths.slice(0, 3)), Math.min(...tenths.slice(-3))];
}

/** Without an index, the last tenth takes at least ten times as long. */
function assertFlat([first, last]: readonly [number, number], what: string): void {
  assert.ok(
    last < 3 * first + 20,
    `${what}: ${first.toFixed(1)} ms at first, ${last.toFixed(1)} ms in the end`,
  );
}

for (const namesAreIdentities of [true, false]) {
  test(`S9: a new name costs the same, however many there were (${namesAreIdentities ? 'configured' : 'chat'})`, async () => {
    const peers = registry({ namesAreIdentities });
    const cost = await costOf((index) => {
      const wireName = namesAreIdentities ? `made-up-${index}` : 'chat_client';
      const peer = peers.add({ wireName, name: 'admin', address: `10.0.${index % 60}.1:${index}` });
      peers.identify(peer, { certificate: { fingerprint: `f${index}`, words: '' }, name: 'root' });
    });
    assertFlat(cost, 'a peer');
  });
}

test('S9: what is stored of one sender is found at the same cost, however many there were', async () => {
  const clock = new FakeClock(0);
  const writer = new InboxWriter({
    stream: 'in/any',
    store: new MemoryStore(clock),
    clock,
    onArrival: () => undefined,
    onSuperseded: () => undefined,
    onReleased: () => undefined,
    onLost: () => undefined,
  });
  const cost = await costOf(async (index) => {
    const source = { peerName: `made-up-${index}`, epoch: `e${index}`, seq: 1 };
    assert.deepEqual(writer.storedOf(source.peerName), []);
    await new Promise<void>((resolve, reject) => {
      const batch = { ...batchOf(['x']), head: Buffer.from('head') };
      writer.add({ batch, source, kept: () => resolve(), refused: (_count, error) => reject(error) });
    });
    assert.deepEqual(writer.storedOf(source.peerName), [{ epoch: source.epoch, seq: 1, hasGap: false }]);
  });
  assertFlat(cost, 'a sender');
});

test('S9: beyond the limit, the address with the most names loses its oldest, and nobody else loses anything', () => {
  const peers = registry({ namesAreIdentities: true });
  const forgotten: string[] = [];
  peers.onForget = ({ wireName }) => forgotten.push(wireName);
  peers.add({ wireName: 'honest', name: 'honest', address: '192.0.2.1:1' }).become('away');
  const waiting = peers.add({ wireName: 'waiting', name: 'waiting', address: '' });
  waiting.become('away');
  for (let index = 0; index < LIMITS.peersRemembered + 50; index += 1)
    peers.add({ wireName: `made-up-${index}`, name: '', address: '10.0.0.1:1' });
  assert.equal([...peers.all].length, LIMITS.peersRemembered);
  assert.ok(peers.byWireName('honest') !== undefined && peers.byWireName('waiting') !== undefined);
  assert.deepEqual(forgotten.slice(0, 2), ['made-up-0', 'made-up-1']);
  assert.equal(peers.byWireName('made-up-0'), undefined);
});

test('display names are unique, and a name that is free again is used again', () => {
  const names = new DisplayNames();
  assert.deepEqual(
    [1, 2, 3].map(() => names.take('x')),
    ['x', 'x (2)', 'x (3)'],
  );
  names.free('x (2)');
  assert.equal(names.take('x'), 'x (2)');
  assert.equal(names.take('y (2)'), 'y (2)');
  assert.deepEqual(
    [1, 2].map(() => names.take('y')),
    ['y', 'y (3)'],
  );
  assert.ok(names.isFor('x (3)', 'x'));
  names.free('x');
  assert.equal(names.take('x'), 'x');
});
