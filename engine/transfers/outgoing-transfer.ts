import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { givePieceBuffer } from '../base/piece-buffers.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { TransferProgress } from '../contract/transfer-progress.ts';
import type { Header } from '../protocol/header.ts';
import type { Checkpoint, PieceFrame, TransferFrame } from '../protocol/transfer-frames.ts';
import type { TransferSource } from '../queues/outgoing-body.ts';
import { Checkpoints } from './checkpoints.ts';
import { StreamHash } from './stream-hash.ts';
import type { TransferBounds } from './transfer-bounds.ts';
import { ProgressReport } from './transfer-progress.ts';
import { dataIn, rangesOfData } from './zero-runs.ts';

/** `ready`: the peer has all of it on its disk, so the message may go. */
export type OutgoingTransferState =
  | { readonly kind: 'waiting' | 'running' | 'ready' }
  | { readonly kind: 'failed'; readonly by: 'sender' | 'receiver'; readonly error: AiocError };

export interface OutgoingTransferOptions {
  /** `<epoch>.<seq>` of the message. */
  readonly id: string;
  /** Of the message. */
  readonly header: Header;
  /** Opens the content; again after a long absence of the peer. */
  open(): Promise<TransferSource>;
  onProgress(progress: TransferProgress): void;
}

/** What a transfer needs of the others to the same peer. */
export interface TransferTurns {
  readonly clock: Clock;
  readonly bounds: TransferBounds;
  /** The size of a piece that fits the credit. */
  readonly pieceBytes: number;
  /** @param onWritten its bytes are no longer needed */
  send(frame: TransferFrame, onWritten?: () => void): void;
  /** Resolves when the transfer may read, or `doneReading` was called. */
  mayRead(transfer: OutgoingTransfer): Promise<void>;
  doneReading(transfer: OutgoingTransfer): void;
  /** It has a piece to send. */
  pump(): void;
  /** It is ready, or has failed. */
  ended(transfer: OutgoingTransfer): void;
}

interface PreparedPiece {
  readonly frame: PieceFrame;
  readonly hash: StreamHash;
  /** What was read and ends with this piece. */
  readonly chunk: Buffer | undefined;
  readonly taken: () => void;
}

interface SentPiece {
  readonly endBytes: number;
  readonly sizeBytes: number;
  readonly sentAtMs: number;
}

type OfferedSource = Pick<TransferSource, 'kind' | 'sizeBytes' | 'mode' | 'mtimeMs'>;

/**
 * The content of one message's file on its way to a peer: offered on each connection, and sent from where the peer has
 * it. What happens on one connection is a run; what an older run has begun ends without an effect.
 */
export class OutgoingTransfer {
  readonly id: string;
  readonly #options: OutgoingTransferOptions;
  readonly #turns: TransferTurns;
  readonly #progress: ProgressReport;
  #state: OutgoingTransferState = { kind: 'waiting' };
  #run = 0;
  #step: 'none' | 'offered' | 'sending' | 'ended' = 'none';
  /** One thing after the other. */
  #work: Promise<void> = Promise.resolve();
  #opening: Promise<TransferSource> | undefined;
  /** As offered. */
  #offered: OfferedSource | undefined;
  /** The states of the hash at what the peer has not confirmed, to continue there without reading again. */
  readonly #hashes = new Checkpoints(LIMITS.transferCheckpoints);
  #prepared: PreparedPiece | undefined;
  #inFlight: SentPiece[] = [];
  #sentBytes = 0;
  #writtenBytes = 0;
  #progressAtMs = 0;
  #keptTimer: Timer | undefined;

  constructor(options: OutgoingTransferOptions, turns: TransferTurns) {
    this.id = options.id;
    this.#options = options;
    this.#turns = turns;
    this.#progress = new ProgressReport(turns.clock, (progress) => options.onProgress(progress));
  }

  get state(): OutgoingTransferState {
    return this.#state;
  }

  /** The size of the piece that waits to be sent. */
  get preparedBytes(): number | undefined {
    return this.#prepared?.frame.sizeBytes;
  }

  /** Sent, and not written by the peer. */
  get inFlightBytes(): number {
    return this.#sentBytes - this.#writtenBytes;
  }

  /** The peer has not written anything of what it has for a while. */
  get isStalled(): boolean {
    if (this.#inFlight.length === 0) return false;
    return this.#turns.clock.now() - this.#progressAtMs >= LIMITS.transferStalledMs;
  }

  /** On a new connection, or when it is its turn: offers it. */
  begin(): void {
    this.#keptTimer?.cancel();
    this.#state = { kind: 'running' };
    this.#then(() => this.#offer());
  }

  /** The connection is lost. */
  detach(): void {
    this.#endRun();
    if (this.#state.kind === 'failed' || this.#state.kind === 'waiting') return;
    this.#state = { kind: 'waiting' };
    this.#progress.begin('waiting');
    this.#keptTimer = this.#turns.clock.after(LIMITS.transferKeptMs, () => this.#release());
  }

  /** @throws AiocError AIOC_FRAME_BAD if the peer may not say this now */
  received(frame: TransferFrame): void {
    if (frame.kind === 'accept') this.#accepted(frame.have);
    else if (frame.kind === 'got') this.#got(frame.bytes);
    else if (frame.kind === 'ready') this.#ready();
  }

  /** It will not be sent, or not be sent any further. */
  fail(by: 'sender' | 'receiver', error: AiocError): void {
    if (this.#state.kind === 'failed') return;
    this.#endRun();
    this.#state = { kind: 'failed', by, error };
    this.#release();
    this.#progress.fail({ by, code: error.code, reason: error.message });
    this.#turns.ended(this);
  }

  /** Sends the piece that waits. */
  sendPiece(): void {
    const piece = this.#prepared;
    if (piece === undefined) return;
    const { frame, hash, taken, chunk } = piece;
    const nowMs = this.#turns.clock.now();
    if (this.#inFlight.length === 0) this.#progressAtMs = nowMs;
    this.#inFlight.push({ endBytes: hash.bytes, sizeBytes: frame.sizeBytes, sentAtMs: nowMs });
    this.#prepared = undefined;
    this.#sentBytes = hash.bytes;
    this.#hashes.add(hash);
    this.#turns.send(frame, chunk && (() => givePieceBuffer(chunk)));
    taken();
  }

  /** What the peer has written since: bytes, and when the last of them were sent. */
  takeWritten(): { readonly sizeBytes: number; readonly sentAtMs: number } | undefined {
    let sizeBytes = 0;
    let sentAtMs = 0;
    while (this.#inFlight[0] !== undefined && this.#inFlight[0].endBytes <= this.#writtenBytes) {
      const piece = this.#inFlight.shift() as SentPiece;
      sizeBytes += piece.sizeBytes;
      sentAtMs = piece.sentAtMs;
    }
    return sizeBytes === 0 ? undefined : { sizeBytes, sentAtMs };
  }

  /** Resolves when nothing of it is open. */
  async close(): Promise<void> {
    this.#endRun();
    this.#release();
    await this.#work;
  }

  #then(action: () => Promise<void>): void {
    const run = this.#run;
    this.#work = this.#work.then(async () => {
      if (run !== this.#run) return;
      try {
        await action();
      } catch (error) {
        if (run === this.#run) this.fail('sender', toAiocError(error, 'AIOC_FILE_UNREADABLE'));
      }
    });
  }

  #endRun(): void {
    this.#run += 1;
    this.#step = 'none';
    this.#inFlight = [];
    this.#sentBytes = this.#writtenBytes;
    const prepared = this.#prepared;
    this.#prepared = undefined;
    prepared?.taken();
    this.#turns.doneReading(this);
  }

  /** Closes the source, and forgets the states of the hash. */
  #release(): void {
    this.#keptTimer?.cancel();
    this.#hashes.clear();
    const opening = this.#opening;
    this.#opening = undefined;
    if (opening === undefined) return;
    const close = async (): Promise<void> => (await opening).close();
    this.#work = this.#work.then(() => close().catch(() => undefined));
  }

  async #source(): Promise<TransferSource> {
    this.#opening ??= this.#options.open();
    let source: TransferSource;
    try {
      source = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    const { kind, sizeBytes, mode, mtimeMs } = source;
    this.#offered ??= { kind, sizeBytes, mode, mtimeMs };
    if (kind !== this.#offered.kind || sizeBytes !== this.#offered.sizeBytes) throw changed();
    return source;
  }

  async #offer(): Promise<void> {
    const run = this.#run;
    if (this.#offered === undefined) await this.#source();
    if (run !== this.#run || this.#offered === undefined) return;
    const { kind: content, sizeBytes, mode, mtimeMs } = this.#offered;
    this.#progress.totalBytes = sizeBytes;
    this.#step = 'offered';
    const { id, header } = this.#options;
    this.#turns.send({ kind: 'offer', id, content, sizeBytes, mode, mtimeMs, header });
  }

  #accepted(have: readonly Checkpoint[]): void {
    if (this.#step !== 'offered') throw unasked('accept');
    this.#step = 'sending';
    this.#sentBytes = 0;
    this.#writtenBytes = 0;
    this.#then(() => this.#send(have));
  }

  async #send(have: readonly Checkpoint[]): Promise<void> {
    const run = this.#run;
    const start = this.#knownState(have) ?? (await this.#compare(have));
    if (run !== this.#run) return;
    this.#sentBytes = start.bytes;
    this.#writtenBytes = start.bytes;
    this.#hashes.clear();
    if (start.bytes > 0) this.#hashes.add(start);
    this.#progress.begin('running', start.bytes);
    const end = await this.#sendPieces(start);
    if (run !== this.#run) return;
    this.#checkSize(end.bytes, 'exactly');
    this.#step = 'ended';
    this.#progress.begin('finishing');
    this.#turns.send({ kind: 'end', id: this.id, sizeBytes: end.bytes, digest: end.digest });
  }

  /** The state at the last position that the peer has, if this run of the program knows it. */
  #knownState(have: readonly Checkpoint[]): StreamHash | undefined {
    const last = have.at(-1);
    const known = this.#hashes.at(last?.bytes ?? 0);
    return last === undefined || known?.digest === last.digest ? known : undefined;
  }

  /** Reads from the start, up to the last position at which the peer has the same bytes. */
  async #compare(have: readonly Checkpoint[]): Promise<StreamHash> {
    const run = this.#run;
    this.#progress.begin('comparing', 0);
    let hash = StreamHash.EMPTY;
    let agreed = hash;
    let index = 0;
    for await (const chunk of (await this.#source()).read(0)) {
      if (run !== this.#run) break;
      for (let rest = chunk; rest.length > 0; ) {
        const next = have[index];
        if (next === undefined) return agreed;
        const part = rest.subarray(0, next.bytes - hash.bytes);
        hash = hash.with(part);
        rest = rest.subarray(part.length);
        if (hash.bytes < next.bytes) continue;
        if (hash.digest !== next.digest) return agreed;
        agreed = hash;
        index += 1;
      }
      givePieceBuffer(chunk);
      if (index === have.length) break;
      this.#progress.done(hash.bytes);
    }
    return agreed;
  }

  /** @returns the hash of what was sent; only of use if the run has not ended */
  async #sendPieces(start: StreamHash): Promise<StreamHash> {
    const run = this.#run;
    let hash = start;
    const chunks = (await this.#source()).read(start.bytes)[Symbol.asyncIterator]();
    try {
      for (;;) {
        await this.#turns.mayRead(this);
        if (run !== this.#run) return hash;
        const { value: chunk, done } = await chunks.next();
        if (done || run !== this.#run) return hash;
        this.#checkSize(hash.bytes + chunk.length, 'atMost');
        hash = await this.#sendChunk(chunk, hash);
        this.#turns.doneReading(this);
      }
    } finally {
      this.#turns.doneReading(this);
      await chunks.return?.();
    }
  }

  /** A source that has grown or shrunk must not look like a fault of this program to the peer. */
  #checkSize(bytes: number, how: 'atMost' | 'exactly'): void {
    const sizeBytes = this.#offered?.sizeBytes;
    if (sizeBytes === undefined) return;
    if (bytes > sizeBytes || (how === 'exactly' && bytes < sizeBytes)) throw changed();
  }

  async #sendChunk(chunk: Buffer, before: StreamHash): Promise<StreamHash> {
    const run = this.#run;
    let hash = before;
    for (let rest = chunk; rest.length > 0 && run === this.#run; ) {
      const piece = rest.subarray(0, this.#turns.pieceBytes);
      rest = rest.subarray(piece.length);
      const at = hash.bytes;
      hash = hash.with(piece);
      await this.#prepare(piece, { at, hash, chunk: rest.length === 0 ? chunk : undefined });
    }
    return hash;
  }

  /** Resolves when the piece is sent, or the run has ended. */
  #prepare(
    piece: Buffer,
    { at, hash, chunk }: { at: number; hash: StreamHash; chunk: Buffer | undefined },
  ): Promise<void> {
    const ranges = rangesOfData(piece, this.#turns.bounds.zeroBytes);
    const data = dataIn(piece, ranges);
    const { id } = this;
    const frame: PieceFrame = {
      kind: 'piece',
      id,
      at,
      sizeBytes: piece.length,
      digest: hash.digest,
      ranges,
      data,
    };
    return new Promise((resolve) => {
      this.#prepared = { frame, hash, chunk, taken: resolve };
      this.#turns.pump();
    });
  }

  #got(bytes: number): void {
    if (this.#step !== 'sending' && this.#step !== 'ended') throw unasked('got');
    if (bytes < this.#writtenBytes || bytes > this.#sentBytes)
      throw new AiocError('AIOC_FRAME_BAD', 'the peer has written what was not sent to it');
    this.#writtenBytes = bytes;
    this.#progressAtMs = this.#turns.clock.now();
    this.#hashes.dropBefore(bytes);
    this.#progress.done(bytes);
  }

  #ready(): void {
    if (this.#step === 'none') throw unasked('ready');
    this.#writtenBytes = this.#sentBytes;
    this.#endRun();
    this.#state = { kind: 'ready' };
    this.#release();
    this.#progress.begin('ready', this.#offered?.sizeBytes ?? this.#sentBytes);
    this.#turns.ended(this);
  }
}

function changed(): AiocError {
  return new AiocError('AIOC_FILE_CHANGED', 'The file changed before it was sent completely. Send it again.');
}

function unasked(kind: string): AiocError {
  return new AiocError('AIOC_FRAME_BAD', `the peer sent the ${kind} of a transfer when it was not its turn`);
}
