import { type Disk, writeWhole } from '../../base/disk.ts';
import { encodeSegmentHeader, FORMAT_VERSION, SEGMENT_START } from './format.ts';
import { journalPaths } from './journal-paths.ts';
import { type JournalStream, Segment } from './model.ts';
import type { DataFields, RecordWriter } from './record-writer.ts';
import type { JournalState } from './state.ts';

/** A record that is written once more, into another segment. */
export interface CopiedRecord {
  readonly fields: DataFields;
  readonly payload: Buffer;
}

export interface SegmentMaking {
  readonly disk: Disk;
  readonly directory: string;
  readonly state: JournalState;
  readonly writer: RecordWriter;
  /** Go into the new segment at once. */
  readonly copies?: readonly CopiedRecord[];
}

/**
 * Makes the next segment. It begins with all that older ones said and that still counts, twice, so that no damage of a
 * few bytes takes a name away; and only when all of that is on the disk, with its name, is it used.
 *
 * @throws the system's own errors; then there is no new segment
 */
export async function makeSegment({
  disk,
  directory,
  state,
  writer,
  copies = [],
}: SegmentMaking): Promise<Segment> {
  state.lastSegment += 1;
  const number = state.lastSegment;
  // What is copied need not be in any segment of a stream yet.
  const forgotten: ReadonlySet<JournalStream> = copies.length === 0 ? state.emptyStreams : new Set();
  const header = { format: FORMAT_VERSION, id: state.id, number, generation: 0, isWhole: false };
  state.forgetRules();
  const segment = new Segment(header, journalPaths.segment(directory, number), SEGMENT_START);
  writer.begin({ salt: segment.salt, offset: SEGMENT_START, syncedTo: 0 });
  state.writeStreams(writer, forgotten, seqsBefore(copies));
  const copied = copies.map(({ fields, payload }) => {
    const offset = writer.offset;
    writer.data(fields, payload);
    return {
      fields,
      record: { position: fields.position, offset, payloadBytes: payload.length, end: writer.offset },
    };
  });
  state.writeStreams(writer, forgotten);
  const context = state.segmentFacts;
  writer.segments(context, state.lastPosition);
  writer.segments(context, state.lastPosition);
  const bytes = Buffer.concat([encodeSegmentHeader(header), writer.bytes]);
  const file = await disk.open(segment.path, 'create');
  try {
    await writeWhole(file, bytes, 0);
    await file.sync();
    await disk.syncDirectory(directory);
  } catch (error) {
    await file.close().catch(() => undefined);
    // Should it stay, it is not in the list of the segment that comes instead.
    await disk.remove(segment.path).catch(() => undefined);
    throw error;
  }
  segment.file = file;
  segment.end = bytes.length;
  segment.synced = bytes.length;
  state.segments.push(segment);
  // Only now: before, an older segment could have come back with records that nobody would know to be acknowledged.
  for (const { name } of forgotten) state.streams.delete(name);
  state.setDefined();
  const byNumber = new Map([...state.streams.values()].map((stream) => [stream.number, stream]));
  for (const { fields, record } of copied) {
    const stream = byNumber.get(fields.stream);
    if (stream !== undefined) state.run(segment, stream).add(record);
  }
  for (const stream of byNumber.values()) state.ack(stream, stream.acked);
  return segment;
}

/** Of each source of which records are copied, the number before the first. */
function seqsBefore(copies: readonly CopiedRecord[]): ReadonlyMap<number, number> {
  const before = new Map<number, number>();
  for (const { fields } of copies) {
    const { source, seq } = fields;
    if (source > 0) before.set(source, Math.min(seq - 1, before.get(source) ?? seq));
  }
  return before;
}
