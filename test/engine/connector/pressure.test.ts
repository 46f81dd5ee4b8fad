import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { realPair, realSide } from '../../helpers/real-connectors.ts';

test('a peer that sends and never reads is not read from any more, once its unread answers pile up', async (t) => {
  const server = await realSide(t, { role: 'server', useTls: false });
  await server.engine.start();
  const socket = net.connect({ host: '127.0.0.1', port: server.status().port });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(
    encodeFrame({
      header: { message_type: '_handshake_no_ssl', source_id: 'deaf' },
      data: Buffer.from('hello'),
    }),
  );
  // Each is answered with as many bytes as it has.
  const header = { message_type: '_ping', request_id: 1, await_response: true };
  const ping = encodeFrame({ header, data: Buffer.alloc(100_000) });
  const sentMax = 20 * LIMITS.answerBacklogBytes;
  let sentBytes = 0;
  while (sentBytes < sentMax && socket.writableLength < 8_000_000) {
    socket.write(ping);
    sentBytes += ping.length;
    if (socket.writableNeedDrain) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(sentBytes < sentMax, `${sentBytes} bytes were taken from a peer that reads none of the answers`);
});

test('a file to somebody who ignores us ends at once, and says so', async (t) => {
  const { server, client } = await realPair(t);
  await server.do({ kind: 'all.ignore', on: true });
  const path = join(client.home, 'file');
  await (await open(path, 'w')).close();
  const peer = client.peers()[0]?.id ?? '';
  assert.deepEqual(await client.do({ kind: 'chat.upload', peer, path }), { ok: true, value: 'refused' });
  assert.match(client.chat().at(-1)?.transfer?.detail ?? '', /ignores this connector/);
});
