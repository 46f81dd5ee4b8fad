import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileTransfers } from '../../../engine/peers/file-transfers.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import type { MessageNumber } from '../../../engine/protocol/message-number.ts';
import type { TransferFrame } from '../../../engine/protocol/transfer-frames.ts';
import type { OutboxEntry } from '../../../engine/queues/outbox-entry.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { MemoryFile, memorySource } from '../../helpers/memory-files.ts';
import { reread } from '../../helpers/transfer-pair.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const EPOCH = 'e'.repeat(22);
const NOTHING = Buffer.alloc(0);

/** A queue of messages with files, and what its peer reads. */
class Queue {
  readonly sent: TransferFrame[] = [];
  readonly gone: number[] = [];
  readonly files = new FileTransfers({
    clock: new FakeClock(0),
    sourceId: () => 'us',
    onChange: () => undefined,
    isGone: ({ seq }: MessageNumber) => this.gone.includes(seq),
  });

  attach(): void {
    this.files.attach({ writable: true, send: (frame) => void this.sent.push(reread(frame)) });
  }

  async begin(type: string, seq: number): Promise<void> {
    const body = {
      source: memorySource(new MemoryFile(Buffer.alloc(10))),
      onProgress: () => undefined,
    };
    const entry = { number: { epoch: EPOCH, seq }, sent: 0, gone: false, context: { body } };
    const header = { message_type: type, with_file: {} };
    const message: Frame = { header, headerBytes: NOTHING, data: NOTHING, binary: NOTHING };
    this.files.stateOf(entry as unknown as OutboxEntry, () => message);
    await waitFor(() => this.sent.some(({ kind, id }) => kind === 'offer' && id === `${EPOCH}.${seq}`), {
      what: 'the offer',
    });
  }

  get stops(): readonly string[] {
    return this.sent.flatMap((frame) => (frame.kind === 'stop' ? [`${frame.id} ${frame.reason}`] : []));
  }
}

test('a connector that ends stops the files whose messages will be forgotten, and no others', async () => {
  const queue = new Queue();
  queue.attach();
  await queue.begin('kept', 1);
  await queue.begin('forgotten', 2);
  queue.files.stop((type) => type === 'kept');
  assert.deepEqual(queue.stops, [`${EPOCH}.2 the sender was stopped`]);
});

test('a peer that asks for a file is told that it will not come only if its message is gone', async () => {
  const queue = new Queue();
  queue.attach();
  await queue.begin('any', 1);
  queue.gone.push(1, 3);
  for (const seq of [1, 2, 3])
    assert.equal(queue.files.received({ kind: 'held', id: `${EPOCH}.${seq}` }), true);
  assert.equal(queue.stops.length, 1);
  assert.match(queue.stops[0] ?? '', /^e+\.3 the sender no longer has it/);
});
