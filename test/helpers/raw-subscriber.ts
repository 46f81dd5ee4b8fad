import type net from 'node:net';
import { parseLocalFrame } from '../../engine/local/local-frames.ts';
import {
  encodePacket,
  jsonBody,
  messageIn,
  type Packet,
  type PacketKind,
  PacketReader,
} from '../../engine/local/native/packets.ts';
import { connectUnix } from '../../engine/local/unix-sockets.ts';
import { waitFor } from './wait-for.ts';

/** A program on the own socket of a connector that says what a test wants. */
export class RawSubscriber {
  readonly packets: Packet[] = [];
  readonly closed: Promise<void>;
  readonly #socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    const reader = new PacketReader();
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next())
        this.packets.push(packet);
    });
  }

  /** @param more in its hello */
  static async connect(
    path: string,
    protocol = 1,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<RawSubscriber> {
    const program = new RawSubscriber(await connectUnix(path));
    program.say('hello', 1, { protocol, ...more });
    return program;
  }

  /** Writes bytes as they are. */
  write(...pieces: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(pieces));
  }

  say(kind: PacketKind, number: number, body: Readonly<Record<string, unknown>> = {}): void {
    this.#socket.write(Buffer.concat(encodePacket({ kind, number, body: jsonBody(body) })));
  }

  /** Subscribes, and gives the connector's answer. */
  async subscribe(number: number, wish: Readonly<Record<string, unknown>> = {}): Promise<Packet> {
    this.say('subscribe', number, { type: 'event', credit: 256, holdsSocket: true, ...wish });
    const isAnswer = (packet: Packet): boolean =>
      packet.number === number && (packet.kind === 'done' || packet.kind === 'failed');
    return waitFor(() => this.packets.find(isAnswer), { what: 'an answer to the subscription' });
  }

  get messages() {
    return this.packets
      .filter(({ kind }) => kind === 'message')
      .map((packet) => {
        const { position, redelivered, frame } = messageIn(packet);
        return { number: packet.number, position, redelivered, text: parseLocalFrame(frame).data.toString() };
      });
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text);
  }

  /** As a program that is killed. */
  kill(): void {
    this.#socket.destroy();
  }
}
