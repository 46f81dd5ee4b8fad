import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { dial } from '../../../engine/peers/dial/dial.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../../engine/protocol/header.ts';
import { ackFrame } from '../../../engine/protocol/messages.ts';
import { PORT, Side } from '../../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../../helpers/simulated-world.ts';
import { receivedFrames } from '../../helpers/stranger.ts';

const LINE_BYTES = 10_000;
const LINES = 30;

for (const tls of [true, false]) {
  test(`a Python peer ${tls ? 'over TLS has no more unread than it can hold while it waits to write' : 'without TLS is sent all at once'}`, async () => {
    const world = simulatedWorld();
    const server = new Side(world, { role: 'server', tls });
    await server.connector.start();
    const settings = tls ? { certificatePem: '', privateKeyPem: '' } : undefined;
    const python = receivedFrames(dial(world, { host: '127.0.0.1', port: PORT, tls: settings }));
    await world.clock.pass(10);
    const hello: Header = {
      message_type: tls ? '_handshake_ssl' : '_handshake_no_ssl',
      source_id: 'chat_client',
    };
    python.connection.write(encodeFrame({ header: hello, data: Buffer.from('hello') }));
    await world.clock.until(() => server.peers[0]?.kind === 'python');
    for (let line = 0; line < LINES; line += 1) server.say('x'.repeat(LINE_BYTES));
    // One that fits into no allowance goes too, alone.
    server.say('y'.repeat(2 * LIMITS.pythonUnreadBytes));
    await world.clock.pass(1_000);

    const lines = () => python.frames.filter(({ header }) => header.message_type === 'any');
    const transportIds = () => lines().map(({ header }) => header['transport_id'] as number);
    assert.equal(lines().length < LINES, tls);
    let unreadMaxBytes = 0;
    for (let read = 0; read <= LINES; read += 1) {
      const unread = lines().slice(read);
      const bytes = unread.reduce((sum, { data, headerBytes }) => sum + data.length + headerBytes.length, 0);
      if (unread.length > 1) unreadMaxBytes = Math.max(unreadMaxBytes, bytes);
      const transportId = transportIds()[read] ?? assert.fail(`nothing came after ${read} lines`);
      python.connection.write(encodeFrame(ackFrame({ transportId, sourceId: 'chat_client' }) as never));
      await world.clock.pass(100);
    }
    assert.equal(lines().length, LINES + 1);
    assert.equal(unreadMaxBytes <= LIMITS.pythonUnreadBytes, tls);
  });
}
