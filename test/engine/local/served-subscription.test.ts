import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { Clock } from '../../../engine/base/ports.ts';
import { realClock } from '../../../engine/base/real-ports.ts';
import { LocalFrameReader } from '../../../engine/local/local-frames.ts';
import { bodyAsJson, type Packet } from '../../../engine/local/native/packets.ts';
import { nativeListenSocketPath, receiveSocketPath } from '../../../engine/local/socket-names.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { RawSubscriber } from '../../helpers/raw-subscriber.ts';
import { SmallConnector } from '../../helpers/small-connector.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;

async function start(t: TestContext, clock: Clock = realClock()) {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const connector = await SmallConnector.start(t, { directory, owner, clock });
  const program = async () => {
    const connected = await RawSubscriber.connect(nativeListenSocketPath(directory, owner));
    t.after(() => connected.kill());
    return connected;
  };
  return { directory, connector, program };
}

/** A program on Python's receive socket. */
async function pythonListener(t: TestContext, directory: string) {
  const texts: string[] = [];
  const sockets: net.Socket[] = [];
  let ends = 0;
  const server = net.createServer((socket) => {
    const reader = new LocalFrameReader();
    sockets.push(socket);
    socket.on('end', () => {
      ends += 1;
    });
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event.kind === 'frame') texts.push(event.frame.data.toString());
      }
    });
  });
  const path = receiveSocketPath({ directory, owner, messageType: 'event' });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { path, texts, sockets, ends: () => ends };
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));
const until = (condition: () => unknown, what: string) => waitFor(condition, { what });
const codeOf = (packet: Packet | undefined): unknown => packet && bodyAsJson(packet)['code'];

test('a subscription gets what waits and what comes, in order, no more than it has credit for', async (t) => {
  const { connector, program } = await start(t);
  await connector.put(...numbers(0, 10));
  const listener = await program();
  const answer = await listener.subscribe(7, { credit: 4 });
  assert.deepEqual(
    [answer.kind, bodyAsJson(answer)],
    ['done', { store: connector.store.identity('in/event') }],
  );
  await until(() => listener.texts.length === 4, 'four messages');
  const [, second] = listener.messages;
  listener.say('taken', 7, { upTo: second?.position });
  await until(() => listener.texts.length === 6, 'two more');
  assert.equal(connector.inbox.depth, 8);
  listener.say('taken', 7, { upTo: listener.messages.at(-1)?.position });
  await until(() => listener.texts.length === 10, 'all');
  await connector.put('10');
  assert.deepEqual(listener.texts, numbers(0, 10));
  listener.say('taken', 7, { upTo: listener.messages.at(-1)?.position });
  await until(() => listener.texts.length === 11, 'what came later');
  assert.ok(listener.messages.every(({ redelivered, number }) => !redelivered && number === 7));
});

test('bytes are bounded too, but one message always goes', async (t) => {
  const { connector, program } = await start(t);
  const large = 'x'.repeat(LIMITS.subscriptionBytes);
  await connector.put(large, large, 'small');
  const listener = await program();
  await listener.subscribe(1);
  await until(() => listener.texts.length === 1, 'the first');
  listener.say('taken', 1, { upTo: listener.messages[0]?.position });
  await until(() => listener.texts.length === 2, 'the second');
  listener.say('taken', 1, { upTo: listener.messages[1]?.position });
  await until(() => listener.texts.length === 3, 'the third');
  assert.equal(connector.inbox.depth, 1);
});

test('what a program has not acknowledged when it goes is given to the next one, and marked', async (t) => {
  const { connector, program } = await start(t);
  await connector.put('0', '1', '2');
  const first = await program();
  await first.subscribe(1);
  await until(() => first.texts.length === 3, 'three messages');
  first.say('taken', 1, { upTo: first.messages[0]?.position });
  await until(() => connector.inbox.depth === 2, 'the acknowledgement');
  first.kill();
  await until(() => !connector.inbox.hasConsumer, 'the end of the subscription');
  await connector.put('3');
  const second = await program();
  await second.subscribe(1);
  await until(() => second.texts.length === 3, 'the rest');
  assert.deepEqual(
    second.messages.map(({ text, redelivered }) => [text, redelivered]),
    [
      ['1', true],
      ['2', true],
      ['3', false],
    ],
  );
});

test('what was there before the connector started may have been given to somebody', async (t) => {
  const { directory, connector } = await start(t);
  await connector.put('0');
  await connector.kill();
  const again = await SmallConnector.start(t, { directory, owner, store: connector.store });
  await again.put('1');
  const listener = await RawSubscriber.connect(nativeListenSocketPath(directory, owner));
  t.after(() => listener.kill());
  await listener.subscribe(1);
  await until(() => listener.texts.length === 2, 'both');
  assert.deepEqual(
    listener.messages.map(({ redelivered }) => redelivered),
    [true, false],
  );
});

test('a second subscription is refused, one that takes over ends the first, and an unknown type is told', async (t) => {
  const { connector, program } = await start(t);
  const [first, second] = [await program(), await program()];
  await first.subscribe(1);
  assert.equal(codeOf(await second.subscribe(1)), 'AIOC_LISTENER_TAKEN');
  assert.equal(codeOf(await second.subscribe(2, { type: 'other' })), 'AIOC_TYPE_UNKNOWN');
  await connector.put('0');
  await until(() => first.texts.length === 1, 'the first to have it');
  assert.equal((await second.subscribe(3, { takeOver: true })).kind, 'done');
  await until(() => codeOf(first.packets.at(-1)) === 'AIOC_LISTENER_TAKEN', 'the first to be told');
  await until(() => second.texts.length === 1, 'the second to have it');
  // It comes too late, and is no acknowledgement any more.
  first.say('taken', 1, { upTo: first.messages[0]?.position });
  await connector.put('1');
  await until(() => second.texts.length === 2, 'the next one');
  assert.deepEqual([first.texts.length, connector.inbox.depth, connector.inbox.hasConsumer], [1, 2, true]);
  second.say('unsubscribe', 3);
  await until(() => !connector.inbox.hasConsumer, 'the end');
});

test('a subscription comes before the listener on Python’s socket, and after it, without loss or repetition', async (t) => {
  const { directory, connector, program } = await start(t);
  const python = await pythonListener(t, directory);
  await connector.put(...numbers(0, 50));
  await until(() => python.texts.length === 50, 'what the listener gets');
  const listener = await program();
  assert.equal(codeOf(await listener.subscribe(1, { holdsSocket: false })), 'AIOC_LISTENER_TAKEN');
  const puts = numbers(50, 1_000).map((text) => connector.put(text));
  assert.equal((await listener.subscribe(2)).kind, 'done');
  puts.push(connector.put(...numbers(1_000, 2_000)));
  await Promise.all(puts);
  await until(() => python.ends() === 1, 'the end of the connection');
  await until(() => listener.texts.length === 256, 'as many as it may have');
  const upTo = listener.messages.at(-1)?.position;
  listener.say('taken', 2, { upTo });
  listener.say('unsubscribe', 2);
  await until(() => python.texts.length + 256 >= 2_000, 'the rest');
  // What went out between the word that these are done and the word that nobody wants more comes again.
  const all = [...new Set([...python.texts, ...listener.texts])].sort((a, b) => Number(a) - Number(b));
  assert.deepEqual(all, numbers(0, 2_000));
  const done = new Set(
    listener.messages.filter(({ position }) => position <= Number(upTo)).map(({ text }) => text),
  );
  assert.ok(python.texts.every((text) => !done.has(text)));
  assert.equal(python.texts.length + done.size, 2_000);
});

test('a listener that reads nothing is waited for before a subscription gets anything', async (t) => {
  const { directory, connector, program } = await start(t);
  const python = await pythonListener(t, directory);
  await connector.put('first');
  await until(() => python.texts.length === 1, 'the listener');
  python.sockets[0]?.pause();
  const large = Array.from({ length: 40 }, (_, index) => `${index}`.padEnd(50_000, '.'));
  await connector.put(...large);
  const listener = await program();
  await listener.subscribe(1);
  await connector.put('last');
  // The connector is in this process: after some turns it has done all that it can do.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(listener.texts, []);
  python.sockets[0]?.resume();
  const all = (): string[] => [...python.texts, ...listener.texts];
  await until(() => {
    listener.say('taken', 1, { upTo: listener.messages.at(-1)?.position ?? 0 });
    return all().length >= 42;
  }, 'all messages');
  assert.deepEqual(all(), ['first', ...large, 'last']);
  assert.ok(python.texts.length < 42);
});

test('a listener on Python’s socket is given a moment to subscribe, and a longer one if it has done so before', async (t) => {
  const clock = new FakeClock(0);
  const { directory, connector } = await start(t, clock);
  const python = await pythonListener(t, directory);
  // The connector is in this process: after some turns it has done all that it can do.
  const turns = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  await connector.put('0');
  await until(() => python.sockets.length === 1, 'the connection');
  await turns();
  assert.deepEqual(python.texts, []);
  clock.advance(LIMITS.subscriptionGraceMs);
  await until(() => python.texts.length === 1, 'the first message');
  await connector.put('1');
  await until(() => python.texts.length === 2, 'the second, at once');
  chmodSync(python.path, 0o1770);
  python.sockets[0]?.destroy();
  await until(() => !connector.inbox.hasConsumer, 'the end of the connection');
  await connector.put('2');
  await until(() => python.sockets.length === 2, 'another connection');
  await turns();
  clock.advance(LIMITS.subscriptionGraceMs);
  await turns();
  assert.deepEqual(python.texts, ['0', '1']);
  clock.advance(LIMITS.listenerGraceMs);
  await until(() => python.texts.length === 3, 'the message, since nobody has subscribed');
});

test('a subscription that makes no sense ends the conversation', async (t) => {
  const { program } = await start(t);
  for (const wish of [{ type: 5 }, { credit: 0 }, { credit: '1' }]) {
    const listener = await program();
    listener.say('subscribe', 1, { type: 'event', credit: 256, ...wish });
    await listener.closed;
  }
});
