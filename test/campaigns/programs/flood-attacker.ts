/**
 * Attacks a server until it is killed, at the lowest priority. Its parent sends it what to do; it says `ready` when all its
 * connections were opened once.
 */
import net from 'node:net';
import { constants, setPriority } from 'node:os';
import tls from 'node:tls';
import { frameWith } from '../../helpers/malformed-frames.ts';
import { type Attack, attackerAddress } from '../flood/attacks.ts';
import type { KeyAndCertificate } from '../fuzz/target.ts';

export interface Order {
  readonly attack: Attack;
  readonly port: number;
  readonly byDefault: KeyAndCertificate | undefined;
  /** For `unfinished frame`, one for each connection. */
  readonly own: readonly KeyAndCertificate[];
}

const REOPEN_MS = 50;
const MIB = 1024 ** 2;
const HALF_HELLO = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
const part = Buffer.alloc(MIB);

setPriority(constants.priority.PRIORITY_LOW);

/** 62 of 63 MiB. */
function writeUnfinished(socket: net.Socket): void {
  const frame = frameWith('{"message_type": "any"}', '');
  frame.writeUInt32LE(63 * MIB + frame.length - 4, 0);
  frame.writeUInt32LE(63 * MIB, frame.length - 4);
  socket.write(frame);
  let left = 62;
  const more = (): void => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(part)) return;
    }
  };
  socket.on('drain', more);
  more();
}

function dribble(socket: net.Socket): void {
  socket.write(HALF_HELLO);
  const timer = setInterval(() => socket.write(Buffer.of(0)), 1_000);
  socket.once('close', () => clearInterval(timer));
}

let made = 0;

function enrol(socket: tls.TLSSocket): void {
  socket.once('secureConnect', () => {
    made += 1;
    const header = `{"message_type": "_ssl", "source_id": "made-up-${process.pid}-${made}"}`;
    socket.write(frameWith(header, '{"cmd": "get_new_certificate"}'));
  });
}

/** With a message that has a number, after which it goes. */
function nameItself(socket: net.Socket): void {
  made += 1;
  const name = `made-up-${made}`;
  const epoch = String(made).padStart(22, 'A');
  socket.write(frameWith(`{"message_type": "_handshake_no_ssl", "source_id": "${name}"}`, 'hello'));
  socket.write(frameWith(`{"message_type": "any", "transport_id": "${epoch}.1"}`, 'x'));
  socket.once('data', () => socket.destroy());
}

function open({ attack, port, byDefault, own }: Order, number: number): net.Socket {
  const place = { host: '127.0.0.1', port, localAddress: attackerAddress(number % attack.addresses) };
  const secure = (certificate = byDefault): tls.TLSSocket =>
    tls.connect({ ...place, rejectUnauthorized: false, ...certificate } as tls.ConnectionOptions);
  switch (attack.does) {
    case 'idle':
      return net.connect(place);
    case 'idle in TLS':
      return secure();
    case 'half a ClientHello': {
      const socket = net.connect(place);
      dribble(socket);
      return socket;
    }
    case 'handshake': {
      const socket = secure();
      socket.once('secureConnect', () => socket.destroy());
      return socket;
    }
    case 'enrolment': {
      const socket = secure();
      enrol(socket);
      return socket;
    }
    case 'made-up name': {
      const socket = net.connect(place);
      nameItself(socket);
      return socket;
    }
    case 'unfinished frame': {
      const socket = secure(own[number]);
      writeUnfinished(socket);
      return socket;
    }
  }
}

function run(order: Order): void {
  const { connections, perSecond = Number.POSITIVE_INFINITY } = order.attack;
  const idle = Array.from({ length: connections }, (_, number) => number);
  let opened = 0;
  let allowed = 0;
  setInterval(() => {
    allowed = Math.min(connections, allowed + (perSecond * REOPEN_MS) / 1_000);
    for (; allowed >= 1 && idle.length > 0; allowed -= 1) {
      const number = idle.shift() as number;
      const socket = open(order, number);
      socket.on('error', () => undefined);
      socket.resume();
      socket.once('close', () => void idle.push(number));
      opened += 1;
      if (opened === Math.min(connections, perSecond)) process.send?.('ready');
    }
  }, REOPEN_MS);
  setInterval(() => process.send?.(opened), 1_000);
}

process.once('message', (order) => run(order as Order));
process.on('disconnect', () => process.exit());
