import assert from 'node:assert/strict';
import type { AiocError } from '../../engine/base/errors.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { MemoryBudget } from '../../engine/base/memory-budget.ts';
import type { TransferProgress } from '../../engine/contract/transfer-progress.ts';
import type { OutFrame } from '../../engine/protocol/messages.ts';
import { readTransferFrame, type TransferFrame } from '../../engine/protocol/transfer-frames.ts';
import { IncomingTransfers } from '../../engine/transfers/incoming-transfers.ts';
import type { OutgoingTransfer } from '../../engine/transfers/outgoing-transfer.ts';
import { OutgoingTransfers, type TransferLink } from '../../engine/transfers/outgoing-transfers.ts';
import type { TransferBounds } from '../../engine/transfers/transfer-bounds.ts';
import { MemoryDisk, MemoryFile, type MemorySourceOptions, memorySource } from './memory-files.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { seededRandom } from './simulated-world.ts';

/** Small, so that a few kilobytes are many pieces. */
export const SMALL_BOUNDS: TransferBounds = {
  pieceBytes: 1_024,
  smallPieceBytes: 256,
  zeroBytes: 64,
  minBytes: 512,
  maxBytes: 16 * 1_024,
  running: 3,
  readAhead: 2,
};

const EPOCH = 'e'.repeat(22);
const NOTHING = Buffer.alloc(0);

export function transferId(seq: number): string {
  return `${EPOCH}.${seq}`;
}

/** A frame as its receiver reads it. */
export function reread({ header, data, binary = NOTHING }: OutFrame): TransferFrame {
  const frame = readTransferFrame({ header, headerBytes: NOTHING, data, binary });
  if (frame === undefined) throw new Error('no frame of a transfer');
  return frame;
}

interface PairOptions {
  readonly bounds?: TransferBounds;
  readonly turns?: number;
  readonly latencyMs?: number;
  readonly bytesPerMs?: number;
}

/** One connection between the two. */
class PairLink {
  isCut = false;
  readonly #pair: TransferPair;
  #busyUntilMs = 0;
  /** Frames are read one after the other. */
  readonly #reading: Record<'sender' | 'receiver', Promise<void>> = {
    sender: Promise.resolve(),
    receiver: Promise.resolve(),
  };

  constructor(pair: TransferPair) {
    this.#pair = pair;
  }

  end(from: 'sender' | 'receiver'): TransferLink {
    const isWritable = (): boolean => !this.isCut && this.#busyUntilMs <= this.#pair.clock.now();
    return {
      get writable() {
        return from === 'receiver' || isWritable();
      },
      send: (frame) => this.send(from, frame),
    };
  }

  send(from: 'sender' | 'receiver', frame: OutFrame | string): void {
    const { clock, latencyMs, bytesPerMs } = this.#pair;
    if (this.isCut) return;
    if (from === 'sender' && typeof frame !== 'string' && isPiece(frame))
      this.#pair.sentBytes += frame.binary?.length ?? 0;
    const sizeBytes = typeof frame === 'string' ? 20 : 20 + (frame.binary?.length ?? 0);
    let sentAtMs = clock.now();
    if (from === 'sender') {
      this.#busyUntilMs = Math.max(sentAtMs, this.#busyUntilMs) + sizeBytes / bytesPerMs;
      sentAtMs = this.#busyUntilMs;
      clock.after(sentAtMs - clock.now(), () => {
        if (!this.isCut) this.#pair.outgoing.pump();
      });
    }
    const to = from === 'sender' ? 'receiver' : 'sender';
    clock.after(sentAtMs + latencyMs - clock.now(), () => this.#arrive(to, frame));
  }

  #arrive(at: 'sender' | 'receiver', frame: OutFrame | string): void {
    this.#reading[at] = this.#reading[at].then(async () => {
      if (this.isCut) return;
      try {
        await (typeof frame === 'string'
          ? this.#pair.onMessage(at, frame)
          : this.#pair.onFrame(at, reread(frame)));
      } catch (error) {
        this.#pair.violations.push(error as Error);
        this.#pair.cut();
      }
    });
  }
}

/** A sender and a receiver of files, with a connection between them that can be cut. */
export class TransferPair {
  readonly clock: SimulatedClock;
  readonly disk = new MemoryDisk();
  budget = new MemoryBudget(LIMITS.memoryBudgetBytes);
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  readonly violations: Error[] = [];
  /** The bytes of pieces that were sent. */
  sentBytes = 0;
  /** All frames that have arrived. */
  readonly frames: TransferFrame[] = [];
  readonly progress = new Map<string, TransferProgress>();
  readonly incomingProgress = new Map<string, TransferProgress>();
  onChange: () => void = () => undefined;
  onEachFrame: (at: 'sender' | 'receiver', frame: TransferFrame) => void = (_at, frame) =>
    void this.frames.push(frame);
  onMessage: (at: 'sender' | 'receiver', text: string) => Promise<void> | void = () => undefined;
  outgoing: OutgoingTransfers;
  incoming: IncomingTransfers;
  readonly #bounds: TransferBounds | undefined;
  link: PairLink | undefined;

  constructor({ bounds, turns = 3, latencyMs = 1, bytesPerMs = 1_000 }: PairOptions = {}) {
    this.clock = new SimulatedClock(undefined, turns);
    this.#bounds = bounds;
    this.latencyMs = latencyMs;
    this.bytesPerMs = bytesPerMs;
    this.outgoing = this.newOutgoing();
    this.incoming = this.newIncoming();
  }

  newOutgoing(): OutgoingTransfers {
    const outgoing: OutgoingTransfers = new OutgoingTransfers({
      clock: this.clock,
      sourceId: () => 'us',
      onChange: () => {
        if (outgoing === this.outgoing) this.onChange();
      },
      isGone: () => false,
      ...(this.#bounds !== undefined && { bounds: this.#bounds }),
    });
    return outgoing;
  }

  newIncoming(): IncomingTransfers {
    const { clock, budget, disk } = this;
    const { life } = disk;
    // After a crash, nothing of this program reaches the disk.
    const alive = <T>(act: () => Promise<T>): Promise<T> =>
      life === disk.life ? act() : new Promise(() => undefined);
    return new IncomingTransfers({
      ...{
        clock,
        budget,
        sourceId: () => 'them',
        peerName: 'us',
        open: (offer) => alive(() => disk.openTarget(offer)),
        discard: (id) => alive(() => disk.discard(id)),
      },
      onProgress: ({ id }, progress) => void this.incomingProgress.set(id, progress),
      ...(this.#bounds !== undefined && { bounds: this.#bounds }),
    });
  }

  connect(): void {
    this.link = new PairLink(this);
    this.incoming.attach(this.link.end('receiver'));
    this.outgoing.attach(this.link.end('sender'));
  }

  cut(): void {
    if (this.link === undefined) return;
    this.link.isCut = true;
    this.link = undefined;
    this.outgoing.detach();
    this.incoming.detach();
  }

  start(seq: number, file: MemoryFile, options: MemorySourceOptions = {}): OutgoingTransfer {
    const id = transferId(seq);
    return this.outgoing.start({
      id,
      header: { message_type: 'any', with_file: { dst_type: 'any', dst_name: `file${seq}` } },
      open: memorySource(file, { chunkBytes: this.#bounds?.pieceBytes ?? 1024 * 1024, ...options }),
      onProgress: (progress) => void this.progress.set(id, progress),
    });
  }

  /** The program of the receiver is gone, and another one starts. */
  restartReceiver(): void {
    this.cut();
    this.disk.crash();
    this.budget = new MemoryBudget(LIMITS.memoryBudgetBytes);
    this.incoming = this.newIncoming();
  }

  onFrame(at: 'sender' | 'receiver', frame: TransferFrame): Promise<void> | undefined {
    this.onEachFrame(at, frame);
    if (at === 'receiver') return this.incoming.received(frame);
    if (!this.outgoing.received(frame)) return this.incoming.received(frame);
    return undefined;
  }

  /** The bytes of pieces that have arrived. */
  get pieceBytes(): number {
    return this.frames.reduce((sum, frame) => sum + (frame.kind === 'piece' ? frame.data.length : 0), 0);
  }

  async ended(transfer: OutgoingTransfer): Promise<OutgoingTransfer['state']> {
    await this.clock.until(() => transfer.state.kind === 'ready' || transfer.state.kind === 'failed');
    return transfer.state;
  }
}

/** By how it is written. */
function isPiece({ data }: OutFrame): boolean {
  return data[2] === 'p'.charCodeAt(0);
}

export function errorOf(state: OutgoingTransfer['state']): AiocError {
  if (state.kind === 'failed') return state.error;
  throw new Error(`it is ${state.kind}`);
}

const random = seededRandom(1);

export function fileOf(bytes: number): MemoryFile {
  return new MemoryFile(random.bytes(bytes));
}

export function smallPair(more: PairOptions = {}): TransferPair {
  return new TransferPair({ bounds: SMALL_BOUNDS, ...more });
}

/** The message comes: what was placed for it. */
export async function placedBytes(pair: TransferPair, seq: number): Promise<Buffer | undefined> {
  const id = transferId(seq);
  await pair.incoming.place(id);
  await pair.incoming.settled(id);
  pair.outgoing.forget(id);
  return pair.disk.placed.get(id);
}

/** What was to be closed is closed, and neither side has broken a rule. */
export function assertClean(pair: TransferPair, ...files: readonly MemoryFile[]): void {
  assert.deepEqual(pair.violations, []);
  assert.deepEqual(pair.disk.misuses, []);
  assert.deepEqual([...pair.disk.partials.keys(), ...pair.disk.open], []);
  for (const { opened, closed } of files) assert.equal(closed, opened);
  assert.equal(pair.budget.heldBytes, 0);
}
