import type { Mutant } from './mutant.ts';

/** Bugs of the journal; their files lie below engine/storage/journal. */
export const JOURNAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'an append is confirmed before the sync',
    file: 'committer.ts',
    find: "if (durability !== 'os' && active.synced < active.end) await syncSegment(active);",
    replace: 'active.synced = active.end;',
  },
  {
    name: 'the checksum of a record’s body is not looked at',
    file: 'format.ts',
    find: 'return record.bodyCrc === codec.checksum(bytes, body, body + record.bodyBytes, seed);',
    replace: 'return body >= 0 && seed === seed;',
  },
  {
    name: 'a segment whose sync failed is synced once more and believed',
    file: 'write-segment.ts',
    find: 'await file.sync();',
    replace: 'await file.sync().catch(() => file.sync());',
  },
  {
    name: 'an ack says one position too much',
    file: 'record-writer.ts',
    find: 'this.#other(KIND.ack, stream, upTo, 0);',
    replace: 'this.#other(KIND.ack, stream, upTo + 1, 0);',
  },
  {
    name: 'an ack resolves without being written',
    file: 'committer.ts',
    find: 'for (const { number, acked } of acks) this.#writer.ack(number, acked);',
    replace: '',
  },
  {
    name: 'what is not certain on the disk is not written again at the start',
    file: 'recovery-scan-segment.ts',
    find: 'if (isRecord(found)) this.#disposition.unsynced(found);',
    replace: 'if (isRecord(found)) this.#disposition.durable(found);',
  },
  {
    name: 'what was not confirmed still counts in a segment that failed',
    file: 'committer.ts',
    find: 'active.end = active.synced;',
    replace: 'active.synced = active.end;',
  },
  {
    name: 'positions are given anew after a start',
    file: 'recovery-scan-streams.ts',
    find: '    state.lastPosition = Math.max(state.lastPosition, lastPosition);\n    if (record.kind === KIND.segments',
    replace:
      'if (record.count > 0) state.lastPosition = Math.max(state.lastPosition, lastPosition);\n    if (record.kind === KIND.segments',
  },
  {
    name: 'the beginning of a segment leaves the sources out',
    file: 'state.ts',
    find: 'writer.source({ ...source, seq: Math.min(source.seq, before.get(source.number) ?? source.seq) });',
    replace: 'void [source, before];',
  },
  {
    name: 'the beginning of a segment leaves the acks out',
    file: 'state.ts',
    find: 'return { number, name, acked, lastPosition };',
    replace: 'return { number, name, acked: acked * 0, lastPosition };',
  },
  {
    name: 'a segment is removed while it holds live records',
    file: 'compactor.ts',
    find: 'if (segment.liveRuns > 0 || segment.users > 0 || segment.isActive) continue;',
    replace: 'if (segment.liveRuns > 1 || segment.users > 0 || segment.isActive) continue;',
  },
  {
    name: 'a rewritten segment takes its name before it is on the disk',
    file: 'compact.ts',
    find: '    await file.sync();\n',
    replace: '',
  },
  {
    name: 'the files that a rewritten segment stands for are removed before its name is on the disk',
    file: 'compact.ts',
    find: 'await disk.syncDirectory(directory).then(',
    replace: 'await Promise.resolve().then(',
  },
  {
    name: 'a new segment is used before its name is on the disk',
    file: 'create-segment.ts',
    find: '    await disk.syncDirectory(directory);\n',
    replace: '',
  },
  {
    name: 'the copy of a record that is there twice counts as well',
    file: 'recovery-scan-streams.ts',
    find: 'if (record.position <= (this.#lastFound.get(stream) ?? 0)) return undefined;',
    replace: '',
  },
  {
    name: 'a repetition in the same group is not recognised',
    file: 'group.ts',
    find: 'return this.#seqs.get(source) ?? source.seq;',
    replace: 'return source.seq;',
  },
  {
    name: 'a purge leaves the last record acknowledged in memory only',
    file: 'journal.ts',
    find: 'await this.#committer.ackDurably(stream);',
    replace: '',
  },
  {
    name: 'a short write counts as a whole one',
    file: 'write-segment.ts',
    find: 'await writeWhole(file, pieces, end);',
    replace: 'await file.writev(pieces, end);',
  },
  {
    name: 'an ack inside a batch hides the whole batch',
    file: 'reader.ts',
    find: 'if (view.count === 0 || lastPosition <= after) return true;',
    replace: 'if (view.count === 0 || view.position <= after) return true;',
  },
  {
    name: 'a batch that is acknowledged in part is not copied from a segment',
    file: 'compact.ts',
    find: 'const isDone = lastPosition <= stream.acked ||',
    replace: 'const isDone = position <= stream.acked ||',
  },
  {
    name: 'the acknowledged part of a batch counts as unacknowledged',
    file: 'reader.ts',
    find: 'count += Math.max(0, options.after - batch.position + 1);',
    replace: 'count += 0;',
  },
  {
    name: 'the bytes of a batch go with its first acknowledged message',
    file: 'reader.ts',
    find: 'if (lastPositionOf(batch) <= options.after) {',
    replace: 'if (batch.position <= options.after) {',
  },
  {
    name: 'the count of a batch is one too many in its record',
    file: 'record-writer.ts',
    find: 'record.count = count;',
    replace: 'record.count = count + (count > 1 ? 1 : 0);',
  },
  {
    name: 'the last position of a batch is one too low',
    file: 'format.ts',
    find: 'return count > 1 ? position + count - 1 : position;',
    replace: 'return count > 2 ? position + count - 2 : position;',
  },
  {
    name: 'a batch takes one position',
    file: 'group.ts',
    find: 'this.#state.lastPosition += append.count;',
    replace: 'this.#state.lastPosition += append.batches.length;',
  },
  {
    name: 'the mark after several batches is that of the first',
    file: 'group.ts',
    find: 'return (source?.firstSeq ?? 0) + count;',
    replace: 'return (source?.firstSeq ?? 0) + Math.min(count, 3);',
  },
  {
    name: 'the pieces of a write are in the wrong order',
    file: 'record-writer.ts',
    find: 'pieces.push(this.#buffer.subarray(from, at), bytes);',
    replace: 'pieces.push(bytes, this.#buffer.subarray(from, at));',
  },
  {
    name: 'the checksum leaves out what is written apart',
    file: 'record-writer.ts',
    find: 'if (apart !== undefined) record.bodyCrc = crc32(apart, 0, apart.length, record.bodyCrc);',
    replace: '',
  },
];
