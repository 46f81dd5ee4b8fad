import { nextMicrotask } from '../base/batching.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MessageNumber, NumberOnWire } from '../protocol/message-number.ts';
import type { AckPosition, SeqRange } from '../protocol/stream-frames.ts';
import type { MessageSource, StoredPosition } from '../queues/message-source.ts';
import type { Disposition } from './file-sink.ts';
import type { Link } from './link.ts';

export interface Incoming {
  readonly link: Link;
  readonly type: string;
  /** Of the first message. */
  readonly number: NumberOnWire;
  /** Consecutive messages. */
  readonly count: number;
  readonly sizeBytes: number;
  /** What must be done before they are delivered. Later messages of the stream wait for it. It never rejects. */
  readonly prepare?: () => Promise<void>;
  /**
   * Delivers them to the application, except the first `known`, which it has already; called once per message, even if
   * messages arrive again.
   *
   * @param source the first message that is delivered
   * @returns what became of those delivered, by index among them
   */
  deliver(source: MessageSource, known: number): Disposition | Promise<Disposition>;
}

interface Pending {
  /** The first message that was delivered, and the last one. */
  readonly firstSeq: number;
  readonly seq: number;
  readonly sizeBytes: number;
  readonly settled: Promise<Disposition>;
  disposition: Disposition | undefined;
}

/** The messages of one type and epoch. */
interface ReceivedStream {
  readonly type: string;
  readonly epoch: string;
  /** The last message that was delivered to the application. */
  accepted: number;
  /** All messages up to this one are settled. */
  done: number;
  /** The last message that arrived over the current connection. */
  onLink: number | undefined;
  readonly pending: Pending[];
  pendingCount: number;
  pendingBytes: number;
  /** Set while `#advance` is scheduled. */
  advances: boolean;
  /** Until then, later messages wait for the preparation of an earlier one. */
  preparing: Promise<void> | undefined;
}

export interface ReceiverOptions {
  readonly peerName: string;
  /** What the application has stored of this peer's messages. */
  readonly stored: () => readonly StoredPosition[];
  /** The peer has no message of that epoch up to that number that is not stored here. */
  readonly gone: (type: string, source: MessageSource) => void;
}

/**
 * Receives one peer's numbered messages: each reaches the application once and in order, however often and over however
 * many connections it arrives. Each is acknowledged only after those before it.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #streams = new Map<string, ReceivedStream>();
  /** The stream of the latest message; usually also that of the next. */
  #latest: ReceivedStream | undefined;
  #link: Link | undefined;
  #resumedOn: Link | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /**
   * Sends the resume points, once per connection, to a peer that supports streams. The peer sends nothing before that.
   */
  attach(link: Link): void {
    this.#use(link);
    if (!link.speaksStreams || this.#resumedOn === link) return;
    this.#resumedOn = link;
    link.sendResumePoints(this.#resumePoints());
  }

  /** The connection has ended. Nothing of it stays in memory: a server may remember thousands of peers. */
  detach(): void {
    this.#link = undefined;
    this.#resumedOn = undefined;
  }

  /** The peer no longer has messages before some that are stored here. */
  onGone(positions: readonly AckPosition[]): void {
    const { gone, peerName } = this.#options;
    for (const { type, epoch, upTo } of positions) gone(type, { peerName, epoch, seq: upTo });
  }

  /** @throws AiocError AIOC_FRAME_BAD if a message before them is missing, or too many are unacknowledged */
  take(incoming: Incoming): Disposition | Promise<Disposition> {
    const { link, type, number, count } = incoming;
    if (link !== this.#link) this.#use(link);
    const stream = this.#stream(type, number.epoch);
    const last = number.seq + count - 1;
    this.#checkOrder(stream, number, last);
    if (last <= stream.accepted) return this.#repeated(stream, last, link);
    this.#checkPending(stream, link);
    const known = Math.max(0, stream.accepted - number.seq + 1);
    const firstSeq = number.seq + known;
    const source = { peerName: this.#options.peerName, epoch: number.epoch, seq: firstSeq };
    const disposition = this.#inTurn(stream, incoming, () => incoming.deliver(source, known));
    stream.accepted = last;
    if (!(disposition instanceof Promise) && stream.pending.length === 0) {
      this.#settle(stream, { firstSeq, seq: last }, disposition);
      return disposition;
    }
    return this.#wait(stream, { firstSeq, seq: last, sizeBytes: incoming.sizeBytes }, disposition);
  }

  /** Delivers messages when those before them are prepared. */
  #inTurn(
    stream: ReceivedStream,
    { prepare }: Incoming,
    deliver: () => Disposition | Promise<Disposition>,
  ): Disposition | Promise<Disposition> {
    if (prepare !== undefined) {
      const preparing = (stream.preparing ?? Promise.resolve()).then(prepare);
      stream.preparing = preparing;
      const opens = (): void => {
        if (stream.preparing === preparing) stream.preparing = undefined;
      };
      return preparing.then(() => {
        opens();
        return deliver();
      });
    }
    return stream.preparing === undefined ? deliver() : stream.preparing.then(deliver);
  }

  /** Whether a message has arrived before, so that its file need not be received again. */
  has(type: string, { epoch, seq }: MessageNumber): boolean {
    return seq <= this.#stream(type, epoch).accepted;
  }

  /** A peer with batches limits what is unacknowledged by its memory; another one by fixed numbers. */
  #checkPending({ type, pendingCount, pendingBytes }: ReceivedStream, { speaksBatches }: Link): void {
    const isTooMuch = speaksBatches
      ? pendingBytes > 2 * LIMITS.streamMaxBytes
      : pendingCount > LIMITS.streamMessages || pendingBytes > 2 * LIMITS.streamBytes;
    if (isTooMuch) throw broken(type, 'more unacknowledged messages than allowed');
  }

  #wait(
    stream: ReceivedStream,
    what: Pick<Pending, 'firstSeq' | 'seq' | 'sizeBytes'>,
    disposition: Disposition | Promise<Disposition>,
  ): Promise<Disposition> {
    const settled = Promise.resolve(disposition).then(
      (known) => {
        pending.disposition = known;
        this.#advanceSoon(stream);
        return known;
      },
      (error: unknown) => {
        // Refused messages do not count as received: the sender keeps them, and the stored position is looked up again.
        const key = keyOf(stream.type, stream.epoch);
        if (this.#streams.get(key) === stream) this.#streams.delete(key);
        this.#latest = undefined;
        throw error;
      },
    );
    const { firstSeq, seq, sizeBytes } = what;
    const pending: Pending = { firstSeq, seq, sizeBytes, settled, disposition: undefined };
    stream.pending.push(pending);
    stream.pendingCount += what.seq - what.firstSeq + 1;
    stream.pendingBytes += what.sizeBytes;
    return settled;
  }

  /** Usually, many messages that arrived together settle together. */
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
    const dropped: SeqRange[] = [];
    let count = 0;
    for (let next = pending[0]; next?.disposition !== undefined; next = pending[count]) {
      count += 1;
      stream.pendingCount -= next.seq - next.firstSeq + 1;
      stream.pendingBytes -= next.sizeBytes;
      stream.done = next.seq;
      dropped.push(...droppedAmong(next, next.disposition));
    }
    pending.splice(0, count);
    if (count > 0) this.#confirm(stream, dropped);
  }

  #settle(
    stream: ReceivedStream,
    messages: Pick<Pending, 'firstSeq' | 'seq'>,
    disposition: Disposition,
  ): void {
    stream.done = messages.seq;
    this.#confirm(stream, droppedAmong(messages, disposition));
  }

  #confirm({ type, epoch, done }: ReceivedStream, dropped: readonly SeqRange[]): void {
    this.#link?.confirm({ type, epoch, upTo: done, dropped });
  }

  /** A repetition: it is only acknowledged again, as soon as allowed. */
  #repeated(stream: ReceivedStream, seq: number, link: Link): Disposition | Promise<Disposition> {
    if (seq > stream.done) return stream.pending.find((pending) => pending.seq >= seq)?.settled ?? 'taken';
    const { type, epoch, done } = stream;
    link.confirm({ type, epoch, upTo: done, dropped: [] });
    return 'taken';
  }

  /** On one connection, a sender must announce every number that it skips. */
  #checkOrder(stream: ReceivedStream, { seq, after = seq - 1 }: NumberOnWire, last: number): void {
    if (stream.onLink !== undefined && stream.onLink !== after)
      throw broken(stream.type, `message ${seq} does not follow ${stream.onLink}`);
    stream.onLink = last;
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
      ...{ pending: [], pendingCount: 0, pendingBytes: 0, advances: false, preparing: undefined },
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

/** The numbers of the messages that were dropped. */
function droppedAmong(
  { firstSeq, seq }: Pick<Pending, 'firstSeq' | 'seq'>,
  disposition: Disposition,
): readonly SeqRange[] {
  if (disposition === 'taken') return NONE;
  if (typeof disposition === 'string') return [[firstSeq, seq]];
  return disposition.dropped.map(([from, to]) => [firstSeq + from, firstSeq + to]);
}

function keyOf(type: string, epoch: string): string {
  return `${epoch} ${type}`;
}

function broken(type: string, what: string): AiocError {
  return new AiocError('AIOC_FRAME_BAD', `messages of type ${type}: ${what}`);
}

const NONE: readonly SeqRange[] = [];
