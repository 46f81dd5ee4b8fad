import { mkdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { LocalFrameReader } from '../../engine/local/local-frames.ts';
import {
  type ConnectorOwner,
  commanderSocketPath,
  receiveSocketPath,
  sendSocketPath,
} from '../../engine/local/socket-names.ts';
import { connectUnix } from '../../engine/local/unix-sockets.ts';
import type { Frame } from '../../engine/protocol/frame-decoder.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import type { JsonObject } from '../../engine/protocol/header.ts';

export interface FakeConnectorOptions {
  readonly directory: string;
  readonly owner: ConnectorOwner;
  /** Called for each frame that a program sends. What it returns is written back. */
  onFrame?(frame: Frame, socket: net.Socket): Buffer | undefined;
  /** The answer to a command; undefined: none. */
  onCommand?(request: { readonly cmd: string; readonly kwargs: JsonObject }): string | undefined;
  /** Leaves what programs write unread. */
  readonly deaf?: boolean;
}

/** The sockets that a connector has on its machine, without a connector. */
export class FakeConnector {
  readonly frames: Frame[] = [];
  /** How many connections programs have made to the send socket. */
  connections = 0;
  readonly #options: FakeConnectorOptions;
  readonly #servers: net.Server[] = [];
  readonly #sockets = new Set<net.Socket>();

  private constructor(options: FakeConnectorOptions) {
    this.#options = options;
  }

  /** Listens until the test ends or `stop` is called. */
  static async start(t: TestContext, options: FakeConnectorOptions): Promise<FakeConnector> {
    const fake = new FakeConnector(options);
    mkdirSync(options.directory, { recursive: true });
    await fake.#listen(sendSocketPath(options.directory, options.owner), (socket) => fake.#sender(socket));
    await fake.#listen(commanderSocketPath(options.directory, options.owner), (socket) =>
      fake.#commander(socket),
    );
    t.after(() => fake.stop());
    return fake;
  }

  /** What programs have sent, as text. */
  get texts(): string[] {
    return this.frames.map(({ data }) => data.toString());
  }

  /** Connects to the listener of a type, as a connector does to deliver. */
  async deliver(messageType: string): Promise<net.Socket> {
    const { directory, owner } = this.#options;
    const socket = await connectUnix(receiveSocketPath({ directory, owner, messageType }));
    socket.on('error', () => undefined);
    this.#sockets.add(socket);
    return socket;
  }

  stop(): void {
    for (const server of this.#servers.splice(0)) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async #listen(path: string, onConnection: (socket: net.Socket) => void): Promise<void> {
    rmSync(path, { force: true });
    const server = net.createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
  }

  #sender(socket: net.Socket): void {
    this.connections += 1;
    if (this.#options.deaf) return;
    const reader = new LocalFrameReader();
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event.kind !== 'frame') continue;
        this.frames.push(event.frame);
        const answer = this.#options.onFrame?.(event.frame, socket);
        if (answer !== undefined) socket.write(answer);
      }
    });
  }

  #commander(socket: net.Socket): void {
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readUInt32LE(0)) return;
      const text = this.#options.onCommand?.(JSON.parse(received.subarray(4).toString()));
      if (text === undefined) return;
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      // In two parts, as Python may write it.
      socket.write(length);
      socket.write(text);
    });
  }
}

/** A frame of a connector to a listener, or a response. */
export function textFrame(text: string, header: JsonObject = {}): Buffer {
  return encodeFrame({
    header: { message_type: 'event', source_id: 'peer', ...header },
    data: Buffer.from(text),
  });
}
