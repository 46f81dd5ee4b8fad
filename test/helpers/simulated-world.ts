import type {
  Clock,
  Connection,
  ConnectionEvents,
  DialOptions,
  Listener,
  ListenOptions,
  Network,
  PeerCertificate,
  Ports,
  Randomness,
  Timer,
} from '../../engine/base/ports.ts';
import { SimulatedDisk } from './simulated-disk.ts';

interface Planned {
  readonly action: () => void;
  cancelled: boolean;
}

/** What falls due at one time, in the order in which it was asked for. */
class Moment {
  readonly at: number;
  readonly planned: Planned[] = [];

  constructor(at: number) {
    this.at = at;
  }
}

/** A clock that moves only when told to, and runs what falls due in order. */
export class SimulatedClock implements Clock {
  #now = 0;
  /** Sorted, the next one last. */
  readonly #moments: Moment[] = [];
  readonly #startedAt: number;
  readonly #turns: number;

  /** @param turns how many turns of the event loop promise chains are given to run to their ends */
  constructor(startedAt = Date.UTC(2026, 0, 2, 14, 2), turns = 5) {
    this.#startedAt = startedAt;
    this.#turns = turns;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#startedAt + this.#now;
  }

  after(delayMs: number, action: () => void): Timer {
    const planned = { action, cancelled: false };
    this.#momentAt(this.#now + Math.max(0, delayMs)).planned.push(planned);
    return {
      cancel: () => {
        planned.cancelled = true;
      },
    };
  }

  #momentAt(at: number): Moment {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#moments[middle] as Moment).at > at) low = middle + 1;
      else high = middle;
    }
    const found = this.#moments[low];
    if (found?.at === at) return found;
    const moment = new Moment(at);
    this.#moments.splice(low, 0, moment);
    return moment;
  }

  /** Lets `ms` pass, with all that happens meanwhile, promises included. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await this.#settle();
      const due = this.#due(until);
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.at);
      await inTurns(due.planned);
    }
    this.#now = until;
  }

  /** Lets time pass until the condition holds; fails when it does not within `limitMs` of simulated time. */
  async until(condition: () => boolean, limitMs = 120_000): Promise<void> {
    const deadline = this.#now + limitMs;
    await this.#settle();
    while (!condition()) {
      if (this.#now >= deadline) throw new Error(`not within ${limitMs} simulated ms: ${condition}`);
      await this.pass(5);
    }
  }

  #due(until: number): Moment | undefined {
    for (;;) {
      const next = this.#moments.at(-1);
      if (next === undefined) return undefined;
      const isWanted = next.planned.some(({ cancelled }) => !cancelled);
      if (isWanted && next.at > until) return undefined;
      this.#moments.pop();
      if (isWanted) return next;
    }
  }

  /** Lets promise chains run to their ends. */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < this.#turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Does one after the other, each in a turn of its own: promises, and what they leave to the end of a turn, have come to
 * their ends before the next. Asked for all at once, turns take a fraction of what they take one by one.
 */
function inTurns(planned: readonly Planned[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const one of planned) {
      setImmediate(() => {
        try {
          if (!one.cancelled) one.action();
        } catch (error) {
          reject(error);
        }
      });
    }
    setImmediate(resolve);
  });
}

/** A small seeded generator (mulberry32): the same seed gives the same run. */
export function seededRandom(seed: number): Randomness {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction: next,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => Math.floor(next() * 256))),
  };
}

const LATENCY_MS = 1;

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

  write(bytes: Buffer | readonly Buffer[]): boolean {
    if (this.#closed) return false;
    const data = Buffer.isBuffer(bytes) ? Buffer.from(bytes) : Buffer.concat(bytes);
    if (this.tamper === undefined) this.writeAsItIs(data);
    else this.tamper(data);
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

/** A network of one host, whose connections can be cut. */
export class SimulatedNetwork implements Network {
  readonly #clock: SimulatedClock;
  readonly #listeners = new Map<number, ListenOptions>();
  readonly pairs: (readonly [SimulatedConnection, SimulatedConnection])[] = [];
  #nextPort = 40_000;
  certificateOfDialler: PeerCertificate | undefined;
  certificateOfListener: PeerCertificate | undefined;
  /** Sees each new connection before anything is written on it. */
  onDial: (dialler: SimulatedConnection, listener: SimulatedConnection) => void = () => undefined;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  dial({ host, port, tls }: DialOptions): Connection {
    const listener = this.#listeners.get(port);
    const near = new SimulatedConnection(this.#clock, { host, port });
    const far = new SimulatedConnection(this.#clock, { host: '10.0.0.9', port: this.#nextPort++ });
    near.other = far;
    far.other = near;
    if (listener === undefined) {
      near.closeWith(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      return near;
    }
    this.pairs.push([near, far]);
    this.onDial(near, far);
    this.#clock.after(LATENCY_MS, () => {
      listener.onConnection(far);
      for (const [end, certificate] of [
        [near, this.certificateOfListener],
        [far, this.certificateOfDialler],
      ] as const) {
        if (tls) end.tell((events) => events.onTcpOpen());
        end.tell((events) => events.onOpen(tls ? certificate : undefined));
      }
    });
    return near;
  }

  async listen(options: ListenOptions): Promise<Listener> {
    this.#listeners.set(options.port, options);
    return {
      port: options.port,
      close: async () => {
        this.#listeners.delete(options.port);
      },
    };
  }

  get open(): (readonly [SimulatedConnection, SimulatedConnection])[] {
    return this.pairs.filter(([near]) => !near.closed);
  }

  /** Cuts every open connection, as a pulled cable that is noticed at once by both ends. */
  cutAll(): void {
    for (const [near] of this.open) near.break();
  }
}

export interface SimulatedWorld extends Ports {
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
}

export function simulatedWorld(seed = 1, turns?: number): SimulatedWorld {
  const clock = new SimulatedClock(undefined, turns);
  const random = seededRandom(seed);
  return { clock, network: new SimulatedNetwork(clock), random, disk: new SimulatedDisk({ random }).mount() };
}
