import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { ClientHelloReader } from '../../../engine/peers/client-hello.ts';
import { runs } from '../../helpers/runs.ts';

/** What Node’s client sends first. */
async function realHello(): Promise<Buffer> {
  let close = (): void => undefined;
  const port = await new Promise<number>((resolve) => {
    const server = net.createServer((socket) => socket.once('data', (data) => arrived(data, socket)));
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
    close = () => void server.close();
  });
  let got: (hello: Buffer) => void = () => undefined;
  const hello = new Promise<Buffer>((resolve) => {
    got = resolve;
  });
  function arrived(data: Buffer, socket: net.Socket): void {
    socket.destroy();
    close();
    got(data);
  }
  tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => undefined);
  return hello;
}

const HELLO = await realHello();

/** The same message in records of at most so many bytes. */
function inRecords(message: Buffer, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, index = 0; at < message.length; index += 1) {
    const piece = message.subarray(at, at + (sizes[index % sizes.length] as number));
    parts.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 0xff]), piece);
    at += piece.length;
  }
  return Buffer.concat(parts);
}

test('a ClientHello is complete with its last byte, however it is cut into records and packets', () => {
  const message = HELLO.subarray(5);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
      (recordSizes, chunkSizes) => {
        const bytes = inRecords(message, recordSizes);
        const reader = new ClientHelloReader();
        for (let at = 0, index = 0; at < bytes.length; index += 1) {
          const chunk = bytes.subarray(at, at + (chunkSizes[index % chunkSizes.length] as number));
          at += chunk.length;
          assert.equal(reader.push(chunk), at >= bytes.length ? 'complete' : 'incomplete');
        }
        assert.deepEqual(reader.take(), bytes);
      },
    ),
    { numRuns: runs(200) },
  );
});

test('anything is read without an error, in bounded memory, and given back as it came', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (chunks) => {
      const reader = new ClientHelloReader();
      for (const chunk of chunks) reader.push(Buffer.from(chunk));
      assert.deepEqual(reader.take(), Buffer.concat(chunks));
    }),
    { numRuns: runs(300) },
  );
});

test('what is no TLS, or too large, is known as such at once', () => {
  const stateOf = (...bytes: Buffer[]): string => {
    const reader = new ClientHelloReader();
    for (const part of bytes) reader.push(part);
    return reader.state;
  };
  assert.equal(stateOf(Buffer.from('GET / HTTP/1.1\r\n')), 'other');
  assert.equal(stateOf(Buffer.from([21, 3, 1, 0, 2, 2, 70])), 'other');
  assert.equal(stateOf(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 1])), 'other');
  assert.equal(stateOf(Buffer.from([22, 3, 1, 0, 0])), 'other');
  assert.equal(stateOf(Buffer.from([22, 3, 1, 255, 255, 1, 255, 255, 255])), 'incomplete');
  const endless = [
    Buffer.from([22, 3, 1, 255, 255, 1, 255, 255, 255]),
    Buffer.alloc(LIMITS.clientHelloBytes),
  ];
  assert.equal(stateOf(...endless), 'other');
});
