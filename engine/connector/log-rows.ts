import { LIMITS } from '../base/limits.ts';
import { RecentBytes } from '../base/recent-bytes.ts';
import { spelledMembers } from '../config/json-edit.ts';
import { bodyData } from '../contract/message-body.ts';
import type { Body, LogRow, Outcome } from '../contract/views.ts';
import type { TrafficEntry } from '../peers/traffic-log.ts';
import { type JsonValue, parseJsonObject, pythonJson } from '../protocol/header.ts';
import { FoldedEvents } from './folded-events.ts';
import { cutRecords, KeptRecordCursor, mustBeCut } from './kept-records.ts';
import { LogGroups } from './log-groups.ts';
import { LogPreviews, type Preview, previewText } from './log-previews.ts';
import { ReasonRanges } from './reason-ranges.ts';

const OUTCOMES: readonly Outcome[] = [
  ...(['queued', 'sent', 'peer has it', 'received by Python'] as const),
  ...(['arrived', 'stored', 'in memory', 'taken', 'handed over'] as const),
  ...(['dropped', 'refused', 'failed', 'info', 'warning'] as const),
];
const CODES = Object.fromEntries(OUTCOMES.map((outcome, code) => [outcome, code])) as Record<Outcome, number>;

/** Bits of a group's flags; an event has neither of the first two. */
const MESSAGE = 1;
const FILE = 2;
const OUT = 4;
const HAS_ANSWER = 8;
/** Its bytes are those of `cutRecords`. */
const CUT = 16;
/** Its bytes begin with a u32 length and the shared header, which is too long to be kept elsewhere. */
const LONG_HEADER = 32;

const ROWS = LIMITS.logRows;
/** Characters of the shared header that are kept outside the circular buffer: more than three of the longest names. */
const SHARED_CHARACTERS = LIMITS.logPreviewBytes;

/** What the log keeps of a shared header. */
interface SharedMembers {
  readonly message_type: string;
  readonly source_id?: JsonValue | undefined;
  readonly destination_id?: JsonValue | undefined;
}

/** What is kept of a file or an event in addition to its group. */
interface Note {
  /** The name of the file, or the event. */
  readonly text: string;
  readonly sizeBytes: number;
  /** Of a warning that came several times. */
  readonly repeats?: number;
  readonly lastAtMs?: number;
}

/**
 * The latest rows of the log. What comes together is kept together: the messages of a batch as their bytes, copied once,
 * and one outcome byte for each. A row is made when it is looked at, since few ever are.
 *
 * Bounds: LIMITS.logRows rows, and at most as many groups of at most 60 bytes and LIMITS.logPreviewBytes characters of
 * headers; LIMITS.logBodiesBytes of messages; and, of rows whose messages were overwritten, LIMITS.logPreviewBytes
 * each. With small messages, the rows go before their bytes, so nothing but the bytes is ever copied.
 */
export class LogRows {
  #lastId = 0;
  readonly #groups = new LogGroups();
  /** By row, since each message of a batch has its own. */
  readonly #outcomes = new Uint8Array(ROWS);
  readonly #reasons = new ReasonRanges();
  readonly #notes = new Map<number, Note>();
  readonly #folded = new FoldedEvents();
  readonly #bodies = new RecentBytes(LIMITS.logBodiesBytes);
  readonly #previews = new LogPreviews();
  /** The messages of groups before this one were overwritten, and their previews saved. */
  #firstWithBody = 0;
  readonly #overwritten = new KeptRecordCursor();
  /** At the row that was looked at last; 0: none. */
  readonly #looked = new KeptRecordCursor();
  #lookedId = 0;
  readonly #watchers = new Set<(from: number, to: number) => void>();

  get length(): number {
    return Math.min(this.#lastId, ROWS);
  }

  /** The number of rows dropped for newer ones. */
  get forgotten(): number {
    return this.#lastId - this.length;
  }

  /** See MessageLog. */
  watchChanges(changed: (from: number, to: number) => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  /** The row at `index`; 0 is the oldest that is kept. */
  at(index: number): LogRow | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const id = this.forgotten + index + 1;
    const number = this.#groups.groupOf(id);
    const { flags, atMs, peerName, type } = this.#groups.at(number);
    const kind = (flags & MESSAGE) !== 0 ? 'message' : (flags & FILE) !== 0 ? 'file' : 'event';
    const { text, sizeBytes } =
      kind === 'message' ? this.#message(id, number) : (this.#notes.get(id) ?? NO_NOTE);
    const why = this.#reasons.get(id);
    return {
      ...{ id, atMs, kind, peerName, type },
      ...(kind !== 'event' && { direction: (flags & OUT) === 0 ? 'in' : 'out', sizeBytes }),
      outcome: OUTCOMES[this.#outcomes[slotOf(id)] as number] as Outcome,
      text: why === undefined ? text : `${text} (${why})`,
      ...(why !== undefined && { reason: why }),
      ...(kind === 'event' && this.#repeats(id)),
      hasBody: kind !== 'event',
    };
  }

  /** @returns the id of the first of its rows; the ids are consecutive */
  addTraffic(entry: TrafficEntry, atMs: number): number {
    const { count, records, shared, direction, outcome, peerName } = entry;
    const firstId = this.#addRows(count, outcome);
    const isCut = mustBeCut(records, count);
    const isLong = isLongHeader(shared);
    let kept = isCut ? cutRecords(records, count) : records;
    if (isLong) kept = behindHeader(shared, kept);
    const isFile = entry.kind === 'file';
    const flags =
      (isFile ? FILE : MESSAGE) |
      (direction === 'out' ? OUT : 0) |
      (entry.hasResponse === true ? HAS_ANSWER : 0) |
      (isCut ? CUT : 0) |
      (isLong ? LONG_HEADER : 0);
    if (isFile) this.#notes.set(firstId, { text: fileName(records), sizeBytes: entry.fileBytes ?? 0 });
    this.#savePreviews(kept.length);
    const bodyAt = this.#bodies.put(kept);
    // Without spread objects, which would cost more than all the rest.
    this.#groups.add({
      firstId,
      atMs,
      peerName,
      flags,
      bodyAt,
      bodyBytes: kept.length,
      type: isLong ? beginningOf(shared.message_type) : shared.message_type,
      source: isLong ? undefined : shared['source_id'],
      destination: isLong ? undefined : shared['destination_id'],
    });
    return firstId;
  }

  #repeats(id: number): Pick<LogRow, 'repeats' | 'lastAtMs'> {
    const { repeats, lastAtMs } = this.#notes.get(id) ?? NO_NOTE;
    return repeats === undefined || lastAtMs === undefined ? {} : { repeats, lastAtMs };
  }

  /** A warning that stands in one of the latest rows is counted there. @returns its id */
  addEvent(text: string, { atMs, outcome, peerName }: Pick<LogRow, 'atMs' | 'outcome' | 'peerName'>): number {
    const again =
      outcome === 'warning' ? this.#folded.take(`${peerName}\n${text}`, this.#lastId + 1) : undefined;
    if (again !== undefined && again.id > this.forgotten) {
      this.#notes.set(again.id, { text, sizeBytes: 0, repeats: again.repeats, lastAtMs: atMs });
      return again.id;
    }
    const firstId = this.#addRows(1, outcome);
    this.#groups.add({
      firstId,
      atMs,
      peerName,
      flags: 0,
      bodyAt: 0,
      bodyBytes: 0,
      type: '',
      source: undefined,
      destination: undefined,
    });
    this.#notes.set(firstId, { text, sizeBytes: 0 });
    return firstId;
  }

  /** Changes the outcome of `count` rows, as far as they are kept. */
  settle(firstId: number, count: number, outcome: Outcome, why: string | undefined): void {
    const from = Math.max(firstId, this.forgotten + 1);
    const to = Math.min(firstId + count - 1, this.#lastId);
    if (from > to) return;
    this.#setOutcomes(from, to, outcome);
    for (const changed of this.#watchers) changed(from, to);
    if (why === undefined && this.#reasons.size === 0) return;
    this.#reasons.set({ from, to }, why, this.forgotten + 1);
  }

  /** The whole message, as far as it is kept. */
  body(id: number): Body | undefined {
    if (id <= this.forgotten || id > this.#lastId) return undefined;
    const number = this.#groups.groupOf(id);
    if ((this.#groups.flags(number) & (MESSAGE | FILE)) === 0) return undefined;
    const record = this.#recordAt(id, number);
    if (record === undefined) return undefined;
    const { dataAt, dataBytes, binaryBytes } = record;
    const members = [
      ...spelledMembers(this.#sharedHeader(number)),
      ...(binaryBytes > 0 ? [['with_binary', 'true'] as const] : []),
      ...spelledMembers(record.header().toString()),
    ];
    return {
      id,
      headerLines: members.map(([key, spelled]) => `${key}: ${spelled}`),
      ...bodyData(record.bytes.subarray(dataAt), { dataBytes, maxBytes: LIMITS.logBodyBytes }),
      binaryBytes,
    };
  }

  /** @returns the first id */
  #addRows(count: number, outcome: Outcome): number {
    const firstId = this.#lastId + 1;
    const firstKept = firstId + count - ROWS;
    if (firstKept > 1) this.#forgetGroups(firstKept);
    this.#lastId += count;
    this.#setOutcomes(Math.max(firstId, firstKept), this.#lastId, outcome);
    return firstId;
  }

  #setOutcomes(from: number, to: number, outcome: Outcome): void {
    const code = CODES[outcome];
    const start = slotOf(from);
    const end = start + to - from + 1;
    if (from === to) this.#outcomes[start] = code;
    else {
      this.#outcomes.fill(code, start, Math.min(end, ROWS));
      if (end > ROWS) this.#outcomes.fill(code, 0, end - ROWS);
    }
  }

  /** Removes groups with no row from `firstKept` on. Called before a group is added. */
  #forgetGroups(firstKept: number): void {
    const groups = this.#groups;
    while (groups.first < groups.end) {
      const { first } = groups;
      const endId = first + 1 < groups.end ? groups.firstId(first + 1) : this.#lastId + 1;
      if (endId > firstKept) break;
      if ((groups.flags(first) & MESSAGE) === 0) this.#notes.delete(groups.firstId(first));
      groups.removeFirst();
    }
    this.#firstWithBody = Math.max(this.#firstWithBody, groups.first);
  }

  /** Called before bytes are written to `bodies`: keeps the beginnings of the messages that they overwrite. */
  #savePreviews(bytes: number): void {
    const groups = this.#groups;
    for (; this.#firstWithBody < groups.end; this.#firstWithBody += 1) {
      const flags = groups.flags(this.#firstWithBody);
      if ((flags & (MESSAGE | FILE)) === 0) continue;
      if (this.#bodies.outlives(groups.bodyAt(this.#firstWithBody), bytes)) return;
      if ((flags & MESSAGE) !== 0) this.#savePreviewsOf(this.#firstWithBody, flags);
    }
  }

  #savePreviewsOf(number: number, flags: number): void {
    const record = this.#overwritten;
    if (!this.#start(record, number)) return;
    const firstKept = this.forgotten + 1;
    for (let id = this.#groups.firstId(number); record.next(); id += 1)
      if (id >= firstKept) this.#previews.save(id, record, isAnswer(flags, record));
  }

  /** Places a cursor in front of a group's messages; false if they were overwritten. */
  #start(record: KeptRecordCursor, number: number): boolean {
    const flags = this.#groups.flags(number);
    const bytes = this.#groups.bodyBytes(number);
    const at = this.#bodies.find(this.#groups.bodyAt(number), bytes);
    if (at < 0) return false;
    const { memory } = this.#bodies;
    const from = (flags & LONG_HEADER) === 0 ? at : at + 4 + memory.readUInt32LE(at);
    record.start(memory, { from, end: at + bytes, isCut: (flags & CUT) !== 0 });
    return true;
  }

  /** The cursor at the message of a row; undefined if it was overwritten. */
  #recordAt(id: number, number: number): KeptRecordCursor | undefined {
    const groups = this.#groups;
    const record = this.#looked;
    const firstId = groups.firstId(number);
    // Rows are looked at in order, so the walk continues.
    const continues = this.#lookedId >= firstId && this.#lookedId <= id;
    if (continues) {
      if (this.#bodies.find(groups.bodyAt(number), groups.bodyBytes(number)) < 0) return undefined;
      record.bytes = this.#bodies.memory;
    } else {
      if (!this.#start(record, number)) return undefined;
      this.#lookedId = firstId - 1;
    }
    for (; this.#lookedId < id; this.#lookedId += 1) record.next();
    return record;
  }

  #message(id: number, number: number): Pick<Preview, 'text' | 'sizeBytes'> {
    const { text, sizeBytes, isAnswer } = this.#previewOf(id, number);
    return { text: isAnswer ? `answer: ${text}` : text, sizeBytes };
  }

  #previewOf(id: number, number: number): Preview {
    const record = this.#recordAt(id, number);
    if (record === undefined) return this.#previews.of(id);
    const { bytes, dataAt, dataBytes, binaryBytes } = record;
    return {
      sizeBytes: dataBytes + binaryBytes,
      isAnswer: isAnswer(this.#groups.flags(number), record),
      text: previewText(bytes, dataAt, dataBytes),
    };
  }

  /** The members that all messages of a group have, as JSON. */
  #sharedHeader(number: number): string {
    const { flags, type, source, destination, bodyAt, bodyBytes } = this.#groups.at(number);
    if ((flags & LONG_HEADER) !== 0) {
      const { memory } = this.#bodies;
      const at = this.#bodies.find(bodyAt, bodyBytes);
      return at < 0 ? '{}' : memory.toString('utf8', at + 4, at + 4 + memory.readUInt32LE(at));
    }
    return spelledHeader({ message_type: type, source_id: source, destination_id: destination });
  }
}

/** A row's place in columns by row. */
function slotOf(id: number): number {
  return (id - 1) % ROWS;
}

function isLongHeader({
  message_type: type,
  source_id: source,
  destination_id: destination,
}: SharedMembers): boolean {
  return type.length + charactersOf(source) + charactersOf(destination) > SHARED_CHARACTERS;
}

function charactersOf(value: JsonValue | undefined): number {
  if (value === undefined) return 0;
  return typeof value === 'string' ? value.length : Number.POSITIVE_INFINITY;
}

/** The bytes of a group with a long shared header. */
function behindHeader(shared: SharedMembers, records: Buffer): Buffer {
  const text = Buffer.from(spelledHeader(shared));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, records]);
}

function spelledHeader({ message_type, source_id, destination_id }: SharedMembers): string {
  return pythonJson({
    message_type,
    ...(source_id !== undefined && { source_id }),
    ...(destination_id !== undefined && { destination_id }),
  });
}

/** A copy, so that the whole text does not stay in memory. */
function beginningOf(text: string): string {
  return Buffer.from(text.slice(0, SHARED_CHARACTERS)).toString();
}

function isAnswer(flags: number, record: KeptRecordCursor): boolean {
  return (flags & HAS_ANSWER) !== 0 && parseJsonObject(record.header())['response_id'] !== undefined;
}

function fileName(records: Buffer): string {
  const record = new KeptRecordCursor();
  record.start(records, { from: 0, end: records.length, isCut: false });
  record.next();
  const file = parseJsonObject(record.header())['with_file'] as { readonly dst_name?: unknown } | undefined;
  return beginningOf(String(file?.dst_name ?? ''));
}

const NO_NOTE: Note = { text: '', sizeBytes: 0 };
