import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { QueuePeeker } from '../../../engine/connector/queue-peek.ts';
import type { PeekAnswer, PeekRow, QueuePeek } from '../../../engine/contract/queue-peek.ts';
import { Inbox } from '../../../engine/queues/inbox.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { incoming, outgoing, textsInAll } from '../../helpers/message-batches.ts';
import { drain, numbered, offer, one, outbox } from '../../helpers/outboxes.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

type Queues = ConstructorParameters<typeof QueuePeeker>[0];

function peerWith(...outboxes: readonly ReturnType<typeof outbox>[]): Queues {
  const peer = { name: 'press-3', sender: { queues: outboxes.map((each) => ({ outbox: each })) } };
  return { registry: { get: (id: string) => (id === 'p1' ? peer : undefined) } as never, inboxes: [] };
}

const textsOf = (rows: readonly PeekRow[]): string[] => rows.map(({ text }) => text);

test('a look shows the first messages page by page, and takes none', async () => {
  const queue = outbox();
  await offer(queue, outgoing(numbered(120)));
  const peeker = new QueuePeeker(peerWith(queue));
  const first = await peeker.peek({ queue: 'p1:any', rows: 1_000 });
  assert.deepEqual(textsOf(first.rows), numbered(LIMITS.peekRows));
  assert.deepEqual([first.depth, first.hasMore], [120, true]);
  const after = first.rows.at(-1)?.place as string;
  const rest = await peeker.peek({ queue: 'p1:any', rows: 100, after });
  assert.deepEqual(textsOf(rest.rows), numbered(20, 100));
  assert.equal(rest.hasMore, false);
  assert.deepEqual(await drain(queue), numbered(120));
});

test('a look tells what is on its way, and leaves out what has left or came later than asked for', async () => {
  const queue = outbox();
  for (const text of ['a', 'b', 'c']) await offer(queue, one(text));
  const entry = queue.next();
  assert.ok(entry !== undefined);
  queue.acked(queue.send(entry, 1));
  const next = queue.next();
  assert.ok(next !== undefined);
  queue.send(next, 1);
  const peeker = new QueuePeeker(peerWith(queue));
  const { rows, end } = await peeker.peek({ queue: 'p1:any', rows: 10 });
  assert.deepEqual(
    rows.map(({ text, isSent }) => [text, isSent]),
    [
      ['b', true],
      ['c', false],
    ],
  );
  await offer(queue, one('later'));
  const old = await peeker.peek({ queue: 'p1:any', rows: 10, upTo: end });
  assert.deepEqual(textsOf(old.rows), ['b', 'c']);
});

test('the lanes of a type are one queue: they are looked at and purged together', async () => {
  const [main, lane] = [outbox(), outbox()];
  await offer(main, one('main'));
  await offer(lane, outgoing(['lane 1', 'lane 2']));
  const peeker = new QueuePeeker(peerWith(main, lane));
  const { rows, end, depth } = await peeker.peek({ queue: 'p1:any', rows: 2 });
  assert.deepEqual([textsOf(rows), depth], [['main', 'lane 1'], 3]);
  const after = rows.at(-1)?.place as string;
  assert.deepEqual(textsOf((await peeker.peek({ queue: 'p1:any', rows: 2, after })).rows), ['lane 2']);
  assert.deepEqual(await peeker.purge('p1:any', { upTo: end, why: 'test' }), {
    ...{ count: 3, type: 'any', peerName: 'press-3' },
  });
  assert.equal(main.depth + lane.depth, 0);
});

test('whole messages come in pages of bytes; the beginning of a long one says how much is left out', async () => {
  const queue = outbox();
  const long = 'x'.repeat(LIMITS.peekPageBytes - 10);
  await offer(queue, one(long));
  await offer(queue, one('short, and too much'));
  const peeker = new QueuePeeker(peerWith(queue));
  const whole = await peeker.peek({ queue: 'p1:any', rows: 10, bodies: 'whole' });
  assert.deepEqual([whole.rows.length, whole.hasMore], [1, true]);
  assert.equal(whole.rows[0]?.body?.text, long);
  const beginning = await peeker.peek({ queue: 'p1:any', rows: 1, bodies: 'beginning' });
  const { text = '', omittedBytes } = beginning.rows[0]?.body ?? {};
  assert.deepEqual([text.length, omittedBytes], [LIMITS.peekBodyBytes, long.length - LIMITS.peekBodyBytes]);
});

test('an inbox shows its senders and headers; what is taken is not there, and the listener gets all', async () => {
  const clock = new SimulatedClock();
  const capacity = { messages: 100, bytes: 1e6 };
  const inbox = new Inbox({
    ...{ type: 'order', stream: 'in/order', store: new MemoryStore(clock), clock, capacity },
    ...{ whenFull: 'refuse', isStored: true },
  });
  const { shared, ...batch } = incoming(numbered(4), 'order');
  await inbox.put({ ...batch, shared: { ...shared, source_id: 'ann' } });
  await inbox.done({ position: 1, atMs: 0 }, { count: 1, bytes: 0 });
  const peeker = new QueuePeeker({ registry: { get: () => undefined } as never, inboxes: [inbox] });
  const { rows } = (await peeker.peek({ queue: 'in:order', rows: 2, bodies: 'beginning' })) as QueuePeek;
  assert.deepEqual(
    rows.map(({ from, text }) => [from, text]),
    [
      ['ann', 'm1'],
      ['ann', 'm2'],
    ],
  );
  assert.ok(rows[0]?.body?.headerLines.includes('message_type: "order"'));
  assert.deepEqual(textsInAll(await inbox.read(0)).slice(inbox.firstIndex({ position: 1, count: 4 }, 0)), [
    ...['m1', 'm2', 'm3'],
  ]);
});

test('a queue that is not there (any longer) is an error that says so', async () => {
  const peeker = new QueuePeeker(peerWith(outbox()));
  for (const queue of ['p1:other', 'p2:any', 'in:any', ''])
    await assert.rejects(peeker.peek({ queue, rows: 1 }) as Promise<PeekAnswer>, /there is no such queue/);
});
