import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI, type ListenOptions } from '../../../engine/api/connector-api.ts';
import type { ListenerMessage, MessageHandler } from '../../../engine/api/listener-message.ts';
import { SendManyError } from '../../../engine/api/send-many.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { bodyAsJson } from '../../../engine/local/native/packets.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { RECORD_HEAD_BYTES } from '../../../engine/protocol/record-batch.ts';
import { FakeNativeConnector } from '../../helpers/fake-native-connector.ts';
import { batchWith, type TestRecord } from '../../helpers/record-batches.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;
const event = { messageType: 'event' } as const;
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));
const until = (condition: () => unknown, what: string) => waitFor(condition, { what });

/** @param protocol undefined: it does not say */
async function start(
  t: TestContext,
  { protocol }: { readonly protocol: number | undefined } = { protocol: 2 },
) {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const connector = await FakeNativeConnector.start(t, {
    ...{ directory, owner, protocol },
    batchMaxBytes: LIMITS.largeBatchBytes,
  });
  const api = new ConnectorAPI({ clientName: 'edge', connectorFilesDirpath: directory });
  t.after(() => api.close());
  return { directory, connector, api };
}

/** As `start`, with an open connection, so that nothing waits for one. */
async function connected(t: TestContext) {
  const all = await start(t);
  await all.api.send({ ...event, data: 'first' });
  all.connector.packets.length = 0;
  return all;
}

/** Of the last packet that was written. */
const lastNumber = (connector: FakeNativeConnector): number => connector.packets.at(-1)?.number ?? 0;

test('what is sent in one turn goes in one batch; another type, a request and a file keep the order', async (t) => {
  const { connector, api, directory } = await connected(t);
  const srcPath = join(directory, 'file');
  writeFileSync(srcPath, 'x');
  const stop = new AbortController();
  const all = [
    api.send({ ...event, data: '0' }),
    api.send({ ...event, data: '1', requestId: 5 }),
    api.send({ messageType: 'other', data: '2' }),
    api.send({ ...event, destinationId: 'p', data: '3' }),
    api.request({ ...event, data: '4' }),
    api.send({ ...event, data: '5' }),
    api.send({ ...event, data: '6', signal: stop.signal }),
    api.send({ ...event, data: '7' }),
    api.send({ ...event, data: '8', withFile: { srcPath, dstType: 'any' } }),
    api.send({ ...event, data: '9' }),
    api.request({ ...event, data: '10' }),
  ];
  await Promise.all(all);
  await api.send({ ...event, data: '11' });
  assert.deepEqual(connector.written, [
    ...[['0', '1'], ['2'], ['3'], '4', ['5'], ['6'], ['7'], '8', ['9'], '10', ['11']],
  ]);
});

test('with a connector of protocol 1, each message is a packet of its own, in the same order', async (t) => {
  for (const protocol of [1, undefined]) {
    const { connector, api } = await start(t, { protocol });
    const sent = numbers(0, 5).map((data) => api.send({ ...event, data, binary: Buffer.from('b') }));
    const asked = api.request({ ...event, data: '5' });
    const many = api.sendMany([{ data: '6' }, { data: '7' }], event);
    assert.deepEqual(new Set(await Promise.all(sent)), new Set(['stored']));
    assert.equal((await asked).text(), '5');
    assert.equal(await many, 'stored');
    assert.deepEqual(connector.written, numbers(0, 8));
  }
});

test('each promise gets the outcome of its message', async (t) => {
  const { connector, api } = await connected(t);
  connector.answers = false;
  const sent = numbers(0, 5).map((data) => api.send({ ...event, data }));
  await until(() => connector.written.length === 1, 'the batch');
  const first = lastNumber(connector);
  connector.accept(first, 1, 'accepted');
  connector.accept(first + 1, 1, 'ignored');
  connector.refuse(first + 2, 2);
  connector.accept(first + 4, 1, 'stored');
  const settled = await Promise.allSettled(sent);
  assert.deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code)),
    ['accepted', 'ignored', 'AIOC_QUEUE_FULL', 'AIOC_QUEUE_FULL', 'stored'],
  );
});

test('a batch has at most 260 KiB and 4,096 messages; a larger message is alone', async (t) => {
  const { connector, api } = await connected(t);
  const third = 'ü'.repeat(LIMITS.largeBatchBytes / 6);
  const whole = 'x'.repeat(LIMITS.largeBatchBytes);
  await Promise.all([third, third, third, whole, 'y'].map((data) => api.send({ ...event, data })));
  assert.deepEqual(connector.written, [[third, third], [third], [whole], ['y']]);
  connector.packets.length = 0;
  const count = LIMITS.batchMessages + 1;
  await Promise.all(Array.from({ length: count }, () => api.send(event)));
  assert.deepEqual(
    connector.written.map((one) => one.length),
    [LIMITS.batchMessages, 1],
  );
});

test('small messages make batches of at most 64 KiB, which never wait for memory; four of 64 KiB are together', async (t) => {
  const { connector, api } = await connected(t);
  const small = 'x'.repeat(LIMITS.largeMessageBytes - 1);
  await Promise.all(Array.from({ length: 100 }, () => api.send({ ...event, data: small })));
  const [first = []] = connector.written;
  assert.equal(first.length, Math.floor((LIMITS.batchBytes - 2) / (small.length + RECORD_HEAD_BYTES)));
  connector.packets.length = 0;
  const large = 'x'.repeat(64 * 1024);
  await Promise.all([large, large, large, large, small].map((data) => api.send({ ...event, data })));
  assert.deepEqual(
    connector.written.map((one) => one.length),
    [4, 1],
  );
});

test('a connection that breaks rejects what was not answered, and what comes next goes to the next one', async (t) => {
  const { connector, api } = await connected(t);
  connector.answers = false;
  const sent = numbers(0, 3).map((data) => api.send({ ...event, data }));
  await until(() => connector.written.length === 1, 'the batch');
  connector.accept(lastNumber(connector), 1);
  assert.equal(await sent[0], 'stored');
  connector.cut();
  await rejectsWith(sent[1] as Promise<unknown>, 'AIOC_CONNECTOR_AWAY', /may or may not have/);
  await rejectsWith(sent[2] as Promise<unknown>, 'AIOC_CONNECTOR_AWAY', /may or may not have/);
  connector.answers = true;
  assert.equal(await api.send({ ...event, data: '3' }), 'stored');
});

test('what was sent before the API is closed still goes', async (t) => {
  const { connector, api } = await connected(t);
  void api.send({ ...event, data: '0' }).catch(() => undefined);
  api.close();
  await until(() => connector.written.length === 1, 'the message');
  await rejectsWith(api.send({ ...event, data: '1' }), 'AIOC_CANCELLED', /closed/);
});

test('too many sends at once are refused, and are not if some are awaited', async (t) => {
  const { connector, api } = await connected(t);
  connector.answers = false;
  const sent = Array.from({ length: LIMITS.outboxMessages }, () => api.send(event));
  await rejectsWith(api.send(event), 'AIOC_QUEUE_FULL', /10000 messages .* await some of the sends/);
  await until(() => connector.written.flat().length === sent.length, 'all of them');
  const first = connector.packets[0]?.number ?? 0;
  connector.accept(first, 1);
  await sent[0];
  connector.answers = true;
  assert.equal(await api.send(event), 'stored');
  connector.cut();
  await Promise.allSettled(sent);
});

test('many messages have one promise, which says which were not accepted', async (t) => {
  const { connector, api } = await connected(t);
  assert.equal(await api.sendMany([]), undefined);
  const many = numbers(0, 3).map((data) => ({ ...event, data }));
  assert.equal(await api.sendMany(many), 'stored');
  const mixed = [{ data: '3' }, { data: '4', messageType: 'other' }, { data: '5', tag: 't' }];
  assert.equal(await api.sendMany(mixed, event), 'stored');
  assert.deepEqual(connector.written, [['0', '1', '2'], ['3'], ['4'], ['5']]);
  connector.answers = false;
  const partly = api.sendMany(
    numbers(0, 6).map((data) => ({ data })),
    event,
  );
  await until(() => connector.written.length === 5, 'the batch');
  const first = lastNumber(connector);
  connector.accept(first, 1);
  connector.refuse(first + 1, 1);
  connector.refuse(first + 2, 1);
  connector.accept(first + 3, 1, 'accepted');
  connector.refuse(first + 4, 1, 'AIOC_PEER_UNKNOWN', 'nobody');
  connector.accept(first + 5, 1);
  const error = await rejectsWith(partly, 'AIOC_QUEUE_FULL', /3 of 6 .* the first at index 1: full/);
  assert.ok(error instanceof SendManyError);
  assert.equal(error.acceptedCount, 3);
  assert.deepEqual(
    error.refused.map(({ index, count, error: { code } }) => [index, count, code]),
    [
      [1, 2, 'AIOC_QUEUE_FULL'],
      [4, 1, 'AIOC_PEER_UNKNOWN'],
    ],
  );
});

test('of many messages, one that cannot be sent keeps all of them here; files keep their place', async (t) => {
  const { connector, api, directory } = await connected(t);
  const srcPath = join(directory, 'file');
  writeFileSync(srcPath, 'x');
  const bad = [{ data: '0' }, { data: '1', tag: 'no blanks' }];
  await rejectsWith(
    api.sendMany(bad, event),
    'AIOC_NAME_BAD',
    /message 1 of sendMany: a tag .*none was sent/,
  );
  const withFile = { srcPath, dstType: 'any' };
  const sent = api.sendMany([{ data: '0' }, { data: '1', withFile }, { data: '2' }], event);
  const after = api.send({ ...event, data: '3' });
  assert.deepEqual(await Promise.all([sent, after]), ['stored', 'stored']);
  assert.deepEqual(connector.written, [['0'], '1', ['2'], ['3']]);
});

/** A listener on a connector that gives what a test says. */
async function listening(t: TestContext, handler: MessageHandler, options: ListenOptions = {}) {
  const { connector, api } = await start(t);
  const got: ListenerMessage[] = [];
  const listener = await api.listen(
    'event',
    (message) => {
      got.push(message);
      return handler(message);
    },
    options,
  );
  t.after(() => listener.stop());
  const number = connector.packets.find(({ kind }) => kind === 'subscribe')?.number ?? 0;
  const give = (position: number, records: readonly (TestRecord | string)[], redelivered = false) =>
    connector.listener.writeBatch(number, { position, redelivered, ...batchWith(records) });
  const acks = () =>
    connector.packets.filter(({ kind }) => kind === 'taken').map((one) => bodyAsJson(one)['upTo']);
  return { connector, listener, got, give, acks, number };
}

test('a batch is acknowledged once if its handler is synchronous; its messages are as they were sent', async (t) => {
  const { got, give, acks, connector, number } = await listening(t, () => undefined);
  const header = { request_id: 12345678901234567890n.toString(), tag: 't' };
  give(7, ['0', '1', { text: '2', header }, { text: '3', header, binary: 'b' }, { text: '4', header }]);
  await until(() => acks().length > 0, 'the acknowledgement');
  assert.deepEqual(acks(), [11]);
  assert.deepEqual(
    got.map((one) => [one.text(), one.data.toString(), one.binary?.toString(), one.cursor, one.redelivered]),
    numbers(0, 5).map((text) => [text, text, text === '3' ? 'b' : undefined, `S:${7 + Number(text)}`, false]),
  );
  const shared = { message_type: 'event', source_id: 'edge' };
  assert.deepEqual(
    got.map((one) => one.header),
    [
      shared,
      shared,
      { ...shared, ...header },
      { ...shared, with_binary: true, ...header },
      { ...shared, ...header },
    ],
  );
  assert.equal(got[0]?.header, got[1]?.header);
  assert.equal(got[2]?.header, got[4]?.header);
  assert.ok(got.every((one) => Object.isFrozen(one.header) && one.sourceId === 'edge'));
  const data = Buffer.from('single');
  const frame = encodeFrame({ header: { message_type: 'event', source_id: 'edge' }, data }).subarray(4);
  connector.listener.writeMessage(number, { position: 12, redelivered: true, frame });
  await until(() => acks().length > 1, 'the other acknowledgement');
  assert.deepEqual([got[5]?.text(), got[5]?.redelivered, got[5]?.cursor], ['single', true, 'S:12']);
});

test('a batch that begins before what is processed is handled from its middle', async (t) => {
  const { got, give, acks } = await listening(t, () => undefined, { after: 'S:5' });
  give(2, ['2', '3', '4']);
  give(5, ['5', '6', '7']);
  await until(() => got.length === 2, 'the new ones');
  give(6, ['6', '7'], true);
  give(7, ['7', '8', '9'], true);
  await until(() => got.length === 4, 'the rest');
  assert.deepEqual(
    got.map((one) => [one.text(), one.redelivered]),
    [
      ['6', false],
      ['7', false],
      ['8', true],
      ['9', true],
    ],
  );
  await until(() => acks().at(-1) === 9, 'the acknowledgement');
});

test('in the middle of a batch: several at once, one that throws, and a stop', async (t) => {
  const open = new Map<string, () => void>();
  const errors: unknown[] = [];
  const handler = (message: ListenerMessage): Promise<void> | void => {
    if (message.text() === '3') throw new Error('no');
    return new Promise((resolve) => open.set(message.text(), resolve));
  };
  const onError = (error: unknown): void => void errors.push(error);
  const { give, acks, listener, got } = await listening(t, handler, { concurrency: 2, onError });
  give(1, ['1', '2', '3', '4', '5', '6']);
  await until(() => open.size === 2, 'two at once');
  open.get('2')?.();
  await until(() => open.has('4'), 'the next, and the one that throws');
  assert.equal(errors.length, 1);
  assert.ok(acks().every((upTo) => upTo === 0));
  open.get('1')?.();
  await until(() => acks().at(-1) === 3, 'what is done in a row');
  await until(() => open.has('5'), 'the fifth');
  const stopped = listener.stop();
  open.get('4')?.();
  open.get('5')?.();
  await stopped;
  await listener.closed;
  await until(() => acks().at(-1) === 5, 'the acknowledgement');
  assert.deepEqual(
    got.map((one) => one.text()),
    numbers(1, 6),
  );
});

test('a handler that stops its listener in the middle of a batch gets no more of it', async (t) => {
  let stop = (): void => undefined;
  const { give, acks, got, listener } = await listening(t, (message) => {
    if (message.text() === '2') stop();
  });
  stop = () => void listener.stop();
  give(1, ['1', '2', '3']);
  await listener.closed;
  await until(() => acks().at(-1) === 2, 'the acknowledgement');
  assert.equal(got.length, 2);
});

test('a program gets what is there as arrays, which are acknowledged as a whole', async (t) => {
  const { connector, api } = await start(t);
  const got: string[][] = [];
  const open: (() => void)[] = [];
  const listener = await api.listenBatches(
    'event',
    (messages) => {
      got.push(messages.map((one) => one.text()));
      return new Promise((resolve) => open.push(resolve));
    },
    { maxMessages: 4 },
  );
  t.after(() => listener.stop());
  const number = connector.packets[0]?.number ?? 0;
  const acks = () =>
    connector.packets.filter(({ kind }) => kind === 'taken').map((one) => bodyAsJson(one)['upTo']);
  const give = (position: number, texts: string[]) =>
    connector.listener.writeBatch(number, { position, redelivered: false, ...batchWith(texts) });
  give(1, ['1', '2', '3', '4', '5', '6']);
  await until(() => got.length === 1, 'the first array');
  give(7, ['7', '8', '9']);
  connector.listener.flush();
  assert.deepEqual(acks(), []);
  open[0]?.();
  await until(() => acks().at(-1) === 4, 'the acknowledgement');
  await until(() => got.length === 2, 'the second array');
  open[1]?.();
  await until(() => got.flat().length === 9, 'the rest');
  for (const resolve of open) resolve();
  await until(() => acks().at(-1) === 9, 'all to be acknowledged');
  assert.deepEqual(got[0], ['1', '2', '3', '4']);
  assert.deepEqual(got.flat(), numbers(1, 10));
  await assert.rejects(
    api.listenBatches('event', () => undefined, { maxMessages: 0 }),
    RangeError,
  );
});

test('a connector of protocol 1 gives messages one by one, and each listener takes them', async (t) => {
  const { connector, api } = await start(t, { protocol: 1 });
  const got: string[] = [];
  const listener = await api.listen('event', (message) => void got.push(message.text()));
  t.after(() => listener.stop());
  const number = connector.packets[0]?.number ?? 0;
  for (const position of [1, 2]) {
    const frame = encodeFrame({
      header: { message_type: 'event' },
      data: Buffer.from(`${position}`),
    }).subarray(4);
    connector.listener.writeMessage(number, { position, redelivered: false, frame });
  }
  await until(() => connector.packets.at(-1)?.kind === 'taken', 'the acknowledgement');
  assert.deepEqual([got, bodyAsJson(connector.packets.at(-1) as never)], [['1', '2'], { upTo: 2 }]);
});
