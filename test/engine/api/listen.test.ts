import assert from 'node:assert/strict';
import { existsSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI, type ListenOptions } from '../../../engine/api/connector-api.ts';
import type { MessageHandler } from '../../../engine/api/listener-message.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { receiveSocketPath } from '../../../engine/local/socket-names.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeConnector, textFrame } from '../../helpers/fake-connector.ts';
import { UNREADABLE } from '../../helpers/malformed-frames.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;

async function start(t: TestContext) {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const connector = await FakeConnector.start(t, { directory, owner });
  const clock = new FakeClock(0);
  const api = new ConnectorAPI(
    { clientName: 'edge', connectorFilesDirpath: directory, recvMessageTypes: ['event'] },
    { clock, random: realRandomness() },
  );
  t.after(() => api.close());
  const path = receiveSocketPath({ directory, owner, messageType: 'event' });
  const got: string[] = [];
  const listen = async (handler: MessageHandler = () => undefined, options: ListenOptions = {}) => {
    const listener = await api.listen(
      'event',
      (message) => {
        got.push(message.text());
        return handler(message);
      },
      options,
    );
    t.after(() => listener.stop());
    return listener;
  };
  return { connector, api, clock, path, got, listen };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
const until = (condition: () => unknown, what: string) => waitFor(condition, { what });

test('many connections one after another, as Python makes them, keep the order with a slow handler', async (t) => {
  const { connector, got, listen } = await start(t);
  let busy = 0;
  await listen(async () => {
    busy += 1;
    assert.equal(busy, 1, 'one at a time');
    await new Promise((resolve) => setImmediate(resolve));
    busy -= 1;
  });
  const sent = numbers(1_000);
  for (let at = 0; at < sent.length; at += 50) {
    const socket = await connector.deliver('event');
    socket.end(Buffer.concat(sent.slice(at, at + 50).map((text) => textFrame(text))));
  }
  await until(() => got.length === sent.length, 'all messages');
  assert.deepEqual(got, sent);
});

test('what an older connection still brings comes before the newer one’s', async (t) => {
  const { connector, got, listen } = await start(t);
  await listen();
  const older = await connector.deliver('event');
  older.write(textFrame('1'));
  await until(() => got.length === 1, 'the first message');
  const newer = await connector.deliver('event');
  newer.write(Buffer.concat([textFrame('3'), textFrame('4')]));
  // The listener is in this process: after some turns it has accepted and read what is here, and held it back.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(got, ['1']);
  older.end(textFrame('2'));
  await until(() => got.length === 4, 'four messages');
  assert.deepEqual(got, ['1', '2', '3', '4']);
});

test('an older connection that stays open in silence holds the newer one back for a moment only', async (t) => {
  const { connector, clock, got, listen } = await start(t);
  await listen();
  await connector.deliver('event');
  const newer = await connector.deliver('event');
  newer.write(textFrame('held'));
  await waitFor(
    () => {
      clock.advance(LIMITS.olderConnectionMs / 4);
      return got.length === 1;
    },
    { what: 'the message of the newer connection' },
  );
  assert.ok(clock.now() >= LIMITS.olderConnectionMs);
});

test('a connection without a frame, and one that is cut, harm nobody', async (t) => {
  const { connector, got, listen } = await start(t);
  await listen();
  (await connector.deliver('event')).end();
  const cut = await connector.deliver('event');
  cut.end(textFrame('cut').subarray(0, 9));
  (await connector.deliver('event')).end(textFrame('whole'));
  await until(() => got.length === 1, 'the whole message');
  assert.deepEqual(got, ['whole']);
});

test('a connector that does not end its frame is closed, and said so', async (t) => {
  const { connector, clock, got, listen } = await start(t);
  const errors: unknown[] = [];
  await listen(() => undefined, { onError: (error) => errors.push(error) });
  const stuck = await connector.deliver('event');
  stuck.write(textFrame('stuck').subarray(0, 9));
  (await connector.deliver('event')).end(textFrame('next'));
  await waitFor(
    () => {
      clock.advance(LIMITS.localFrameTimeoutMs / 4);
      return got.length === 1;
    },
    { what: 'the message behind it' },
  );
  assert.match(String(errors), /sent part of a frame/);
});

test('bytes that are no frames, and a frame that is too large, are told of; the next message comes', async (t) => {
  const { connector, got, listen } = await start(t);
  const errors: unknown[] = [];
  await listen(() => undefined, { onError: (error) => errors.push(error) });
  (await connector.deliver('event')).end(Buffer.from([6, 0, 0, 0, 250, 0, 1, 2, 3, 4]));
  const large = Buffer.concat([Buffer.alloc(6), Buffer.from('{"message_type": "event"}')]);
  large.writeUInt32LE(0xffff_fff0);
  large.writeUInt16LE(large.length - 6, 4);
  (await connector.deliver('event')).end(large);
  (await connector.deliver('event')).end(textFrame('next'));
  await until(() => got.length === 1, 'the next message');
  assert.match(String(errors[0]), /header reaches beyond/);
  assert.match(String(errors[1]), /skipped a message of type event with 4294967\d{3} bytes/);
});

test('malformed frames are told of one by one, and none is handed to the handler', async (t) => {
  const { connector, got, listen } = await start(t);
  const errors: string[] = [];
  await listen(() => undefined, { onError: (error) => errors.push((error as Error).message) });
  for (const { what, bytes, named } of UNREADABLE) {
    const socket = await connector.deliver('event');
    socket.write(Buffer.concat([bytes, textFrame('behind it')]));
    await until(() => errors.length > 0, `${what} to be told of`);
    assert.match(errors.splice(0).join(), named);
  }
  (await connector.deliver('event')).write(textFrame('next'));
  await until(() => got.length > 0, 'the next message');
  assert.deepEqual(got, ['next']);
});

test('an error of the handler stops the listener and is its end, unless somebody wants to hear of it', async (t) => {
  const { connector, got, path, listen } = await start(t);
  const fragile = await listen(() => Promise.reject(new Error('cannot')));
  (await connector.deliver('event')).end(Buffer.concat([textFrame('1'), textFrame('2')]));
  await assert.rejects(fragile.closed, /cannot/);
  assert.equal(existsSync(path), false);
  assert.deepEqual(got.splice(0), ['1']);
  const heard: string[] = [];
  const robust = await listen(() => Promise.reject(new Error('again')), {
    onError: (error) => heard.push(String(error)),
  });
  (await connector.deliver('event')).end(Buffer.concat([textFrame('1'), textFrame('2')]));
  await until(() => heard.length === 2, 'both errors');
  await robust.stop();
  await robust.closed;
});

test('as many handlers as were asked for run at once', async (t) => {
  const { connector, got, listen } = await start(t);
  const open: (() => void)[] = [];
  await listen(() => new Promise((resolve) => open.push(resolve)), { concurrency: 3 });
  (await connector.deliver('event')).end(Buffer.concat(numbers(5).map((text) => textFrame(text))));
  await until(() => open.length === 3, 'three handlers');
  open[1]?.();
  await until(() => open.length === 4, 'a fourth handler');
  for (const resolve of open) resolve();
  await until(() => open.length === 5, 'the last handler');
  assert.deepEqual(got, numbers(5));
  open[4]?.();
});

test('a message knows its sender and is replied to', async (t) => {
  const { connector, listen } = await start(t);
  await listen((message) => message.reply({ ok: true }));
  (await connector.deliver('event')).end(textFrame('q', { request_id: 5, await_response: true }));
  const reply = await waitFor(() => connector.frames[0], { what: 'a reply' });
  assert.deepEqual(reply.header, {
    message_type: 'event',
    source_id: 'edge',
    destination_id: 'peer',
    response_id: 5,
  });
  assert.equal(reply.data.toString(), '{"ok":true}');
});

test('an iterator gives messages in order; leaving it removes the socket', async (t) => {
  const { connector, api, path } = await start(t);
  const got: string[] = [];
  const reading = (async () => {
    for await (const message of api.messages('event')) {
      got.push(message.text());
      if (got.length === 3) break;
    }
  })();
  await until(() => existsSync(path), 'the socket');
  (await connector.deliver('event')).end(Buffer.concat(numbers(5).map((text) => textFrame(text))));
  await reading;
  assert.deepEqual(got, ['0', '1', '2']);
  assert.equal(existsSync(path), false);
});

test('aborting ends an iterator and a listener', async (t) => {
  const { connector, api, path, listen } = await start(t);
  const stop = new AbortController();
  const got: string[] = [];
  const reading = (async () => {
    for await (const message of api.messages('event', { signal: stop.signal })) got.push(message.text());
  })();
  await until(() => existsSync(path), 'the socket');
  (await connector.deliver('event')).write(textFrame('1'));
  await until(() => got.length === 1, 'a message');
  stop.abort();
  await reading;
  assert.equal(existsSync(path), false);
  await rejectsWith(
    listen(() => undefined, { signal: stop.signal }),
    'AIOC_CANCELLED',
    /event/,
  );
  const again = new AbortController();
  const listener = await listen(() => undefined, { signal: again.signal });
  again.abort();
  await listener.closed;
});

test('what could never come is refused', async (t) => {
  const { api, listen } = await start(t);
  await rejectsWith(
    api.listen('other', () => undefined),
    'AIOC_TYPE_UNKNOWN',
    /recv_message_types/,
  );
  await listen();
  await rejectsWith(listen(), 'AIOC_LISTENER_TAKEN', /event/);
});

test('a listener may start before the connector has its directory', async (t) => {
  const directory = join(tempDir(t), 'not', 'yet');
  const api = new ConnectorAPI({ clientName: 'edge', connectorFilesDirpath: directory });
  const listener = await api.listen('event', () => undefined);
  assert.ok(existsSync(receiveSocketPath({ directory, owner, messageType: 'event' })));
  await listener.stop();
});
