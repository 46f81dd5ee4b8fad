import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { Link } from '../../../engine/peers/link.ts';
import { Sender } from '../../../engine/peers/sender.ts';
import type { OutFrame } from '../../../engine/protocol/messages.ts';
import { NOBODY } from '../../../engine/queues/out-message.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { SimulatedClock, seededRandom } from '../../helpers/simulated-world.ts';

test('what lies behind the window goes out in the end, also when the store could not be read at first', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryStore(clock);
  const read = store.read.bind(store);
  let failures = 2;
  store.read = async (...asked) => {
    failures -= 1;
    if (failures >= 0) throw new Error('the disk does not answer');
    return read(...asked);
  };
  const sender = new Sender({
    clock,
    random: seededRandom(1),
    store,
    streamPrefix: 'out/peer/',
    whenFull: 'refuse',
    capacityOf: () => ({ messages: 10_000, bytes: 1e9 }),
    revive: () => ({ watcher: NOBODY, ticket: 0 }),
    onChange: () => undefined,
  });
  const count = LIMITS.outboxWindow + 10;
  for (let number = 0; number < count; number += 1) {
    const data = Buffer.from(String(number));
    const message = { header: { message_type: 'any' }, data, watcher: NOBODY, ticket: 0 };
    await new Promise((resolve, reject) => sender.offer(message, { kept: resolve, refused: reject }));
  }
  const sent: string[] = [];
  const link = {
    writable: true,
    unreadMaxBytes: Number.POSITIVE_INFINITY,
    send: ({ transportId = '', data }: OutFrame) => {
      sent.push(data.toString());
      clock.after(0, () => sender.acknowledged(transportId, 'received'));
    },
  } as unknown as Link;
  sender.attach(link);
  await clock.pass(10 * LIMITS.storeRetryMs);
  assert.deepEqual(
    sent,
    Array.from({ length: count }, (_, number) => String(number)),
  );
  assert.equal(sender.waitingCount, 0);
});
