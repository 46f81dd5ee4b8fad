import assert from 'node:assert/strict';
import { LIMITS } from '../../engine/base/limits.ts';
import { MemoryBudget } from '../../engine/base/memory-budget.ts';
import type { Clock } from '../../engine/base/ports.ts';
import type { Link } from '../../engine/peers/link.ts';
import { Sender, type SenderOptions } from '../../engine/peers/sender.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import { numberIn } from '../../engine/protocol/message-number.ts';
import type { OutFrame } from '../../engine/protocol/messages.ts';
import { checkBatch } from '../../engine/protocol/record-batch.ts';
import type { AckPosition } from '../../engine/protocol/stream-frames.ts';
import type { OutboxBatch } from '../../engine/queues/outbox-batch.ts';
import { MemoryStore } from '../../engine/storage/memory-store.ts';
import type { Store } from '../../engine/storage/store.ts';
import { textsIn } from './message-batches.ts';
import { NOBODY } from './nobody.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { seededRandom } from './simulated-world.ts';

/** A sender to the peer `them`. */
export function senderOn(store: Store, clock: Clock, more: Partial<SenderOptions> = {}): Sender {
  return new Sender({
    clock,
    random: seededRandom(1),
    store,
    budget: new MemoryBudget(LIMITS.memoryBudgetBytes),
    sourceId: () => 'us',
    destinationId: 'them',
    streamKey: () => 'peer',
    whenFull: 'refuse',
    capacityOf: () => ({ messages: 10_000, bytes: 1e9 }),
    revive: () => ({ observer: NOBODY, logId: 0 }),
    onChange: () => undefined,
    ...more,
  });
}

/** Resolves when all are in the queue. */
export function enqueued(sender: Sender, batch: OutboxBatch): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = batch.count;
    const kept = (count: number): void => {
      rest -= count;
      if (rest === 0) resolve();
    };
    void sender.enqueue('any', batch, { kept, refused: (_count, error) => reject(error) });
  });
}

/** What the peer knows of: batches, smaller ones, as it announces or as earlier versions take, streams only, or neither. */
export type LinkKind = 'batches' | 'small batches' | 'streams' | 'python';

/** A message as the peer got it. */
export interface ReceivedText {
  readonly epoch: string;
  readonly seq: number;
  readonly text: string;
}

interface FakeLinkOptions {
  readonly maxMessageBytes?: number;
  readonly unreadMaxBytes?: number;
  readonly batchMaxBytes?: number;
}

/** A connection to a peer of a kind, which checks what it gets as that kind of peer would. */
export class FakeLink {
  writable = true;
  readonly speaksStreams: boolean;
  readonly speaksBatches: boolean;
  readonly batchMaxBytes: number;
  readonly maxMessageBytes: number;
  readonly unreadMaxBytes: number;
  readonly frames: OutFrame[] = [];
  readonly received: ReceivedText[] = [];
  readonly gone: AckPosition[] = [];
  #last: { readonly epoch: string; readonly seq: number } | undefined;

  constructor(
    kind: LinkKind,
    {
      maxMessageBytes = 1e9,
      unreadMaxBytes = 1e9,
      batchMaxBytes = kind === 'small batches' ? LIMITS.leastBatchMaxBytes : 1e9,
    }: FakeLinkOptions = {},
  ) {
    this.speaksStreams = kind !== 'python';
    this.speaksBatches = kind === 'batches' || kind === 'small batches';
    this.batchMaxBytes = batchMaxBytes;
    this.maxMessageBytes = maxMessageBytes;
    this.unreadMaxBytes = unreadMaxBytes;
  }

  send(frame: OutFrame): void {
    // Throws where a frame cannot be written.
    encodeFrame(frame);
    this.frames.push(frame);
    const { transportId, header, data, binary } = frame;
    const number = numberIn(transportId);
    assert.ok(number !== undefined);
    const { epoch, seq, after = seq - 1 } = number;
    if (this.#last?.epoch === epoch) assert.equal(after, this.#last.seq, 'a number is missing');
    const count = header['aioc_batch'] as number | undefined;
    if (count === undefined) assert.ok(data.length + (binary?.length ?? 0) <= this.maxMessageBytes);
    else {
      assert.ok(this.speaksBatches, 'a batch for a peer without batches');
      assert.ok(checkBatch(data, count).largestBytes <= this.maxMessageBytes);
      assert.ok(count <= LIMITS.batchMessages);
      assert.ok(
        count === 1 || data.length <= this.batchMaxBytes,
        'a batch that is larger than the peer takes',
      );
    }
    assert.equal(header['source_id'], 'us');
    assert.equal(header['destination_id'], 'them');
    const texts = count === undefined ? [data.toString()] : textsIn({ records: data });
    for (const [index, text] of texts.entries()) this.received.push({ epoch, seq: seq + index, text });
    this.#last = { epoch, seq: seq + texts.length - 1 };
  }

  sendGone(positions: readonly AckPosition[]): void {
    this.gone.push(...positions);
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  get asLink(): Link {
    return this as unknown as Link;
  }
}

/** Texts of messages. */
export const digits = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}`);

/** A sender with batches in its queue and a connection. */
export async function connected(
  kind: LinkKind,
  batches: readonly OutboxBatch[],
  options: FakeLinkOptions = {},
): Promise<{ readonly sender: Sender; readonly link: FakeLink; readonly clock: SimulatedClock }> {
  const clock = new SimulatedClock();
  const sender = senderOn(new MemoryStore(clock), clock);
  for (const batch of batches) await enqueued(sender, batch);
  const link = new FakeLink(kind, options);
  sender.attach(link.asLink);
  if (kind !== 'python') sender.onStreamAcks({ kind: 'have', positions: [] });
  return { sender, link, clock };
}
