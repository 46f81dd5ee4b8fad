import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { encodePacket, type Packet, PacketReader } from '../../../engine/local/native/packets.ts';
import { readWith, type SocketReader } from '../../../engine/local/socket-reading.ts';
import { connectNative, listenUnix } from '../../../engine/local/unix-sockets.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Bodies of these sizes, each of which says where it is. */
const SIZES = [3, 40_000, 0, 270_000, 70_000, 1, 400_000, 32_763];

function packets(): { readonly bytes: Buffer; readonly bodies: readonly Buffer[] } {
  const bodies = SIZES.map((size, index) => {
    const body = Buffer.alloc(size);
    for (let at = 0; at < size; at += 1) body[at] = index * 31 + at * 7 + (at >> 8);
    return body;
  });
  const pieces = bodies.flatMap((body, number) => encodePacket({ kind: 'fileBytes', number, body }));
  return { bytes: Buffer.concat(pieces), bodies };
}

function assertAre(found: readonly Packet[], bodies: readonly Buffer[]): void {
  assert.deepEqual(
    found.map(({ number, body }) => ({ number, isRight: body.equals(bodies[number] as Buffer) })),
    bodies.map((_body, number) => ({ number, isRight: true })),
  );
}

for (const cut of [1_000, 4_097, 65_536, 100_000]) {
  for (const usesRoom of [true, false]) {
    test(`packets that are read ${usesRoom ? 'to where they belong' : 'anywhere'}, ${cut} bytes at most, stay the same`, () => {
      const { bytes, bodies } = packets();
      const reader = new PacketReader();
      const found: Packet[] = [];
      for (let at = 0; at < bytes.length; ) {
        const room = usesRoom ? reader.room() : undefined;
        const end = Math.min(bytes.length, at + Math.min(cut, room?.length ?? cut));
        const read = room?.subarray(0, end - at) ?? Buffer.alloc(end - at);
        bytes.copy(read, 0, at, end);
        reader.arrived(read);
        at = end;
        for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
      }
      assertAre(found, bodies);
      assert.equal(reader.insidePacket, false);
      assert.equal(reader.bufferedBytes, 0);
    });
  }
}

/** Both ends of a connection. */
async function connection(
  t: TestContext,
): Promise<{ readonly client: net.Socket; readonly server: net.Socket }> {
  const path = join(tempDir(t), 'socket');
  let server: net.Socket | undefined;
  const listener = await listenUnix({
    path,
    taken: { code: 'AIOC_ALREADY_RUNNING', message: 'it runs' },
    users: 'owner',
    isNative: true,
    onConnection: (socket) => {
      server = socket;
    },
  });
  const client = await connectNative(path);
  t.after(() => {
    client.destroy();
    server?.destroy();
    void listener.close();
  });
  await waitFor(() => server !== undefined, { what: 'the connection to be accepted' });
  return { client, server: server as net.Socket };
}

function packetsOf(found: Packet[], reader = new PacketReader()): SocketReader {
  return {
    room: () => reader.room(),
    arrived: (bytes) => {
      reader.arrived(bytes);
      for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
    },
  };
}

test('both ends read packets of all sizes, also what came before they had a reader, and the end', async (t) => {
  const { client, server } = await connection(t);
  const { bytes, bodies } = packets();
  server.write(bytes);
  client.write(bytes);
  await waitFor(() => client.bytesRead > 0 && server.bytesRead > 0, { what: 'some bytes to arrive' });
  const [atClient, atServer]: [Packet[], Packet[]] = [[], []];
  readWith(client, packetsOf(atClient));
  readWith(server, packetsOf(atServer));
  await waitFor(() => atClient.length === SIZES.length && atServer.length === SIZES.length, {
    what: 'all packets to arrive',
  });
  assertAre(atClient, bodies);
  assertAre(atServer, bodies);
  client.end();
  await once(server, 'close');
  assert.equal(client.destroyed || client.readableEnded || client.writableEnded, true);
});

test('a socket that is paused reads nothing until it is resumed', async (t) => {
  const { client, server } = await connection(t);
  let bytes = 0;
  readWith(server, {
    room: () => undefined,
    arrived: (read) => {
      bytes += read.length;
      server.pause();
    },
  });
  client.write(Buffer.alloc(150_000));
  await waitFor(() => bytes > 0, { what: 'the first bytes' });
  const first = bytes;
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.equal(bytes, first);
  for (; bytes < 150_000; ) {
    const before = bytes;
    server.resume();
    await waitFor(() => bytes > before, { what: 'more bytes' });
  }
  assert.equal(bytes, 150_000);
});

test('only a packet that is larger than a batch of small messages is read into its place', () => {
  const isInPlace = (bodyBytes: number): boolean => {
    const reader = new PacketReader();
    const [head, body] = encodePacket({ kind: 'batch', number: 1, body: Buffer.alloc(bodyBytes) });
    reader.push(Buffer.concat([head, body.subarray(0, 1_000)]));
    assert.equal(reader.next(), undefined);
    return reader.room() !== undefined;
  };
  assert.equal(isInPlace(LIMITS.batchBytes), false);
  assert.equal(isInPlace(LIMITS.batchBytes + 1_024), true);
});
