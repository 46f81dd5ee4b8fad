import net from 'node:net';
import { spelledMembers } from '../../../engine/config/json-edit.ts';

type Test = (value: unknown) => boolean;
const isText: Test = (value) => typeof value === 'string';
const isId: Test = (value) => typeof value === 'string' || typeof value === 'number';
/** Python only tests whether it is true. */
const isFlag: Test = (value) => value === null || typeof value === 'boolean' || typeof value === 'number';
const isObject: Test = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a program may rely on (PROTOCOL §1). */
const FIELDS: Readonly<Record<string, Test>> = {
  message_type: (value) => value === 'any',
  source_id: isText,
  destination_id: isText,
  request_id: isId,
  response_id: isId,
  await_response: (value) => typeof value === 'boolean',
  with_binary: isFlag,
  wait_for_ack: isFlag,
  with_file: isObject,
  tag: isText,
  error: isText,
  message_type_publish: isText,
};
/** What connectors say of a message: a program that reads the first of two values must see the same. */
const VOUCHED = ['message_type', 'source_id', 'destination_id', 'with_binary'];
/** Connectors keep these to themselves. */
const NEVER = ['transport_id', 'aioc_batch', '__proto__'];

/** Reads what a connector delivers to a program, and notes each message that no sender may bring about. */
export class Deliveries {
  readonly malformed: string[] = [];
  count = 0;
  readonly #sources: ReadonlySet<string>;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(sources: readonly string[]) {
    this.#sources = new Set(sources);
    this.#server = net.createServer((socket) => this.#read(socket));
  }

  /**
   * @param path Python's receive socket
   * @param sources the names of the sessions that send
   */
  static async listen(path: string, sources: readonly string[]): Promise<Deliveries> {
    const deliveries = new Deliveries(sources);
    await new Promise<void>((resolve) => deliveries.#server.listen(path, resolve));
    return deliveries;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #read(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE()) {
        const end = 4 + bytes.readUInt32LE();
        this.#take(bytes.subarray(4, end));
        bytes = bytes.subarray(end);
      }
    });
  }

  #take(frame: Buffer): void {
    this.count += 1;
    const fault = this.#fault(frame);
    if (fault !== undefined) this.malformed.push(`${fault}: ${frame.subarray(0, 300).toString('latin1')}`);
  }

  #fault(frame: Buffer): string | undefined {
    const headerEnd = 2 + frame.readUInt16LE();
    const text = frame.toString('utf8', 2, headerEnd);
    let header: Record<string, unknown>;
    try {
      header = JSON.parse(text) as Record<string, unknown>;
    } catch {
      return 'the header is not JSON';
    }
    const keys = spelledMembers(text).map(([key]) => key);
    if (VOUCHED.some((key) => keys.indexOf(key) !== keys.lastIndexOf(key))) return 'a key is there twice';
    if (!this.#sources.has(header['source_id'] as string)) return 'another source';
    if (header['message_type'] === undefined) return 'no type';
    for (const key of keys) {
      if (NEVER.includes(key)) return `it has ${key}`;
      const test = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
      if (test?.(header[key]) === false) return `another type of ${key}`;
    }
    return fieldsFault(frame, headerEnd, Boolean(header['with_binary']));
  }
}

/** The lengths of data and binary are those of the frame. */
function fieldsFault(frame: Buffer, dataAt: number, withBinary: boolean): string | undefined {
  if (dataAt + 4 > frame.length) return 'no data';
  const dataEnd = dataAt + 4 + frame.readUInt32LE(dataAt);
  if (!withBinary) return dataEnd === frame.length ? undefined : 'bytes behind the data';
  if (dataEnd + 4 > frame.length) return 'no binary';
  return dataEnd + 4 + frame.readUInt32LE(dataEnd) === frame.length ? undefined : 'bytes behind the binary';
}
