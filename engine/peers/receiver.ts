import { nextMicrotask } from '../base/batching.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MessageNumber, NumberOnWire } from '../protocol/message-number.ts';
import type { AckPosition } from '../protocol/stream-frames.ts';
import type { MessageSource, StoredPosition } from '../queues/message-source.ts';
import type { Disposition } from './file-sink.ts';
import type { Link } from './link.ts';

export interface Incoming {
  readonly link: Link;
  readonly type: string;
  readonly number: NumberOnWire;
  readonly sizeBytes: number;
  /** Gives it to the application; called once for each message, however often it comes. */
  deliver(source: MessageSource): Disposition | Promise<Disposition>;
}

interface Pending {
  readonly seq: number;
  readonly sizeBytes: number;
  readonly settled: Promise<Disposition>;
  disposition: Disposition | undefined;
}

/** The messages of one type and one life of the sender's queue. */
interface ReceivedStream {
  readonly type: string;
  readonly epoch: string;
  /** The last that the application was given. */
  accepted: number;
  /** All up to this one have been dealt with. */
  done: number;
  /** The last that has come over the present connection. */
  onLink: number | undefined;
  readonly pending: Pending[];
  pendingBytes: number;
  /** Some have been dealt with, and it will be seen at once how many. */
  advances: boolean;
}

export interface ReceiverOptions {
  readonly peerName: string;
  /** What the application has stored of this peer's messages. */
  readonly stored: () => readonly StoredPosition[];
  /** The peer has nothing of that epoch up to that number but what is stored. */
  readonly gone: (type: string, source: MessageSource) => void;
}

/**
 * What comes from one peer under numbers: each message reaches the application once, in order, however often and over
 * however many connections it comes, and is confirmed when those before it are, too.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #streams = new Map<string, ReceivedStream>();
  /** The stream of the message before: most often it is that of the next one, too. */
  #latest: ReceivedStream | undefined;
  #link: Link | undefined;
  #resumedOn: Link | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Says what we have, once a connection, to a peer that understands it. It sends nothing before that. */
  attach(link: Link): void {
    this.#use(link);
    if (!link.speaksStreams || this.#resumedOn === link) return;
    this.#resumedOn = link;
    link.sendResumePoints(this.#resumePoints());
  }

  /** It says what it has no more, though what came after it is here. */
  onGone(positions: readonly AckPosition[]): void {
    const { gone, peerName } = this.#options;
    for (const { type, epoch, upTo } of positions) gone(type, { peerName, epoch, seq: upTo });
  }

  /** @throws AiocError AIOC_FRAME_BAD when one is missing before it, or more come than may be on their way */
  take({ link, type, number, sizeBytes, deliver }: Incoming): Disposition | Promise<Disposition> {
    if (link !== this.#link) this.#use(link);
    const stream = this.#stream(type, number.epoch);
    this.#checkOrder(stream, number);
    const { seq } = number;
    if (seq <= stream.accepted) return this.#repeated(stream, seq, link);
    if (stream.pending.length > LIMITS.streamMessages || stream.pendingBytes > 2 * LIMITS.streamBytes)
      throw broken(type, 'more messages than may wait to be confirmed');
    stream.accepted = seq;
    const disposition = deliver({ peerName: this.#options.peerName, epoch: number.epoch, seq });
    if (typeof disposition === 'string' && stream.pending.length === 0) {
      this.#settle(stream, seq, disposition);
      return disposition;
    }
    return this.#wait(stream, { seq, sizeBytes, disposition });
  }

  /** Whether a message has been here, so that its file need not be taken again. */
  has(type: string, { epoch, seq }: MessageNumber): boolean {
    return seq <= this.#stream(type, epoch).accepted;
  }

  #wait(
    stream: ReceivedStream,
    {
      seq,
      sizeBytes,
      disposition,
    }: { seq: number; sizeBytes: number; disposition: Disposition | Promise<Disposition> },
  ): Promise<Disposition> {
    const settled = Promise.resolve(disposition).then(
      (known) => {
        pending.disposition = known;
        this.#advanceSoon(stream);
        return known;
      },
      (error: unknown) => {
        // Nothing that was refused counts as had: who sent it keeps it, and what the store knows is asked again.
        const key = keyOf(stream.type, stream.epoch);
        if (this.#streams.get(key) === stream) this.#streams.delete(key);
        this.#latest = undefined;
        throw error;
      },
    );
    const pending: Pending = { seq, sizeBytes, settled, disposition: undefined };
    stream.pending.push(pending);
    stream.pendingBytes += sizeBytes;
    return settled;
  }

  /** Most often many that came together are dealt with together. */
  #advanceSoon(stream: ReceivedStream): void {
    if (stream.advances) return;
    stream.advances = true;
    nextMicrotask(() => {
      stream.advances = false;
      this.#advance(stream);
    });
  }

  #advance(stream: ReceivedStream): void {
    const { pending } = stream;
    const dropped: number[] = [];
    let count = 0;
    for (let next = pending[0]; next?.disposition !== undefined; next = pending[count]) {
      count += 1;
      stream.pendingBytes -= next.sizeBytes;
      stream.done = next.seq;
      if (next.disposition !== 'taken') dropped.push(next.seq);
    }
    pending.splice(0, count);
    if (count > 0) this.#confirm(stream, dropped);
  }

  #settle(stream: ReceivedStream, seq: number, disposition: Disposition): void {
    stream.done = seq;
    this.#confirm(stream, disposition === 'taken' ? [] : [seq]);
  }

  #confirm({ type, epoch, done }: ReceivedStream, dropped: readonly number[]): void {
    this.#link?.confirm({ type, epoch, upTo: done, dropped });
  }

  /** It has come before: it is only confirmed again, when it may be. */
  #repeated(stream: ReceivedStream, seq: number, link: Link): Disposition | Promise<Disposition> {
    if (seq > stream.done) return stream.pending.find((pending) => pending.seq >= seq)?.settled ?? 'taken';
    const { type, epoch, done } = stream;
    link.confirm({ type, epoch, upTo: done, dropped: [] });
    return 'taken';
  }

  /** Between two that come over one connection the sender leaves none out without saying so. */
  #checkOrder(stream: ReceivedStream, { seq, after = seq - 1 }: NumberOnWire): void {
    if (stream.onLink !== undefined && stream.onLink !== after)
      throw broken(stream.type, `message ${seq} does not follow ${stream.onLink}`);
    stream.onLink = seq;
  }

  #use(link: Link): void {
    this.#link = link;
    for (const stream of this.#streams.values()) stream.onLink = undefined;
  }

  #stream(type: string, epoch: string): ReceivedStream {
    const latest = this.#latest;
    if (latest?.type === type && latest.epoch === epoch) return latest;
    const key = keyOf(type, epoch);
    const stream = this.#streams.get(key) ?? this.#newStream(type, epoch);
    this.#latest = stream;
    return stream;
  }

  #newStream(type: string, epoch: string): ReceivedStream {
    const stored =
      this.#options.stored().find((position) => position.type === type && position.epoch === epoch)?.seq ?? 0;
    const stream: ReceivedStream = {
      ...{ type, epoch, accepted: stored, done: stored, onLink: undefined },
      ...{ pending: [], pendingBytes: 0, advances: false },
    };
    this.#streams.set(keyOf(type, epoch), stream);
    this.#forgetOldest();
    return stream;
  }

  #forgetOldest(): void {
    for (const [key, { pending }] of this.#streams) {
      if (this.#streams.size <= LIMITS.streamsPerPeer) return;
      if (pending.length > 0) continue;
      this.#streams.delete(key);
      this.#latest = undefined;
    }
  }

  #resumePoints(): readonly AckPosition[] {
    const positions = new Map<string, AckPosition>();
    for (const { type, epoch, seq, hasGap } of this.#options.stored())
      positions.set(keyOf(type, epoch), { type, epoch, upTo: seq, dropped: [], hasGap });
    for (const [key, { type, epoch, done }] of this.#streams) {
      const { upTo = 0, hasGap = false } = positions.get(key) ?? {};
      if (done > upTo) positions.set(key, { type, epoch, upTo: done, dropped: [], hasGap });
    }
    return [...positions.values()].slice(-LIMITS.streamsPerPeer);
  }
}

function keyOf(type: string, epoch: string): string {
  return `${epoch} ${type}`;
}

function broken(type: string, what: string): AiocError {
  return new AiocError('AIOC_FRAME_BAD', `messages of the type ${type}: ${what}`);
}
