import { LIMITS } from '../base/limits.ts';
import { RecentBytes } from '../base/recent-bytes.ts';
import { spelledMembers } from '../config/json-edit.ts';
import type { Body, LogRow, Outcome } from '../contract/views.ts';
import type { TrafficEntry } from '../peers/traffic-log.ts';
import { type Header, pythonJson } from '../protocol/header.ts';

const OUTCOMES: readonly Outcome[] = [
  ...(['queued', 'sent', 'peer has it', 'received by Python'] as const),
  ...(['arrived', 'stored', 'in memory', 'taken', 'handed over'] as const),
  ...(['dropped', 'refused', 'failed', 'info', 'warning'] as const),
];
const CODES = Object.fromEntries(OUTCOMES.map((outcome, code) => [outcome, code])) as Record<Outcome, number>;

/** Bits of a row's flags; an event has neither of the first two. */
const MESSAGE = 1;
const FILE = 2;
const OUT = 4;
const ANSWER = 8;

const ROWS = LIMITS.logRows;
const FIRST_ROWS = 64;

/**
 * The latest rows of the log, as numbers and bytes. There is one row per message, and few are ever shown: as objects
 * they would cost a quarter of a busy connector's time in garbage collection.
 */
export class LogRows {
  #lastId = 0;
  /** The capacity in rows; it grows. */
  #atMs = new Float64Array(FIRST_ROWS);
  #sizeBytes = new Float64Array(FIRST_ROWS);
  #dataBytes = new Float64Array(FIRST_ROWS);
  /** The offset of the header in `bodies`; the start of the data follows it. */
  #bodyAt = new Float64Array(FIRST_ROWS);
  #headerBytes = new Uint32Array(FIRST_ROWS);
  #flags = new Uint8Array(FIRST_ROWS);
  #outcomes = new Uint8Array(FIRST_ROWS);
  readonly #peerNames: string[] = [];
  readonly #types: string[] = [];
  /** The text of an event or a file, and the reason for the outcome; most messages have neither. */
  readonly #texts = new Map<number, string>();
  readonly #reasons = new Map<number, string>();
  readonly #bodies = new RecentBytes(LIMITS.logBodiesBytes);
  /** The first bytes of messages whose bodies were overwritten, a fixed number per row. */
  #previews: Buffer | undefined;
  #firstWithBody = 1;

  get length(): number {
    return Math.min(this.#lastId, ROWS);
  }

  /** The number of rows dropped for newer ones. */
  get forgotten(): number {
    return this.#lastId - this.length;
  }

  /** The row at `index`; 0 is the oldest that is kept. */
  at(index: number): LogRow | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const id = this.forgotten + index + 1;
    const row = rowOf(id);
    const flags = this.#flags[row] as number;
    const kind = (flags & MESSAGE) !== 0 ? 'message' : (flags & FILE) !== 0 ? 'file' : 'event';
    const text = kind === 'message' ? this.#messageText(id) : (this.#texts.get(id) ?? '');
    const why = this.#reasons.get(id);
    return {
      ...{ id, atMs: this.#atMs[row] as number, kind },
      ...{ peerName: this.#peerNames[row] as string, type: this.#types[row] as string },
      ...(kind !== 'event' && { direction: (flags & OUT) === 0 ? 'in' : 'out' }),
      ...(kind !== 'event' && { sizeBytes: this.#sizeBytes[row] as number }),
      outcome: OUTCOMES[this.#outcomes[row] as number] as Outcome,
      text: why === undefined ? text : `${text} (${why})`,
      ...(why !== undefined && { reason: why }),
      hasBody: kind !== 'event',
    };
  }

  /** @returns its id */
  addTraffic(entry: TrafficEntry, atMs: number): number {
    const { kind, direction, peerName, sizeBytes, outcome, header, data } = entry;
    const id = this.#begin({ atMs, outcome, peerName, type: header.message_type });
    const row = rowOf(id);
    const isAnswer = header['response_id'] !== undefined;
    const isFile = kind === 'file';
    this.#flags[row] = (isFile ? FILE : MESSAGE) | (direction === 'out' ? OUT : 0) | (isAnswer ? ANSWER : 0);
    if (isFile) this.#texts.set(id, fileName(header));
    this.#sizeBytes[row] = sizeBytes;
    this.#dataBytes[row] = data.length;
    const headerBytes = entry.headerBytes ?? Buffer.from(pythonJson(header));
    this.#headerBytes[row] = headerBytes.length;
    const beginningBytes = beginningOf(data.length);
    this.#savePreviews(headerBytes.length + beginningBytes);
    this.#bodyAt[row] = this.#bodies.put(headerBytes, data, beginningBytes);
    return id;
  }

  /** @returns its id */
  addEvent(text: string, { atMs, outcome, peerName }: Pick<LogRow, 'atMs' | 'outcome' | 'peerName'>): number {
    const id = this.#begin({ atMs, outcome, peerName, type: '' });
    this.#flags[rowOf(id)] = 0;
    this.#texts.set(id, text);
    return id;
  }

  /** Changes the outcome of a row, if it is still kept. */
  settle(id: number, outcome: Outcome, why: string | undefined): void {
    if (!this.#isHere(id)) return;
    this.#outcomes[rowOf(id)] = CODES[outcome];
    if (why !== undefined) this.#reasons.set(id, why);
    else if (this.#reasons.size > 0) this.#reasons.delete(id);
  }

  /** The whole message, as far as it is kept. */
  body(id: number): Body | undefined {
    const row = rowOf(id);
    if (!this.#isHere(id) || this.#flags[row] === 0) return undefined;
    const headerBytes = this.#headerBytes[row] as number;
    const dataBytes = this.#dataBytes[row] as number;
    const kept = this.#bodies.get(this.#bodyAt[row] as number, headerBytes + beginningOf(dataBytes));
    if (kept === undefined) return undefined;
    const members = spelledMembers(kept.toString('utf8', 0, headerBytes));
    const headerLines = members.map(([key, spelled]) => `${key}: ${spelled}`);
    const omittedBytes = dataBytes - beginningOf(dataBytes);
    return { id, headerLines, text: kept.toString('utf8', headerBytes), omittedBytes };
  }

  #isHere(id: number): boolean {
    return id > this.forgotten && id <= this.#lastId;
  }

  #begin(row: Pick<LogRow, 'atMs' | 'outcome' | 'peerName' | 'type'>): number {
    if (this.#lastId >= ROWS) this.#forget(this.#lastId + 1 - ROWS);
    this.#lastId += 1;
    const index = rowOf(this.#lastId);
    if (index >= this.#flags.length) this.#grow(Math.min(ROWS, 2 * this.#flags.length));
    this.#atMs[index] = row.atMs;
    this.#outcomes[index] = CODES[row.outcome];
    this.#peerNames[index] = row.peerName;
    // Each message brings a new string: equal ones are shared.
    const before = this.#types[rowOf(this.#lastId - 1 || 1)];
    this.#types[index] = row.type === before ? before : row.type;
    return this.#lastId;
  }

  #grow(rows: number): void {
    this.#atMs = larger(this.#atMs, new Float64Array(rows));
    this.#sizeBytes = larger(this.#sizeBytes, new Float64Array(rows));
    this.#dataBytes = larger(this.#dataBytes, new Float64Array(rows));
    this.#bodyAt = larger(this.#bodyAt, new Float64Array(rows));
    this.#headerBytes = larger(this.#headerBytes, new Uint32Array(rows));
    this.#flags = larger(this.#flags, new Uint8Array(rows));
    this.#outcomes = larger(this.#outcomes, new Uint8Array(rows));
  }

  #forget(id: number): void {
    if (this.#texts.size > 0) this.#texts.delete(id);
    if (this.#reasons.size > 0) this.#reasons.delete(id);
    this.#firstWithBody = Math.max(this.#firstWithBody, id + 1);
  }

  /** Called before bytes are written to `bodies`: keeps the first bytes of the messages that they overwrite. */
  #savePreviews(bytes: number): void {
    for (; this.#firstWithBody < this.#lastId; this.#firstWithBody += 1) {
      const row = rowOf(this.#firstWithBody);
      if ((this.#flags[row] as number) === 0) continue;
      const at = this.#bodyAt[row] as number;
      if (this.#bodies.outlives(at, bytes)) return;
      const length = Math.min(this.#dataBytes[row] as number, LIMITS.logPreviewBytes);
      const from = this.#headerBytes[row] as number;
      const kept = this.#bodies.get(at, from + length);
      this.#previews ??= Buffer.allocUnsafeSlow(ROWS * LIMITS.logPreviewBytes);
      kept?.copy(this.#previews, row * LIMITS.logPreviewBytes, from);
    }
  }

  #messageText(id: number): string {
    const row = rowOf(id);
    const dataBytes = this.#dataBytes[row] as number;
    const length = Math.min(dataBytes, LIMITS.logPreviewBytes);
    const previewAt = row * LIMITS.logPreviewBytes;
    const headerBytes = this.#headerBytes[row] as number;
    const text =
      id < this.#firstWithBody
        ? (this.#previews?.toString('utf8', previewAt, previewAt + length) ?? '')
        : (this.#bodies
            .get(this.#bodyAt[row] as number, headerBytes + length)
            ?.toString('utf8', headerBytes) ?? '');
    // A cut inside a character would show a broken character.
    const whole = length < dataBytes ? text.replace(/\ufffd$/, '') : text;
    return ((this.#flags[row] as number) & ANSWER) === 0 ? whole : `answer: ${whole}`;
  }
}

function larger<Column extends Float64Array | Uint32Array | Uint8Array>(
  column: Column,
  into: Column,
): Column {
  into.set(column);
  return into;
}

function rowOf(id: number): number {
  return (id - 1) % ROWS;
}

/** The number of bytes of data that are kept. */
function beginningOf(dataBytes: number): number {
  return Math.min(dataBytes, LIMITS.logBodyBytes);
}

function fileName(header: Header): string {
  const file = header['with_file'] as { readonly dst_name?: unknown } | undefined;
  return String(file?.dst_name ?? '').slice(0, LIMITS.logPreviewBytes);
}
