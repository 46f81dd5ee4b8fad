import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodePacket,
  PACKET_KINDS,
  type Packet,
  type PacketKind,
  PacketReader,
} from '../../../engine/local/native/packets.ts';
import { ConnectorAPI } from '../../../source/index.ts';
import { configuredPair } from '../../helpers/configured-connectors.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const kinds = Object.keys(PACKET_KINDS) as PacketKind[];

test('units come out as they went in, wherever the bytes are cut', () => {
  const packet = fc.record(
    {
      kind: fc.constantFrom(...kinds),
      number: fc.nat(0xffff_ffff),
      body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.array(packet, { maxLength: 8 }),
      fc.array(fc.nat(40), { maxLength: 60 }),
      (packets, cuts) => {
        const bytes = Buffer.concat(packets.flatMap((one) => encodePacket(one)));
        const reader = new PacketReader();
        const read: Packet[] = [];
        let at = 0;
        for (const length of [...cuts, bytes.length]) {
          reader.push(bytes.subarray(at, at + length));
          at += length;
          for (let next = reader.next(); next !== undefined; next = reader.next()) read.push(next);
        }
        assert.deepEqual(read, packets);
        assert.equal(reader.insidePacket, false);
      },
    ),
  );
});

test('a send is told what became of it: taken, refused with the reason, or dropped since its peer is ignored', async (t) => {
  const { server, client } = await configuredPair(t, 'plain');
  const api = await ConnectorAPI.fromConfig(server.configPath);
  t.after(() => api.close());
  const message = { messageType: 'any', destinationId: 'client1', data: 'x' };
  assert.equal(await api.send(message), 'stored');
  await rejectsWith(api.send({ ...message, destinationId: 'no body' }), 'AIOC_PEER_UNKNOWN', /no body/);
  await client.engine.stop({ hard: true });
  assert.ok(server.log().length > 0);
});

test('requests go over it too, with their failures in words, and a cancelled one is not waited for', async (t) => {
  const { server, client } = await configuredPair(t, 'plain');
  const [asking, answering] = [
    await ConnectorAPI.fromConfig(client.configPath),
    await ConnectorAPI.fromConfig(server.configPath),
  ];
  t.after(() => asking.close());
  t.after(() => answering.close());
  const listener = await answering.listen('any', async (message) => {
    if (message.text() !== 'silence') await message.reply(`you said ${message.text()}`);
  });
  t.after(() => listener.stop());
  assert.equal((await asking.request({ messageType: 'any', data: 'hello' })).text(), 'you said hello');
  const unheard = asking.request({ messageType: 'any', data: 'silence', timeoutMs: 50 });
  await rejectsWith(unheard, 'AIOC_TIMEOUT', /50 ms/);
  const stop = new AbortController();
  const cancelled = asking.request({ messageType: 'any', data: 'silence', signal: stop.signal });
  stop.abort();
  await rejectsWith(cancelled, 'AIOC_CANCELLED', /cancelled/);
  const lost = asking.request({ messageType: 'any', data: 'silence' });
  await waitFor(() => server.peers()[0]?.state === 'connected', { what: 'the connection' });
  const failed = rejectsWith(lost, 'AIOC_RESPONSE_LOST', /was lost/);
  await server.engine.stop({ hard: true });
  await failed;
});

test('who does not greet, or says what a program does not say, is closed on; others go on', async (t) => {
  const { client } = await configuredPair(t, 'plain');
  const path = join(client.directory, 'run', 'aioc_local_client_client1');
  assert.ok(existsSync(path));
  const bad: Buffer[] = [
    Buffer.concat(encodePacket({ kind: 'send', number: 1, body: Buffer.from('x') })),
    Buffer.concat(encodePacket({ kind: 'hello', number: 1, body: Buffer.from('[no') })),
    Buffer.from([255, 255, 255, 255, 1]),
    Buffer.from([1, 0, 0, 0, 1]),
    Buffer.concat([
      ...encodePacket({ kind: 'hello', number: 1, body: Buffer.from('{}') }),
      ...encodePacket({ kind: 'done', number: 1, body: Buffer.alloc(0) }),
    ]),
    // Commands are for the door, to which only the connector's own user comes.
    Buffer.concat([
      ...encodePacket({ kind: 'hello', number: 1, body: Buffer.from('{}') }),
      ...encodePacket({
        kind: 'engineRequest',
        number: 0,
        body: Buffer.from('{"kind":"hello","version":1}'),
      }),
    ]),
  ];
  for (const bytes of bad) {
    const socket = net.connect(path);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(bytes);
    await closed;
  }
  const api = await ConnectorAPI.fromConfig(client.configPath);
  t.after(() => api.close());
  assert.equal(await api.send({ messageType: 'any', data: 'still here' }), 'stored');
});
