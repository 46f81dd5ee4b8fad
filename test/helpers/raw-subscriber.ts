import type net from 'node:net';
import { parseLocalFrame } from '../../engine/local/local-frames.ts';
import {
  encodeUnit,
  jsonBody,
  messageIn,
  type Unit,
  type UnitKind,
  UnitReader,
} from '../../engine/local/own/units.ts';
import { connectUnix } from '../../engine/local/unix-sockets.ts';
import { waitFor } from './wait-for.ts';

/** A program on the own socket of a connector that says what a test wants. */
export class RawSubscriber {
  readonly units: Unit[] = [];
  readonly closed: Promise<void>;
  readonly #socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    const reader = new UnitReader();
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let unit = reader.next(); unit !== undefined; unit = reader.next()) this.units.push(unit);
    });
  }

  static async connect(path: string): Promise<RawSubscriber> {
    const program = new RawSubscriber(await connectUnix(path));
    program.say('hello', 1, { protocol: 1 });
    return program;
  }

  say(kind: UnitKind, number: number, body: Readonly<Record<string, unknown>> = {}): void {
    this.#socket.write(Buffer.concat(encodeUnit({ kind, number, body: jsonBody(body) })));
  }

  /** Subscribes, and gives the connector's answer. */
  async subscribe(number: number, wish: Readonly<Record<string, unknown>> = {}): Promise<Unit> {
    this.say('subscribe', number, { type: 'event', credit: 256, holdsSocket: true, ...wish });
    const isAnswer = (unit: Unit): boolean =>
      unit.number === number && (unit.kind === 'done' || unit.kind === 'failed');
    return waitFor(() => this.units.find(isAnswer), { what: 'an answer to the subscription' });
  }

  get messages() {
    return this.units
      .filter(({ kind }) => kind === 'message')
      .map((unit) => {
        const { position, redelivered, frame } = messageIn(unit);
        return { number: unit.number, position, redelivered, text: parseLocalFrame(frame).data.toString() };
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
