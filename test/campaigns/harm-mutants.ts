import type { Mutant } from './mutant.ts';

/** Bugs of what becomes of damage; their files lie below engine/storage/journal. */
export const HARM_MUTANTS: readonly Mutant[] = [
  {
    name: 'a damaged member of a group is kept',
    file: 'format.ts',
    find: 'return record.bodyCrc === codec.checksum(bytes, body, body + record.bodyBytes, seed);',
    replace: 'return body >= 0 && seed === seed;',
  },
  {
    name: 'a loss whose record can still be named is not counted',
    file: 'lost-messages.ts',
    find: 'loss.lost = record.count;',
    replace: 'loss.lost = 0;',
  },
  {
    name: 'a loss in the middle is not counted',
    file: 'lost-messages.ts',
    find: 'first.lost = lost;',
    replace: 'first.lost = lost * 0;',
  },
  {
    name: 'a missing end of a group is not counted',
    file: 'lost-messages.ts',
    find: 'this.#following = following;',
    replace: 'this.#following = following * 0;',
  },
  {
    name: 'a mark passes a hole',
    file: 'source-track.ts',
    find: 'if (damages === this.#damages) return;',
    replace: 'if (damages >= this.#damages) return;',
  },
  {
    name: 'what was acknowledged is not known of a hole',
    file: 'recovery-scan-streams.ts',
    find: 'const after = lastBeforeGap(gap, this.#lastLost(gap, stream), acked);',
    replace: 'const after = lastBeforeGap(gap, this.#lastLost(gap, stream), acked + 1_000);',
  },
  {
    name: 'what lies behind damage is thrown away',
    file: 'recovery-scan-segment.ts',
    find: 'if (isRecord(found)) this.#disposition.unsynced(found);',
    replace: 'if (isRecord(found) && this.#open.every(isRecord)) this.#disposition.unsynced(found);',
  },
  {
    name: 'what was stored again behind a hole is held back once more at the next start',
    file: 'held.ts',
    find: 'record.seq > after && record.position <= toPosition',
    replace: 'record.seq > after',
  },
  {
    name: 'the beginning of a segment says nothing of what is held back',
    file: 'state.ts',
    find: 'for (const rules of this.rules.values()) for (const rule of rules) writer.held(rule);',
    replace: '',
  },
  {
    name: 'a damaged batch counts as one message',
    file: 'lost-messages.ts',
    find: 'loss.lost = record.count;',
    replace: 'loss.lost = 1;',
  },
  {
    name: 'the acknowledged part of a damaged batch counts as lost',
    file: 'recovery-scan.ts',
    find: 'damage.lost = Math.max(0, Math.min(damage.lost, lastPosition - owner.acked));',
    replace: 'damage.lost += 0;',
  },
  {
    name: 'a mark in the middle of a batch is forgotten',
    file: 'source-track.ts',
    find: 'return isAllOfIt ? after + Math.max(0, acked - afterPosition) : after;',
    replace: 'return isAllOfIt ? after : after;',
  },
  {
    name: 'a batch counts as one message among those that follow in a write',
    file: 'record-writer.ts',
    find: 'following -= buffer.readUInt32LE(at + 32);',
    replace: 'following -= Math.min(1, buffer.readUInt32LE(at + 32));',
  },
  {
    name: 'the last number of a batch is not known of its source',
    file: 'source-track.ts',
    find: 'const last = seq + count - 1;',
    replace: 'const last = count > 0 ? seq : 0;',
  },
];
