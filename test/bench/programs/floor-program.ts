/**
 * A program at one end of the floor: `floor-program.ts producer PATH` connects to its connector, `floor-program.ts
 * consumer PATH` is connected to by it.
 */
import { rmSync } from 'node:fs';
import net from 'node:net';
import {
  confirmation,
  eachMessage,
  KIND,
  RECORD_HEAD_BYTES,
  readUnitHead,
  readUnits,
  UNIT_HEAD_BYTES,
  writeUnitHead,
} from './floor-units.ts';
import { type Access, beProgram } from './program.ts';

const HEADER = Buffer.from(
  JSON.stringify({ message_type: 'any', source_id: 'client1', destination_id: "('127.0.0.1', 10673)" }),
);
const UNIT_BYTES = 64 * 1024;
/** A message of so many bytes is a unit of its own, and not copied. */
const LARGE_BYTES = 8 * 1024;

/** Gathers what is sent in one turn of the event loop into one unit. */
class Producer implements Access {
  readonly #socket: net.Socket;
  #unit = Buffer.allocUnsafeSlow(UNIT_BYTES);
  #at = UNIT_HEAD_BYTES;
  #first = 0;
  #count = 0;
  #unconfirmed: (() => void)[] = [];
  #confirmed = -1;
  readonly #asked = new Map<number, () => void>();
  #exchanges = 0;

  constructor(path: string) {
    this.#socket = net.connect(path);
    readUnits(this.#socket, (unit) => this.#take(unit));
  }

  send = (data: Buffer): Promise<void> => {
    if (data.length >= LARGE_BYTES) this.#writeLarge(data);
    else this.#add(data);
    return new Promise((resolve) => {
      this.#unconfirmed.push(resolve);
    });
  };

  request = (data: Buffer): Promise<void> => {
    const number = this.#exchanges;
    this.#exchanges += 1;
    const unit = Buffer.allocUnsafe(UNIT_HEAD_BYTES + RECORD_HEAD_BYTES + HEADER.length + data.length);
    writeUnitHead(unit, { kind: KIND.exchange, first: number, count: 1 }, unit.length);
    data.copy(unit, writeRecordHead(unit, UNIT_HEAD_BYTES, HEADER, data.length));
    this.#socket.write(unit);
    return new Promise((resolve) => this.#asked.set(number, resolve));
  };

  #add(data: Buffer): void {
    if (this.#at + RECORD_HEAD_BYTES + HEADER.length + data.length > UNIT_BYTES) this.#flush();
    if (this.#count === 0) process.nextTick(this.#flush);
    this.#at = writeRecordHead(this.#unit, this.#at, this.#count === 0 ? HEADER : undefined, data.length);
    data.copy(this.#unit, this.#at);
    this.#at += data.length;
    this.#count += 1;
  }

  #flush = (): void => {
    if (this.#count === 0) return;
    writeUnitHead(this.#unit, { kind: KIND.batch, first: this.#first, count: this.#count }, this.#at);
    this.#socket.write(this.#unit.subarray(0, this.#at));
    this.#unit = Buffer.allocUnsafeSlow(UNIT_BYTES);
    this.#at = UNIT_HEAD_BYTES;
    this.#first += this.#count;
    this.#count = 0;
  };

  #writeLarge(data: Buffer): void {
    this.#flush();
    const head = Buffer.allocUnsafe(UNIT_HEAD_BYTES + RECORD_HEAD_BYTES + HEADER.length);
    writeUnitHead(head, { kind: KIND.batch, first: this.#first, count: 1 }, head.length + data.length);
    writeRecordHead(head, UNIT_HEAD_BYTES, HEADER, data.length);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(data);
    process.nextTick(() => this.#socket.uncork());
    this.#first += 1;
  }

  #take(unit: Buffer): void {
    const { kind, first } = readUnitHead(unit);
    if (kind === KIND.exchange) {
      this.#asked.get(first)?.();
      this.#asked.delete(first);
      return;
    }
    const confirmed = this.#unconfirmed.splice(0, first - this.#confirmed);
    this.#confirmed = first;
    for (const resolve of confirmed) resolve();
  }
}

/** @returns where the data begins */
function writeRecordHead(unit: Buffer, at: number, header: Buffer | undefined, dataBytes: number): number {
  const headerBytes = header?.length ?? 0;
  unit.writeUInt32LE(RECORD_HEAD_BYTES - 4 + headerBytes + dataBytes, at);
  unit.writeUInt16LE(headerBytes, at + 4);
  header?.copy(unit, at + RECORD_HEAD_BYTES);
  return at + RECORD_HEAD_BYTES + headerBytes;
}

function consumer(path: string): Access {
  return {
    listen: async (take) => {
      const server = net.createServer((socket) => {
        readUnits(socket, (unit) => {
          const { kind, first, count } = readUnitHead(unit);
          if (kind === KIND.exchange) return void socket.write(unit);
          eachMessage(unit, (data, header) => {
            if (header !== undefined) JSON.parse(header.toString());
            take(data);
          });
          socket.write(confirmation(first + count - 1));
        });
      });
      rmSync(path, { force: true });
      await new Promise<void>((resolve) => server.listen(path, resolve));
    },
  };
}

const [role, path = ''] = process.argv.slice(2);
beProgram(role === 'producer' ? new Producer(path) : consumer(path));
