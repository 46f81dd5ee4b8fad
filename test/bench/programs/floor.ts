/**
 * The floor: what Node itself takes for the same way, in four processes. Two programs speak length-prefixed frames with
 * a JSON header; the two in the middle are pipes, from a unix socket through TLS to a unix socket. No queue, no
 * acknowledgement, no log.
 *
 *     floor.ts program DIAL_PATH     floor.ts listener LISTEN_PATH
 *     floor.ts dialler LISTEN_PATH PORT     floor.ts acceptor DIAL_PATH PORT CERTIFICATE KEY
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { beDriven } from './driven.ts';
import { Counter, nowMs, numbered } from './numbered.ts';

const HEADER = Buffer.from(
  JSON.stringify({ message_type: 'any', source_id: 'client1', destination_id: "('127.0.0.1', 10673)" }),
);
const BATCH_BYTES = 64 * 1024;

function frame(text: string): Buffer {
  const data = Buffer.from(text);
  const bytes = Buffer.allocUnsafe(4 + 2 + HEADER.length + data.length);
  bytes.writeUInt32LE(bytes.length - 4, 0);
  bytes.writeUInt16LE(HEADER.length, 4);
  HEADER.copy(bytes, 6);
  data.copy(bytes, 6 + HEADER.length);
  return bytes;
}

function readFrames(socket: net.Socket, onFrame: (bytes: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4 && bytes.length - at - 4 >= bytes.readUInt32LE(at)) {
      const end = at + 4 + bytes.readUInt32LE(at);
      onFrame(bytes.subarray(at, end));
      at = end;
    }
    rest = bytes.subarray(at);
  });
}

function textIn(bytes: Buffer): string {
  const headerBytes = bytes.readUInt16LE(4);
  JSON.parse(bytes.toString('utf8', 6, 6 + headerBytes));
  return bytes.toString('utf8', 6 + headerBytes);
}

function program(path: string): void {
  const socket = net.connect(path);
  let answered = (): void => undefined;
  readFrames(socket, () => answered());
  beDriven({
    send: async ({ count }: { count: number }) => {
      const startedAtMs = nowMs();
      let batch: Buffer[] = [];
      let batchBytes = 0;
      for (let number = 0; number < count; number += 1) {
        const bytes = frame(numbered(number));
        batch.push(bytes);
        batchBytes += bytes.length;
        if (batchBytes < BATCH_BYTES && number < count - 1) continue;
        if (!socket.write(Buffer.concat(batch))) await once(socket, 'drain');
        batch = [];
        batchBytes = 0;
      }
      return { startedAtMs };
    },
    ask: async ({ count }: { count: number }) => {
      const took: number[] = [];
      for (let number = 0; number < count; number += 1) {
        const startedAt = performance.now();
        const answer = new Promise<void>((resolve) => {
          answered = resolve;
        });
        socket.write(frame(numbered(number)));
        await answer;
        took.push(performance.now() - startedAt);
      }
      return took;
    },
  });
}

function listener(path: string): void {
  const counter = new Counter();
  let echoes = false;
  net
    .createServer((socket) => {
      readFrames(socket, (bytes) => {
        if (echoes) socket.write(bytes);
        else counter.add(textIn(bytes));
      });
    })
    .listen(path);
  beDriven({
    echo: ({ on }: { on: boolean }) => {
      echoes = on;
    },
    expect: ({ count }: { count: number }) => counter.expect(count),
    all: ({ quietMs }: { quietMs: number }) => counter.all(quietMs),
  });
}

function join(one: net.Socket, other: net.Socket): void {
  one.pipe(other);
  other.pipe(one);
}

const [role, path = '', port = '', certificate = '', key = ''] = process.argv.slice(2);
if (role === 'program') program(path);
else if (role === 'listener') listener(path);
else if (role === 'dialler') {
  net
    .createServer((local) => {
      const far = tls.connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false });
      far.setNoDelay(true);
      join(local, far);
    })
    .listen(path);
  beDriven({});
} else {
  const pem = { cert: readFileSync(certificate), key: readFileSync(key) };
  tls
    .createServer(pem, (far) => {
      far.setNoDelay(true);
      join(far, net.connect(path));
    })
    .listen(Number(port), '127.0.0.1');
  beDriven({});
}
