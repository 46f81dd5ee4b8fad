import { encodeFrame } from '../../protocol/frame-encoder.ts';
import type { LentMessage } from '../../queues/inbox.ts';
import { framesOfInboxBatch, type InboxBatch } from '../../queues/inbox-batch.ts';

/** A message as a frame for Python's receive socket (PROTOCOL §4). */
export interface ListenerFrame extends LentMessage {
  readonly bytes: Buffer;
}

/** The messages of a batch, from index `from` on, as frames. */
export function listenerFrames(batch: InboxBatch, from: number): readonly ListenerFrame[] {
  const { position, count, sizeBytes, atMs } = batch;
  const frames: ListenerFrame[] = [];
  let index = 0;
  for (const { header, headerBytes, data, binary } of framesOfInboxBatch(batch)) {
    if (index >= from) {
      const bytes = encodeFrame({ header, headerBytes, data, binary });
      const queueBytes = index === count - 1 ? sizeBytes : 0;
      frames.push({ position: position + index, bytes, queueBytes, atMs });
    }
    index += 1;
  }
  return frames;
}
