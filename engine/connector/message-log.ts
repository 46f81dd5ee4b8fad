import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { RecentBytes } from '../base/recent-bytes.ts';
import type { Body, LogRow, Outcome } from '../contract/views.ts';
import type { TrafficEntry, TrafficLog } from '../peers/traffic-log.ts';
import { type Header, pythonJson } from '../protocol/header.ts';
import type { LogLine } from './connector-options.ts';

/**
 * A row as it is kept. There is one for most messages and few are ever looked at, so nothing is made readable before
 * that, and the oldest row's object is used again for the newest: what lives long is dear to the garbage collector.
 */
interface Slot {
  id: number;
  atMs: number;
  kind: LogRow['kind'];
  direction: LogRow['direction'];
  peerName: string;
  type: string;
  sizeBytes: number;
  outcome: Outcome;
  /** Of what is no message; a message's text is made from its beginning. */
  text: string;
  why: string | undefined;
  isAnswer: boolean;
  previewBytes: number;
  bodyAt: number;
  headerBytes: number;
  beginningBytes: number;
  dataBytes: number;
}

/** All that has happened, newest last, and the bodies of the last messages. Bounded in rows and in bytes. */
export class MessageLog implements TrafficLog {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #onLine: ((line: LogLine) => void) | undefined;
  readonly #slots: Slot[] = [];
  /** The beginning of each row's message, as many bytes for each. */
  readonly #previews = Buffer.allocUnsafeSlow(LIMITS.logRows * LIMITS.logPreviewBytes);
  readonly #bodies = new RecentBytes(LIMITS.logBodiesBytes);
  #lastId = 0;
  #lastType = '';

  constructor(options: {
    readonly clock: Clock;
    readonly onChange: () => void;
    /** Sees each line as it is written. */
    readonly onLine?: (line: LogLine) => void;
  }) {
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#onLine = options.onLine;
  }

  get length(): number {
    return this.#slots.length;
  }

  get forgotten(): number {
    return this.#lastId - this.#slots.length;
  }

  /** The row at `index`, 0 being the oldest that is still here. */
  at(index: number): LogRow | undefined {
    const isHere = index >= 0 && index < this.length;
    const slot = isHere ? this.#slots[(this.forgotten + index) % LIMITS.logRows] : undefined;
    if (slot === undefined) return undefined;
    const { id, atMs, kind, direction, peerName, type, sizeBytes, outcome, why } = slot;
    const text = this.#textOf(slot);
    return {
      ...{ id, atMs, kind, peerName, type, outcome },
      ...(direction !== undefined && { direction, sizeBytes }),
      text: why === undefined ? text : `${text} (${why})`,
      hasBody: kind !== 'event',
    };
  }

  traffic(entry: TrafficEntry): number {
    const { kind, direction, peerName, sizeBytes, outcome, header, data } = entry;
    const slot = this.#nextSlot();
    slot.kind = kind;
    slot.direction = direction;
    slot.peerName = peerName;
    slot.type = this.#sameType(header.message_type);
    slot.sizeBytes = sizeBytes;
    slot.outcome = outcome;
    slot.text = kind === 'file' ? fileName(header) : '';
    slot.isAnswer = header['response_id'] !== undefined;
    const preview = Math.min(data.length, LIMITS.logPreviewBytes);
    slot.previewBytes = preview;
    data.copy(this.#previews, this.#previewAt(slot), 0, preview);
    const headerBytes = entry.headerBytes ?? Buffer.from(JSON.stringify(header));
    slot.headerBytes = headerBytes.length;
    slot.beginningBytes = Math.min(data.length, LIMITS.logBodyBytes);
    slot.dataBytes = data.length;
    slot.bodyAt = this.#bodies.put(headerBytes, data, slot.beginningBytes);
    this.#onChange();
    return slot.id;
  }

  settle(id: number, outcome: Outcome, why?: string): void {
    const slot = this.#slotOf(id);
    if (slot === undefined) return;
    slot.outcome = outcome;
    slot.why = why;
    this.#onChange();
  }

  event(
    text: string,
    { peerName = '', warning = false }: { peerName?: string; warning?: boolean } = {},
  ): void {
    const slot = this.#nextSlot();
    slot.kind = 'event';
    slot.direction = undefined;
    slot.peerName = peerName;
    slot.type = '';
    slot.outcome = warning ? 'warning' : 'info';
    slot.text = text;
    this.#onChange();
    this.#onLine?.({
      level: warning ? 'WARNING' : 'INFO',
      text: peerName === '' ? text : `${peerName}: ${text}`,
    });
  }

  body(id: number): Body | undefined {
    const slot = this.#slotOf(id);
    if (slot === undefined || slot.kind === 'event') return undefined;
    const { bodyAt, headerBytes, beginningBytes, dataBytes } = slot;
    const kept = this.#bodies.get(bodyAt, headerBytes + beginningBytes);
    if (kept === undefined) return undefined;
    const header = JSON.parse(kept.toString('utf8', 0, headerBytes)) as Header;
    const headerLines = Object.entries(header).map(([key, value]) => `${key}: ${pythonJson(value)}`);
    const text = kept.toString('utf8', headerBytes);
    return { id, headerLines, text, omittedBytes: dataBytes - beginningBytes };
  }

  #slotOf(id: number): Slot | undefined {
    const slot = this.#slots[(id - 1) % LIMITS.logRows];
    return slot?.id === id ? slot : undefined;
  }

  #previewAt({ id }: Slot): number {
    return ((id - 1) % LIMITS.logRows) * LIMITS.logPreviewBytes;
  }

  #textOf(slot: Slot): string {
    if (slot.kind !== 'message') return slot.text;
    const at = this.#previewAt(slot);
    const end = at + slot.previewBytes;
    // Cut within a character, the last one would be shown as broken.
    const isCut = slot.previewBytes < slot.dataBytes;
    const text = this.#previews.toString('utf8', at, end);
    const whole = isCut ? text.replace(/\ufffd$/, '') : text;
    return slot.isAnswer ? `answer: ${whole}` : whole;
  }

  /** The same string again for the same type, which comes as a new one with each message. */
  #sameType(type: string): string {
    if (type !== this.#lastType) this.#lastType = type;
    return this.#lastType;
  }

  #nextSlot(): Slot {
    const index = this.#lastId % LIMITS.logRows;
    this.#lastId += 1;
    let slot = this.#slots[index];
    if (slot === undefined) {
      slot = emptySlot();
      this.#slots.push(slot);
    }
    slot.id = this.#lastId;
    slot.atMs = this.#clock.wallNow();
    slot.why = undefined;
    return slot;
  }
}

function emptySlot(): Slot {
  return {
    ...{ id: 0, atMs: 0, kind: 'event', direction: undefined, peerName: '', type: '', sizeBytes: 0 },
    ...{ outcome: 'info', text: '', why: undefined, isAnswer: false, previewBytes: 0 },
    ...{ bodyAt: 0, headerBytes: 0, beginningBytes: 0, dataBytes: 0 },
  };
}

function fileName(header: Header): string {
  const file = header['with_file'] as { readonly dst_name?: unknown } | undefined;
  return String(file?.dst_name ?? '').slice(0, LIMITS.logPreviewBytes);
}
