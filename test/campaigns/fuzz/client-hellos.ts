import net from 'node:net';
import tls from 'node:tls';
import { deadline } from '../../helpers/wait-for.ts';
import type { Dice } from './dice.ts';
import { mutated } from './unit.ts';

const KINDS: readonly tls.ConnectionOptions[] = [
  {},
  { maxVersion: 'TLSv1.2' },
  { servername: 'example.invalid', ALPNProtocols: ['h2', 'aioc-enrolment/1'] },
  { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', ecdhCurve: 'P-256' },
];

/** What clients of different kinds send first. */
export async function recordedHellos(): Promise<readonly Buffer[]> {
  const hellos: Buffer[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      hellos.push(bytes);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  for (const options of KINDS) {
    const client = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    client.on('error', () => undefined);
    await deadline(new Promise((resolve) => client.once('close', resolve)), 10_000, 'a ClientHello');
  }
  server.close();
  return hellos;
}

const RECORD_HEADER_BYTES = 5;

/** The same message in records of at most so many bytes. */
function inRecords(hello: Buffer, mostBytes: number): Buffer {
  const message = hello.subarray(RECORD_HEADER_BYTES);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += mostBytes) {
    const part = message.subarray(at, at + mostBytes);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** A ClientHello with changed bytes, cut into other records, or with others behind it. */
export function helloBytes(hellos: readonly Buffer[], dice: Dice): Buffer {
  const hello = dice.pick(hellos);
  const split = dice.chance(0.3) ? inRecords(hello, 1 + dice.below(hello.length)) : hello;
  const changed = dice.chance(0.9) ? mutated(split, dice) : split;
  return dice.chance(0.1) ? Buffer.concat([changed, dice.pick(hellos)]) : changed;
}
