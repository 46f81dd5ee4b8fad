import type { Socket } from 'node:net';
import { toAiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import type { Frame } from '../../protocol/frame-decoder.ts';
import { encodeFrame } from '../../protocol/frame-encoder.ts';
import { responseFrame } from '../legacy/response-frame.ts';
import { parseLocalFrame } from '../local-frames.ts';
import type { Mailroom } from '../mailroom.ts';
import { bodyAsJson, encodeUnit, jsonBody, type Unit, type UnitKind, UnitReader } from './units.ts';

/** Raised when a program or a connector of before could not follow any more. */
export const LOCAL_PROTOCOL = 1;

export interface ProgramOptions {
  readonly socket: Socket;
  readonly mailroom: Mailroom;
  readonly log: TrafficLog;
  readonly version: string;
}

/** One program's conversation with the connector over aioc's own local socket. */
export class Program {
  readonly #options: ProgramOptions;
  readonly #reader = new UnitReader();
  /** What ends the waiting of each request that has no response yet. */
  readonly #requests = new Map<number, () => void>();
  #greeted = false;
  #ended = false;
  #running = false;
  /** Messages that the connector has and has not confirmed: bounded, or a full disk would fill the memory. */
  #unconfirmed = 0;
  #unconfirmedBytes = 0;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    void this.#run();
  }

  /** The program reads its answers again. */
  drained(): void {
    void this.#run();
  }

  end(): void {
    this.#ended = true;
    for (const stopWaiting of this.#requests.values()) stopWaiting();
    this.#requests.clear();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (!this.#ended && !this.#isBehind) {
        const unit = this.#reader.next();
        if (unit === undefined) break;
        await this.#handle(unit);
      }
    } catch (error) {
      this.#options.log.event(
        `a program on this machine sent what is not the protocol: ${toAiocError(error).message}`,
        { warning: true },
      );
      this.#options.socket.destroy();
    }
    this.#running = false;
    if (this.#isBehind) this.#options.socket.pause();
    else this.#options.socket.resume();
  }

  get #isBehind(): boolean {
    const { socket } = this.#options;
    return (
      this.#unconfirmed >= LIMITS.localUnconfirmed ||
      this.#unconfirmedBytes >= LIMITS.localUnconfirmedBytes ||
      socket.writableLength > LIMITS.answerBacklogBytes
    );
  }

  async #handle(unit: Unit): Promise<void> {
    if (!this.#greeted && unit.kind !== 'hello') throw new Error('its first word is no hello');
    switch (unit.kind) {
      case 'hello':
        return this.#hello(unit);
      case 'send':
        return this.#send(unit);
      case 'request':
        return this.#request(unit);
      case 'cancel':
        return this.#cancel(unit.number);
      default:
        throw new Error(`a ${unit.kind} is for connectors to say`);
    }
  }

  #hello(unit: Unit): void {
    bodyAsJson(unit);
    this.#greeted = true;
    const { version } = this.#options;
    this.#write('welcome', unit.number, jsonBody({ protocol: LOCAL_PROTOCOL, version }));
  }

  /** Resolves when the message has its place in the order; it is confirmed when it is where it was promised to be. */
  async #send({ number, body }: Unit): Promise<void> {
    this.#unconfirmed += 1;
    this.#unconfirmedBytes += body.length;
    const confirmed = (): void => {
      this.#unconfirmed -= 1;
      this.#unconfirmedBytes -= body.length;
      void this.#run();
    };
    const frame = parseLocalFrame(body);
    const { accepted, stored } = this.#options.mailroom.submit(frame);
    stored.then(
      (outcome) => {
        this.#write('done', number, jsonBody({ outcome }));
        confirmed();
      },
      (error: unknown) => {
        this.#refuse(number, frame, error);
        confirmed();
      },
    );
    await accepted;
  }

  async #request({ number, body }: Unit): Promise<void> {
    const frame = parseLocalFrame(body);
    try {
      const stopWaiting = await this.#options.mailroom.request(frame, {
        answered: (response) => this.#answered(number, response),
        lost: () => {
          if (!this.#requests.delete(number)) return;
          this.#write('failed', number, jsonBody({ code: 'AIOC_RESPONSE_LOST', message: LOST }));
        },
      });
      if (this.#ended) stopWaiting();
      else this.#requests.set(number, stopWaiting);
    } catch (error) {
      this.#refuse(number, frame, error);
    }
  }

  #answered(number: number, response: Frame): void {
    this.#requests.delete(number);
    this.#write('response', number, encodeFrame(responseFrame(response)).subarray(4));
  }

  /** The program waits no more; a response that comes all the same goes to the listener of its type. */
  #cancel(number: number): void {
    this.#requests.get(number)?.();
    this.#requests.delete(number);
  }

  /** The program is told, and the operator can read it, too. */
  #refuse(number: number, frame: Frame, error: unknown): void {
    const { code, message } = toAiocError(error);
    const what = `a ${frame.header.message_type} message of a program on this machine was dropped: ${message}`;
    this.#options.log.event(what, { warning: true });
    this.#write('failed', number, jsonBody({ code, message }));
  }

  #write(kind: UnitKind, number: number, body: Buffer): void {
    if (this.#ended) return;
    const { socket } = this.#options;
    socket.cork();
    for (const piece of encodeUnit({ kind, number, body })) socket.write(piece);
    process.nextTick(() => socket.uncork());
  }
}

const LOST =
  'the response will not come: a connection between connectors broke. Ask again if asking twice does no harm';
