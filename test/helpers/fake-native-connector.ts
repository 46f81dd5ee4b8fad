import { mkdirSync } from 'node:fs';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { parseLocalFrame } from '../../engine/local/local-frames.ts';
import { type RangeOutcome, rangeBody, sentBatchIn } from '../../engine/local/native/batch-packets.ts';
import { PacketWriter } from '../../engine/local/native/packet-writer.ts';
import { jsonBody, type Packet, PacketReader } from '../../engine/local/native/packets.ts';
import {
  type ConnectorOwner,
  nativeListenSocketPath,
  nativeSocketPath,
  sendSocketPath,
} from '../../engine/local/socket-names.ts';
import { recordsOf } from '../../engine/protocol/record-batch.ts';

export interface FakeNativeOptions {
  readonly directory: string;
  readonly owner: ConnectorOwner;
  /** What it says in its welcome; undefined: no protocol, as before there were two. */
  readonly protocol: number | undefined;
  /** The same of the largest batch that it takes; undefined: no size, as before there were larger ones. */
  readonly batchMaxBytes?: number | undefined;
}

/** What a program wrote: the text of each message, in brackets if they came in one batch. */
export type Written = string | readonly string[];

/** The native sockets of a connector of a given protocol, which does what a test says. */
export class FakeNativeConnector {
  /** Packets but for hellos, in order. */
  readonly packets: Packet[] = [];
  /** Answers at once what is sent. */
  answers = true;
  readonly #options: FakeNativeOptions;
  readonly #sockets = new Set<net.Socket>();
  readonly #servers: net.Server[] = [];
  #sender: PacketWriter | undefined;
  #listener: PacketWriter | undefined;

  private constructor(options: FakeNativeOptions) {
    this.#options = options;
  }

  static async start(t: TestContext, options: FakeNativeOptions): Promise<FakeNativeConnector> {
    const fake = new FakeNativeConnector(options);
    const { directory, owner } = options;
    mkdirSync(directory, { recursive: true });
    await fake.#listen(nativeListenSocketPath(directory, owner), 'listen');
    await fake.#listen(nativeSocketPath(directory, owner), 'send');
    await fake.#listen(sendSocketPath(directory, owner), 'python');
    t.after(() => fake.stop());
    return fake;
  }

  /** What was sent, in order. */
  get written(): Written[] {
    return this.packets.flatMap((packet): Written[] => {
      if (packet.kind === 'sendBatch') {
        const { records } = sentBatchIn(packet.body);
        return [[...recordsOf(records)].map(({ data }) => data.toString())];
      }
      const isMessage = packet.kind === 'send' || packet.kind === 'request';
      return isMessage ? [parseLocalFrame(packet.body).data.toString()] : [];
    });
  }

  accept(number: number, count: number, outcome: RangeOutcome = 'stored'): void {
    this.#sender?.write('accepted', number, rangeBody({ count, outcome }));
  }

  refuse(number: number, count: number, code = 'AIOC_QUEUE_FULL', message = 'full'): void {
    this.#sender?.write('refusedBatch', number, jsonBody({ code, message, count }));
  }

  /** To the program that listens. */
  get listener(): PacketWriter {
    if (this.#listener === undefined) throw new Error('no program listens');
    return this.#listener;
  }

  /** Closes the connections of programs. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    for (const server of this.#servers) server.close();
    this.cut();
  }

  async #listen(path: string, purpose: string): Promise<void> {
    const server = net.createServer((socket) => this.#program(socket, purpose));
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
  }

  #program(socket: net.Socket, purpose: string): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    const reader = new PacketReader();
    const writer = new PacketWriter(socket);
    if (purpose === 'send') this.#sender = writer;
    if (purpose === 'listen') this.#listener = writer;
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        if (packet.kind === 'hello') {
          const { protocol, batchMaxBytes } = this.#options;
          const welcome = { protocol, batchMaxBytes, purpose, files: 'paths' };
          writer.write('welcome', packet.number, jsonBody(welcome));
          continue;
        }
        this.packets.push(packet);
        if (this.answers) this.#answer(packet, writer);
      }
    });
  }

  #answer({ kind, number, body }: Packet, writer: PacketWriter): void {
    if (kind === 'send') writer.write('done', number, jsonBody({ outcome: 'stored' }));
    if (kind === 'request') writer.write('response', number, body);
    if (kind === 'sendBatch') this.accept(number, sentBatchIn(body).count);
    if (kind === 'subscribe') writer.write('done', number, jsonBody({ store: 'S' }));
  }
}
