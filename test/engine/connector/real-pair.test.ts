import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../../engine/protocol/header.ts';
import { type RealSide, realPair, realSide } from '../../helpers/real-connectors.ts';
import { deadline, waitFor } from '../../helpers/wait-for.ts';

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

async function upload(side: RealSide, path: string): Promise<unknown> {
  const result = await side.do({ kind: 'chat.upload', peer: side.peers()[0]?.id ?? '', path });
  return result.ok ? result.value : result;
}

for (const useTls of [true, false]) {
  test(`${useTls ? 'over TLS' : 'without TLS'} lines and files go both ways and arrive as they were`, async (t) => {
    const { server, client } = await realPair(t, { useTls });
    for (const [from, to] of [
      [server, client],
      [client, server],
    ] as const) {
      await from.do({ kind: 'chat.say', peer: from.peers()[0]?.id ?? '', text: 'héllo 😀' });
      await waitFor(() => to.heard().includes('héllo 😀'), { what: 'the line' });
      const path = join(from.home, 'data.bin');
      writeFileSync(path, randomBytes(5_000_001));
      assert.equal(await upload(from, path), 'done');
      assert.equal(sha256(join(to.received, 'data.bin')), sha256(path));
      assert.equal(await upload(from, path), 'done');
      assert.equal(sha256(join(to.received, 'data (2).bin')), sha256(path));
      writeFileSync(join(from.home, 'empty'), '');
      assert.equal(await upload(from, join(from.home, 'empty')), 'done');
      assert.equal(readFileSync(join(to.received, 'empty')).length, 0);
    }
    const marks = client
      .chat()
      .filter(({ from, transfer }) => from === 'me' && transfer === undefined)
      .map(({ mark }) => mark);
    assert.deepEqual(marks, ['received']);
  });
}

test('both sides show the same two fingerprints in words, each the other’s', async (t) => {
  const { server, client } = await realPair(t);
  assert.equal(server.peers()[0]?.words, client.status().ownWords);
  assert.equal(client.peers()[0]?.words, server.status().ownWords);
  assert.equal(server.status().ownWords?.split('-').length, 8);
  assert.notEqual(server.status().ownWords, client.status().ownWords);
});

test('a missing file, an unreadable one and a hostile name are each a clear answer, and the chat goes on', async (t) => {
  const { server, client } = await realPair(t);
  assert.equal(await upload(client, join(client.home, 'missing')), 'failed');
  assert.match(client.chat().at(-1)?.transfer?.detail ?? '', /missing/);
  assert.equal(await upload(client, '/dev/null'), 'failed');
  writeFileSync(join(client.home, 'a\nb'), 'x');
  assert.equal(await upload(client, join(client.home, 'a\nb')), 'refused');
  assert.match(client.chat().at(-1)?.transfer?.detail ?? '', /name/i);
  await client.do({ kind: 'chat.say', peer: client.peers()[0]?.id ?? '', text: 'still here' });
  await waitFor(() => server.heard().includes('still here'), { what: 'the line' });
  assert.deepEqual(readdirSync(server.received), []);
});

test('a transfer can be cancelled in the middle; nothing of it stays, and both talk on', async (t) => {
  const { server, client } = await realPair(t);
  const path = join(client.home, 'big.bin');
  writeFileSync(path, Buffer.alloc(300_000_000));
  const ended = upload(client, path);
  const row = (): number | undefined =>
    client.chat().find(({ transfer }) => (transfer?.doneBytes ?? 0) > 0)?.id;
  await waitFor(() => row() !== undefined, { what: 'the first bytes' });
  const peer = client.peers()[0]?.id ?? '';
  assert.equal((await client.do({ kind: 'chat.cancel', peer, row: row() ?? 0 })).ok, true);
  assert.equal(await ended, 'cancelled');
  assert.equal(
    client.chat().find(({ transfer }) => transfer?.phase === 'cancelled')?.transfer?.detail,
    undefined,
  );
  await waitFor(() => server.chat().some(({ transfer }) => transfer?.phase === 'cancelled'), {
    what: 'the end at the other side',
  });
  await client.do({ kind: 'chat.say', peer, text: 'never mind' });
  await waitFor(() => server.heard().includes('never mind'), { what: 'the line after the cancel' });
  await waitFor(() => readdirSync(server.received).length === 0, { what: 'the partial file to be gone' });
});

test('a port that is taken by an aioc is said to be so, with its name and process', async (t) => {
  const first = await realSide(t, { role: 'server', displayName: 'first' });
  await first.engine.start();
  const { port } = first.status();
  const second = await realSide(t, { role: 'server', port, stateDirectory: `${first.home}/state` });
  await assert.rejects(second.engine.start(), (error: Error & { code: string }) => {
    assert.equal(error.code, 'AIOC_PORT_TAKEN');
    assert.match(error.message, new RegExp(`aioc "first".*process ${process.pid}`));
    return true;
  });
  const { phase } = second.status();
  assert.ok(phase.kind === 'failed' && phase.code === 'AIOC_PORT_TAKEN');
  await first.engine.stop();
  await second.do({ kind: 'dial.now' });
  await waitFor(() => second.status().phase.kind === 'listening', { what: 'the second to listen after all' });
});

const RAW: readonly (readonly [string, Buffer])[] = [
  ['random bytes', randomBytes(4_096)],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a length of 4 GiB', Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3])],
  ['a message before a handshake', frame({ message_type: 'any', source_id: 'mallory' }, 'let me in')],
  [
    'a file before a handshake',
    frame({ message_type: 'any', with_file: { dst_type: 'any', dst_name: 'x' } }, ''),
  ],
  ['a handshake without a name', frame({ message_type: '_handshake_no_ssl' }, 'hello')],
  ['a handshake with a bad name', frame({ message_type: '_handshake_no_ssl', source_id: 'a b\n' }, 'hello')],
  [
    'a handshake with the default name',
    frame({ message_type: '_handshake_no_ssl', source_id: 'default1' }, 'hello'),
  ],
];

function frame(header: Header, data: string): Buffer {
  return encodeFrame({ header, data: Buffer.from(data) });
}

test('strangers that send garbage are closed on, and nobody else notices', async (t) => {
  const { server, client, port } = await realPair(t, { useTls: false });
  for (const [what, bytes] of RAW) {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.write(bytes);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // Random bytes may announce a frame that never comes; then the time before identity ends it.
    if (what !== 'random bytes') await deadline(closed, 8_000, `${what} to be closed on`);
    socket.destroy();
  }
  assert.equal(server.peers().length, 1);
  assert.deepEqual(server.heard(), []);
  await client.do({ kind: 'chat.say', peer: client.peers()[0]?.id ?? '', text: 'all well' });
  await waitFor(() => server.heard().includes('all well'), { what: 'the line' });
});

test('a server survives those who connect and say nothing, and keeps room for others', async (t) => {
  const { server, client, port } = await realPair(t);
  const idle = Array.from({ length: LIMITS.pendingConnections + 20 }, () =>
    net.connect({ host: '127.0.0.1', port }),
  );
  t.after(() => {
    for (const socket of idle) socket.destroy();
  });
  let closed = 0;
  for (const socket of idle) {
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed += 1;
    });
    socket.resume();
  }
  await waitFor(() => closed >= 20, { what: 'those above the limit to be closed' });
  await client.do({ kind: 'chat.say', peer: client.peers()[0]?.id ?? '', text: 'all well' });
  await waitFor(() => server.heard().includes('all well'), { what: 'the line' });
});
