import { type Disk, writeWhole } from '../../base/disk.ts';
import { type Batch, sizeOfBatch } from '../store.ts';
import { encodeSegmentHeader, FORMAT_VERSION, SEGMENT_START } from './format.ts';
import { journalPaths } from './journal-paths.ts';
import { type JournalStream, Segment } from './model.ts';
import type { BatchFields, RecordWriter } from './record-writer.ts';
import type { JournalState } from './state.ts';

/** A batch that is copied to another segment. */
export interface CopiedBatch {
  readonly fields: BatchFields;
  readonly batch: Batch;
}

export interface SegmentMaking {
  readonly disk: Disk;
  readonly directory: string;
  readonly state: JournalState;
  readonly writer: RecordWriter;
  /** Batches to copy to the new segment at once. */
  readonly copies?: readonly CopiedBatch[];
}

/**
 * Creates the next segment. It begins with everything that older segments say and that still counts, twice, so that no
 * small damage destroys a name. It is used only when all of this, and its name in the directory, is synced.
 *
 * @throws the system's errors; there is no new segment then
 */
export async function createSegment({
  disk,
  directory,
  state,
  writer,
  copies = [],
}: SegmentMaking): Promise<Segment> {
  state.lastSegment += 1;
  const number = state.lastSegment;
  // The copied batches may belong to streams that have no segment yet.
  const forgotten: ReadonlySet<JournalStream> = copies.length === 0 ? state.emptyStreams : new Set();
  const header = { format: FORMAT_VERSION, id: state.id, number, generation: 0, isWhole: false };
  state.forgetRules();
  const segment = new Segment(header, journalPaths.segment(directory, number), SEGMENT_START);
  writer.begin({ salt: segment.codec.salt, offset: SEGMENT_START, syncedTo: 0 });
  state.writeStreams(writer, forgotten, seqsBefore(copies));
  const copied = copies.map(({ fields, batch }) => {
    const { position } = fields;
    const { count } = batch;
    const offset = writer.offset;
    writer.batch(fields, batch);
    return {
      stream: fields.stream,
      record: { position, count, offset, sizeBytes: sizeOfBatch(batch), end: writer.offset },
    };
  });
  state.writeStreams(writer, forgotten);
  const olderSegments = state.segmentFacts;
  writer.segments(olderSegments, state.lastPosition);
  writer.segments(olderSegments, state.lastPosition);
  const end = writer.offset;
  const file = await disk.open(segment.path, 'create');
  try {
    await writeWhole(file, [encodeSegmentHeader(header), ...writer.pieces()], 0);
    await file.sync();
    await disk.syncDirectory(directory);
  } catch (error) {
    await file.close().catch(() => undefined);
    // If the file stays, the list of the segment created instead does not name it.
    await disk.remove(segment.path).catch(() => undefined);
    throw error;
  }
  segment.file = file;
  writer.release();
  segment.end = end;
  segment.synced = end;
  state.segments.push(segment);
  // Not earlier: an older segment could have returned with records that are no longer known to be acknowledged.
  for (const { name } of forgotten) state.streams.delete(name);
  state.setDefined();
  const byNumber = new Map([...state.streams.values()].map((stream) => [stream.number, stream]));
  for (const { stream, record } of copied) {
    const owner = byNumber.get(stream);
    if (owner !== undefined) state.run(segment, owner).add(record);
  }
  for (const stream of byNumber.values()) state.ack(stream, stream.acked);
  return segment;
}

/** For each source with copied batches: the number before the first. */
function seqsBefore(copies: readonly CopiedBatch[]): ReadonlyMap<number, number> {
  const before = new Map<number, number>();
  for (const { fields } of copies) {
    const { source, seq } = fields;
    if (source > 0) before.set(source, Math.min(seq - 1, before.get(source) ?? seq));
  }
  return before;
}
