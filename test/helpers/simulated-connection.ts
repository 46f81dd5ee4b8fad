import { createHmac } from 'node:crypto';
import type { Connection, ConnectionEvents, KeyingMaterialOptions } from '../../engine/base/ports.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** How long bytes are under way, and a call. */
export const LATENCY_MS = 1;

/** One end of a connection. */
export class SimulatedConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  other!: SimulatedConnection;
  /** How long what this end writes is under way. */
  latencyMs = LATENCY_MS;
  /** How many bytes of this end arrive in time; those after them take `restLatencyMs`. */
  inTimeBytes = Number.POSITIVE_INFINITY;
  restLatencyMs = LATENCY_MS;
  /** What this end writes goes nowhere, as on a link that has stalled. */
  silent = false;
  /** What this end writes arrives in pieces of this many bytes, each by itself. */
  pieceBytes = Number.POSITIVE_INFINITY;
  /** Nothing that this end writes arrives before this time. */
  heldUntil = 0;
  /** After this many more bytes of this end the connection breaks, for both. */
  breaksAfterBytes = Number.POSITIVE_INFINITY;
  /** Told when it has come to that. */
  onTooManyBytes: () => void = () => undefined;
  /** Is given what this end writes, and hands on with `writeAsItIs` what shall go out. */
  tamper: ((data: Buffer) => void) | undefined;
  /** What TLS has agreed on with the other end; undefined without TLS. */
  tls: { readonly secret: Buffer; readonly applicationProtocol: string | undefined } | undefined;
  #lastArrivesAt = 0;
  #events: ConnectionEvents | undefined;
  readonly #clock: SimulatedClock;
  #missed: ((events: ConnectionEvents) => void)[] = [];
  #paused = false;
  #closed = false;
  received: Buffer[] = [];

  constructor(clock: SimulatedClock, address: { host: string; port: number }) {
    this.#clock = clock;
    this.remoteAddress = address.host;
    this.remotePort = address.port;
  }

  get bufferedBytes(): number {
    return 0;
  }

  get applicationProtocol(): string | undefined {
    return this.tls?.applicationProtocol;
  }

  exportKeyingMaterial({ bytes, label, context }: KeyingMaterialOptions): Buffer | undefined {
    if (this.tls === undefined) return undefined;
    return createHmac('sha512', this.tls.secret)
      .update(`${label}\0`)
      .update(context)
      .digest()
      .subarray(0, bytes);
  }

  get closed(): boolean {
    return this.#closed;
  }

  listen(events: ConnectionEvents): void {
    this.#events = events;
    for (const tell of this.#missed.splice(0)) tell(events);
  }

  tell(event: (events: ConnectionEvents) => void): void {
    if (this.#events === undefined) this.#missed.push(event);
    else event(this.#events);
  }

  write(bytes: Buffer | readonly Buffer[], onWritten?: () => void): boolean {
    if (this.#closed) return false;
    const data = Buffer.isBuffer(bytes) ? Buffer.from(bytes) : Buffer.concat(bytes);
    if (this.tamper === undefined) this.writeAsItIs(data);
    else this.tamper(data);
    onWritten?.();
    return true;
  }

  writeAsItIs(data: Buffer): void {
    if (this.#closed || this.silent) return;
    if (data.length > this.breaksAfterBytes) {
      this.#send(data.subarray(0, this.breaksAfterBytes));
      this.#later(() => this.break());
      this.silent = true;
      this.onTooManyBytes();
      return;
    }
    this.breaksAfterBytes -= data.length;
    this.#send(data);
  }

  #send(data: Buffer): void {
    const inTime = data.subarray(0, this.inTimeBytes);
    const rest = data.subarray(inTime.length);
    this.inTimeBytes -= inTime.length;
    this.#sendPieces(inTime);
    if (rest.length === 0) return;
    this.latencyMs = this.restLatencyMs;
    this.#sendPieces(rest);
  }

  #sendPieces(data: Buffer): void {
    const step = Math.min(this.pieceBytes, Math.max(1, data.length));
    for (let at = 0; at < data.length; at += step) {
      const piece = data.subarray(at, at + step);
      this.#later(() => this.other.#arrive(piece));
    }
  }

  /** Tells its own side nothing any more: that is gone. */
  mute(): void {
    this.#events = MUTE;
    this.#missed = [];
  }

  /** Breaks, as a pulled cable that is noticed at once by both ends. */
  break(): void {
    const error = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    this.closeWith(error);
    this.other.closeWith(error);
  }

  /** In order, whatever becomes of the latency meanwhile. */
  #later(action: () => void): void {
    const soonest = Math.max(this.#clock.now() + this.latencyMs, this.heldUntil);
    this.#lastArrivesAt = Math.max(this.#lastArrivesAt, soonest);
    this.#clock.after(this.#lastArrivesAt - this.#clock.now(), action);
  }

  #arrive(data: Buffer): void {
    if (this.#closed) return;
    this.received.push(data);
    this.#hand();
  }

  #hand(): void {
    while (!this.#paused && this.received.length > 0) {
      const data = this.received.shift() as Buffer;
      this.tell((events) => events.onData(data));
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#clock.after(0, () => this.#hand());
  }

  end(): void {
    this.#later(() => this.other.closeWith(undefined));
    this.closeWith(undefined);
  }

  destroy(): void {
    this.end();
  }

  closeWith(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#clock.after(0, () => this.tell((events) => events.onClose(error)));
  }
}

const MUTE: ConnectionEvents = {
  onTcpOpen: () => undefined,
  onOpen: () => undefined,
  onData: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};
