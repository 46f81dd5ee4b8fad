/**
 * D2: what lies in the socket and the reader of a listener on Python's receive socket is lost with it. Where it may have
 * been, it comes again with python_listener: at_least_once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realClock } from '../../engine/base/real-ports.ts';
import { listenerFrames } from '../../engine/local/python/listener-frames.ts';
import { listenerHeldBytes } from '../../engine/local/python/unconfirmed-messages.ts';
import { receiveSocketPath } from '../../engine/local/socket-names.ts';
import { Inbox } from '../../engine/queues/inbox.ts';
import { framesOfInboxBatch } from '../../engine/queues/inbox-batch.ts';
import { MemoryStore } from '../../engine/storage/memory-store.ts';
import { incoming } from '../helpers/message-batches.ts';
import { pythonReceiver } from '../helpers/python-receiver.ts';
import { SmallConnector } from '../helpers/small-connector.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const owner = { role: 'client', name: 'client1' } as const;
const COUNT = 8_000;
const TEXTS = Array.from({ length: COUNT }, (_, number) => `${number} `.padEnd(150, '.'));

const numberOf = (text: string): number => Number(text.split(' ')[0]);

test('a listener that is killed while it lags: the next one gets all that it was not done with, in order', async (t) => {
  const directory = tempDir(t);
  const connector = await SmallConnector.start(t, { directory, owner, heldBytes: listenerHeldBytes() });
  const path = receiveSocketPath({ directory, owner, messageType: 'event' });
  const first = await pythonReceiver(t, path, 2_000);
  await connector.put(...TEXTS);
  await waitFor(() => first.done.length === 2_000 && first.readBytes > 2_000 * 250, { what: 'the lag' });
  await first.kill();
  await waitFor(() => connector.logged.some((text) => /redelivering its last \d+ messages/.test(text)), {
    what: 'the line in the log',
  });
  const second = await pythonReceiver(t, path);
  await waitFor(() => numberOf(second.done.at(-1) ?? '-1') === COUNT - 1, { what: 'the last one' });
  const again = second.done.map(numberOf);
  assert.deepEqual(
    again,
    Array.from({ length: COUNT - (again[0] as number) }, (_, index) => (again[0] as number) + index),
    'without a gap',
  );
  assert.ok((again[0] as number) <= 2_000, `it begins with ${again[0]}`);
});

test('so much as may be held stays in the store, also for a connector that is killed, and no more', async (t) => {
  const directory = tempDir(t);
  const heldBytes = 10_000;
  const connector = await SmallConnector.start(t, { directory, owner, heldBytes });
  const path = receiveSocketPath({ directory, owner, messageType: 'event' });
  const first = await pythonReceiver(t, path);
  await connector.put(...TEXTS.slice(0, 1_000));
  await waitFor(() => first.done.length === 1_000, { what: 'all of them' });
  await waitFor(() => connector.inbox.depth === 0, { what: 'what counts as given' });
  const { count } = await connector.store.stat('in/event');
  // Another run finds them: the first one has said goodbye to nobody.
  const { store } = connector;
  const capacity = { messages: 1e6, bytes: 1e9 };
  const clock = realClock();
  const next = new Inbox({
    ...{ type: 'event', stream: 'in/event', store, clock, capacity },
    ...{ whenFull: 'refuse', isStored: true },
  });
  await next.restore();
  assert.equal(next.depth, count);
  const frames = (await next.read(0)).flatMap((batch) => listenerFrames(batch, next.firstIndex(batch, 0)));
  const bytes = frames.reduce((sum, frame) => sum + frame.bytes.length, 0);
  assert.ok(bytes >= heldBytes && bytes < heldBytes + 500, `${bytes} bytes`);
});

test('an end that the connector itself has started repeats nothing', async (t) => {
  const directory = tempDir(t);
  const connector = await SmallConnector.start(t, { directory, owner, heldBytes: listenerHeldBytes() });
  const first = await pythonReceiver(t, receiveSocketPath({ directory, owner, messageType: 'event' }));
  await connector.put(...TEXTS.slice(0, 100));
  await waitFor(() => first.done.length === 100, { what: 'all of them' });
  await connector.kill();
  await waitFor(async () => (await connector.store.stat('in/event')).count === 0, { what: 'an empty store' });
});

test('a full inbox of which all is lent takes more, or nothing would ever pass what is lent', async () => {
  const clock = realClock();

  const capacity = { messages: 3, bytes: 1e9 };
  const inbox = new Inbox({
    ...{ type: 'event', stream: 'in/event', store: new MemoryStore(clock), clock, capacity },
    ...{ whenFull: 'refuse', isStored: true },
  });
  for (const text of ['a', 'b', 'c']) await inbox.put(incoming([text]));
  const frames = (await inbox.read(0)).flatMap((batch) => listenerFrames(batch, 0));
  inbox.lend(frames);
  assert.deepEqual(await inbox.put(incoming(['d'])), []);
  const { count } = inbox.takeBack();
  assert.equal(count, 3);
  const again = (await inbox.read(0)).flatMap((batch) => [...framesOfInboxBatch(batch)]);
  assert.deepEqual([again.map(({ data }) => String(data)), inbox.depth], [['a', 'b', 'c', 'd'], 4]);
});
