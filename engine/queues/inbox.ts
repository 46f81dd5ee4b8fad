import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { Store, StoredRecord } from '../storage/store.ts';

export interface InboxOptions {
  readonly type: string;
  /** The name of its stream in the store. */
  readonly stream: string;
  readonly store: Store;
  readonly clock: Clock;
}

interface Waiting {
  readonly frame: Buffer;
  resolve(kept: boolean): void;
  reject(error: unknown): void;
}

/** What has arrived for the one listener of a message type, in order, until that listener has taken it. */
export class Inbox {
  readonly type: string;
  readonly arrivals: RateMeter;
  readonly departures: RateMeter;
  readonly #options: InboxOptions;
  #depth = 0;
  #bytes = 0;
  #dropped = 0;
  #oldestAtMs: number | undefined;
  #listened = false;
  /** Somebody takes what is in here, or did so a moment ago and may come back: waiting for room makes sense. */
  #isHopeful = false;
  #giveUp: Timer | undefined;
  #onArrival: () => void = () => undefined;
  readonly #waitingForRoom: Waiting[] = [];

  constructor(options: InboxOptions) {
    this.#options = options;
    this.type = options.type;
    this.arrivals = new RateMeter(options.clock);
    this.departures = new RateMeter(options.clock);
  }

  get depth(): number {
    return this.#depth;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get oldestAtMs(): number | undefined {
    return this.#depth === 0 ? undefined : this.#oldestAtMs;
  }

  get listened(): boolean {
    return this.#listened;
  }

  /** Called with each arrival by whoever delivers. */
  onArrival(action: () => void): void {
    this.#onArrival = action;
  }

  setListened(listened: boolean): void {
    if (listened === this.#listened) return;
    this.#listened = listened;
    this.#giveUp?.cancel();
    if (listened) {
      this.#isHopeful = true;
      return;
    }
    // A program that is restarted is soon back. Without one nobody makes room, and whoever waits must decide anew.
    this.#giveUp = this.#options.clock.after(LIMITS.listenerGraceMs, () => this.abandon());
  }

  /** Nobody is expected to take anything from here for now. */
  abandon(): void {
    this.#giveUp?.cancel();
    this.#isHopeful = false;
    this.#admit();
  }

  /**
   * Keeps one frame for the listener. With a listener that is slow, or was there a moment ago, it waits for room,
   * which slows the sender; without one, what does not fit is dropped and counted.
   *
   * @returns false when it was dropped
   */
  put(frame: Buffer): Promise<boolean> {
    if (this.#waitingForRoom.length === 0 && !this.#isFull(frame.length)) return this.#keep(frame);
    return new Promise((resolve, reject) => {
      this.#waitingForRoom.push({ frame, resolve, reject });
      this.#admit();
    });
  }

  async #keep(frame: Buffer): Promise<boolean> {
    // Whatever was here before this one came and went says nothing about its age.
    if (this.#depth === 0) this.#oldestAtMs = this.#options.clock.wallNow();
    this.#depth += 1;
    this.#bytes += frame.length;
    this.arrivals.add();
    await this.#options.store.append(this.#options.stream, [frame]);
    this.#onArrival();
    return true;
  }

  read(after: number): Promise<readonly StoredRecord[]> {
    return this.#options.store.read(this.#options.stream, after, LIMITS.inboxReadBytes);
  }

  /** The listener has taken everything up to this record. */
  done(record: StoredRecord, sizes: { readonly count: number; readonly bytes: number }): Promise<void> {
    this.#depth -= sizes.count;
    this.#bytes -= sizes.bytes;
    this.departures.add(sizes.count);
    this.#oldestAtMs = record.atMs;
    this.#admit();
    return this.#options.store.ack(this.#options.stream, record.position);
  }

  #isFull(sizeBytes: number): boolean {
    return (
      this.#depth >= LIMITS.inboxMessages || (this.#depth > 0 && this.#bytes + sizeBytes > LIMITS.inboxBytes)
    );
  }

  /** Whoever has waited longest comes first, or the order would be lost. */
  #admit(): void {
    for (;;) {
      const [first] = this.#waitingForRoom;
      if (first === undefined) return;
      const full = this.#isFull(first.frame.length);
      if (full && this.#isHopeful) return;
      this.#waitingForRoom.shift();
      if (full) {
        this.#dropped += 1;
        first.resolve(false);
      } else this.#keep(first.frame).then(first.resolve, first.reject);
    }
  }
}
