import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI, type ListenOptions } from '../../../engine/api/connector-api.ts';
import type { ListenerMessage, MessageHandler } from '../../../engine/api/listener-message.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { nativeListenSocketPath, receiveSocketPath } from '../../../engine/local/socket-names.ts';
import { connectUnix } from '../../../engine/local/unix-sockets.ts';
import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { textFrame } from '../../helpers/fake-connector.ts';
import { RawSubscriber } from '../../helpers/raw-subscriber.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { SmallConnector } from '../../helpers/small-connector.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));
const until = (condition: () => unknown, what: string) => waitFor(condition, { what });

function testDirectory(t: TestContext) {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const path = receiveSocketPath({ directory, owner, messageType: 'event' });
  const store = new MemoryStore(new SimulatedClock());
  const connect = () => SmallConnector.start(t, { directory, owner, store });
  const program = () => {
    const api = new ConnectorAPI({ clientName: 'edge', connectorFilesDirpath: directory });
    t.after(() => api.close());
    const messages: ListenerMessage[] = [];
    const listen = async (handler: MessageHandler = () => undefined, options: ListenOptions = {}) => {
      const listener = await api.listen(
        'event',
        (message) => {
          messages.push(message);
          return handler(message);
        },
        options,
      );
      t.after(() => listener.stop());
      return listener;
    };
    return { api, listen, messages, texts: () => messages.map((message) => message.text()) };
  };
  return { directory, path, connect, program };
}

/** A handler whose messages are done when a test says so. */
function held() {
  const open = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const handler = (message: ListenerMessage): Promise<void> =>
    new Promise((resolve, reject) => open.set(message.text(), { resolve, reject }));
  return { open, handler };
}

test('a message is acknowledged when its handler has resolved, and not before', async (t) => {
  const { connect, program } = testDirectory(t);
  const connector = await connect();
  await connector.put('0', '1');
  const { open, handler } = held();
  const { listen, texts, messages } = program();
  await listen(handler);
  await until(() => open.has('0'), 'the first message');
  assert.equal(connector.inbox.depth, 2);
  open.get('0')?.resolve();
  await until(() => connector.inbox.depth === 1, 'the acknowledgement');
  open.get('1')?.resolve();
  await until(() => connector.inbox.depth === 0, 'the other one');
  assert.deepEqual(texts(), ['0', '1']);
  assert.ok(messages.every(({ cursor, redelivered }) => cursor !== undefined && !redelivered));
});

test('thousands come once and in order, whatever the handler takes', async (t) => {
  const { connect, program } = testDirectory(t);
  const connector = await connect();
  await connector.put(...numbers(0, 1_000));
  const { listen, texts } = program();
  await listen((message) => (Number(message.text()) % 3 === 0 ? undefined : Promise.resolve()));
  await connector.put(...numbers(1_000, 3_000));
  await until(() => connector.inbox.depth === 0, 'all of them');
  assert.deepEqual(texts(), numbers(0, 3_000));
});

test('several at once: what is acknowledged is what is done in a row', async (t) => {
  const { connect, program } = testDirectory(t);
  const connector = await connect();
  await connector.put(...numbers(0, 4));
  const { open, handler } = held();
  const { listen } = program();
  await listen(handler, { concurrency: 3 });
  await until(() => open.size === 3, 'three handlers');
  open.get('1')?.resolve();
  open.get('2')?.resolve();
  await until(() => open.size === 4, 'the fourth');
  assert.equal(connector.inbox.depth, 4);
  open.get('0')?.resolve();
  await until(() => connector.inbox.depth === 1, 'three of them');
  open.get('3')?.resolve();
  await until(() => connector.inbox.depth === 0, 'the last');
});

test('a connector that is killed and comes back: what was done, or is in hand, does not come to the handler again', async (t) => {
  const { connect, program } = testDirectory(t);
  const first = await connect();
  await first.put(...numbers(0, 6));
  const { open, handler } = held();
  const { listen, texts } = program();
  await listen(handler, { concurrency: 3 });
  await until(() => open.size === 3, 'three handlers');
  // One is done before the connector goes, one while it is away, and one after it is there again.
  open.get('1')?.resolve();
  await until(() => open.size === 4, 'the fourth');
  await first.kill();
  open.get('0')?.resolve();
  const second = await connect();
  await until(() => second.inbox.consumers.isSubscribed, 'the subscription');
  await until(() => open.size === 5, 'a new one');
  open.get('2')?.resolve();
  for (const text of ['3', '4', '5']) {
    await until(() => open.has(text), text);
    open.get(text)?.resolve();
  }
  await until(() => second.inbox.depth === 0, 'all acknowledged');
  assert.deepEqual(texts(), numbers(0, 6));
});

test('killed again and again in the middle of a stream, nothing is lost and nothing comes twice', async (t) => {
  const { connect, program } = testDirectory(t);
  let connector = await connect();
  const { listen, texts, messages } = program();
  await listen(() => new Promise((resolve) => setImmediate(resolve)));
  for (let round = 0; round < 4; round += 1) {
    await connector.put(...numbers(round * 500, round * 500 + 500));
    await until(() => texts().length > round * 300 + 50, 'some of them');
    await connector.kill();
    connector = await connect();
  }
  await until(() => connector.inbox.depth === 0, 'the rest');
  assert.ok(messages.every(({ cursor }) => cursor !== undefined));
  assert.deepEqual(texts(), numbers(0, 2_000));
});

test('a program that stops finishes its message, acknowledges it, and leaves the others to the next', async (t) => {
  const { connect, program, path } = testDirectory(t);
  const connector = await connect();
  await connector.put('0', '1', '2');
  const { open, handler } = held();
  const first = program();
  const listener = await first.listen(handler);
  await until(() => open.has('0'), 'the first message');
  await listener.stop();
  assert.equal(existsSync(path), false);
  open.get('0')?.resolve();
  await listener.closed;
  await until(() => connector.inbox.depth === 2 && !connector.inbox.hasConsumer, 'the acknowledgement');
  const second = program();
  await second.listen();
  await until(() => connector.inbox.depth === 0, 'the others');
  assert.deepEqual([first.texts(), second.texts()], [['0'], ['1', '2']]);
  assert.ok(second.messages.every(({ redelivered }) => redelivered));
});

test('a handler that throws leaves its message to the next listener; with onError it is done with it', async (t) => {
  const { connect, program } = testDirectory(t);
  const connector = await connect();
  await connector.put('0', '1', '2');
  const fragile = program();
  const listener = await fragile.listen((message) => {
    if (message.text() === '1') throw new Error('cannot');
  });
  await assert.rejects(listener.closed, /cannot/);
  await until(() => connector.inbox.depth === 2, 'the first to be acknowledged');
  const robust = program();
  const errors: unknown[] = [];
  await robust.listen(() => Promise.reject(new Error('again')), { onError: (error) => errors.push(error) });
  await until(() => connector.inbox.depth === 0, 'all to be done with');
  assert.deepEqual([fragile.texts(), robust.texts(), errors.length], [['0', '1'], ['1', '2'], 2]);
});

test('a cursor that the program has kept is where it goes on, in the same store only', async (t) => {
  const { connect, program } = testDirectory(t);
  const killed = await connect();
  await killed.put('0', '1', '2');
  const { open, handler } = held();
  const first = program();
  const listener = await first.listen(handler, { concurrency: 3 });
  await until(() => open.size === 3, 'three messages');
  const { cursor } = first.messages[1] as ListenerMessage;
  await killed.kill();
  await listener.stop();
  const connector = await connect();
  const second = program();
  const again = await second.listen(() => undefined, { after: String(cursor) });
  await until(() => connector.inbox.depth === 0, 'all to be acknowledged');
  assert.deepEqual(second.texts(), ['2']);
  await again.stop();
  await connector.put('3');
  const third = program();
  await third.listen(() => undefined, { after: 'another:1000' });
  await until(() => connector.inbox.depth === 0, 'the last');
  assert.deepEqual(third.texts(), ['3']);
});

test('an iterator acknowledges a message when the next one is asked for, and leaves the last to the next', async (t) => {
  const { connect, program } = testDirectory(t);
  const connector = await connect();
  await connector.put('0', '1', '2');
  for await (const message of program().api.messages('event')) {
    if (message.text() === '1') break;
  }
  await until(() => connector.inbox.depth === 2, 'the first to be acknowledged');
  const { listen, texts } = program();
  await listen();
  await until(() => connector.inbox.depth === 0, 'the others');
  assert.deepEqual(texts(), ['1', '2']);
});

test('a listener that was there first gets all over the subscription when the connector comes', async (t) => {
  const { directory, connect, program } = testDirectory(t);
  const before = await connect();
  await before.put('0', '1');
  await before.kill();
  const { listen, messages, texts } = program();
  await listen();
  const connector = await connect();
  await connector.put('2');
  await until(() => connector.inbox.depth === 0, 'all');
  assert.deepEqual(texts(), ['0', '1', '2']);
  assert.ok(messages.every(({ cursor }) => cursor !== undefined));
  assert.ok(existsSync(nativeListenSocketPath(directory, owner)));
});

test('what a connector has written to the receive socket comes before what the subscription brings', async (t) => {
  const { connect, program, path } = testDirectory(t);
  const connector = await connect();
  const { open, handler } = held();
  const { listen, texts, messages } = program();
  await listen(handler);
  const socket = await connectUnix(path);
  socket.write(textFrame('early'));
  await until(() => open.has('early'), 'the message over the socket');
  await connector.put('late');
  open.get('early')?.resolve();
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(texts(), ['early']);
  socket.end(textFrame('between'));
  await until(() => open.has('between'), 'what followed it');
  open.get('between')?.resolve();
  await until(() => open.has('late'), 'the message of the subscription');
  open.get('late')?.resolve();
  assert.deepEqual(
    messages.map(({ cursor }) => cursor === undefined),
    [true, true, false],
  );
});

test('a second listener is refused; one that takes over ends the first and has the socket from then on', async (t) => {
  const { directory, connect, program, path } = testDirectory(t);
  const connector = await connect();
  const first = program();
  const { open, handler } = held();
  const former = await first.listen(handler);
  await connector.put('0', '1');
  await until(() => open.has('0'), 'the first message');
  await rejectsWith(program().listen(), 'AIOC_LISTENER_TAKEN', /event/);
  const second = program();
  await second.listen(() => undefined, { takeOver: true });
  await until(() => connector.inbox.depth === 0, 'the second to get all');
  open.get('0')?.resolve();
  await rejectsWith(former.closed, 'AIOC_LISTENER_TAKEN', /taken over/);
  assert.ok(existsSync(path), 'the former one has not removed the latter’s socket');
  await rejectsWith(program().listen(), 'AIOC_LISTENER_TAKEN', /event/);
  assert.deepEqual([first.texts(), second.texts()], [['0'], ['0', '1']]);
  rmSync(nativeListenSocketPath(directory, owner));
});

test('a type that the connector does not take is refused', async (t) => {
  const { connect, program, directory } = testDirectory(t);
  await connect();
  const path = receiveSocketPath({ directory, owner, messageType: 'other' });
  await rejectsWith(
    program().api.listen('other', () => undefined),
    'AIOC_TYPE_UNKNOWN',
    /other/,
  );
  assert.equal(existsSync(path), false);
});

test('a listener whose locator another subscription has for a moment gets it when that is gone', async (t) => {
  const { directory, connect, program } = testDirectory(t);
  const connector = await connect();
  const killed = await RawSubscriber.connect(nativeListenSocketPath(directory, owner));
  await killed.subscribe(2);
  const { listen, texts } = program();
  await listen();
  await connector.put('0');
  killed.kill();
  await until(() => texts().length === 1, 'the message');
  assert.ok(LIMITS.listenerRetryMs < LIMITS.listenerGraceMs);
});
