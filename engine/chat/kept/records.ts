import * as z from 'zod';
import { LIMITS } from '../../base/limits.ts';
import type { ChatRow, TransferState } from '../../contract/views.ts';
import type { MessageNumber } from '../../protocol/message-number.ts';

/** The marks that a line keeps: what became of it is certain then. */
export type FinalMark = 'received' | 'dropped' | 'failed';

/** A row of an earlier run: a line, or a transfer that has ended. */
export interface KeptRow extends Pick<ChatRow, 'atMs' | 'author' | 'text'> {
  /** Names it in the file. */
  readonly key: string;
  readonly from: 'me' | 'peer';
  readonly mark?: FinalMark;
  readonly transfer?: TransferState;
}

/** One line of a conversation's file. */
export type KeptRecord =
  | { readonly kind: 'row'; readonly row: KeptRow }
  | { readonly kind: 'mark'; readonly key: string; readonly mark: FinalMark }
  /** How the peer is called now. */
  | { readonly kind: 'name'; readonly name: string }
  /** The last message of the peer that is in the conversation. */
  | { readonly kind: 'received'; readonly number: MessageNumber };

/** What the records of a file say together. */
export interface KeptContent {
  readonly name: string | undefined;
  /** Oldest first. */
  readonly rows: readonly KeptRow[];
  /** By epoch, the last number received. */
  readonly received: readonly MessageNumber[];
}

const MARK = z.enum(['received', 'dropped', 'failed']);
const TRANSFER = z.object({
  phase: z.enum(['done', 'refused', 'failed', 'cancelled']),
  doneBytes: z.number(),
  totalBytes: z.number(),
  bytesPerSecond: z.number(),
  resumedBytes: z.number().optional(),
  detail: z.string().optional(),
  leftOut: z.number().optional(),
  warning: z.string().optional(),
});
const RECORD = z.union([
  z.object({
    key: z.string(),
    at_ms: z.number(),
    from: z.enum(['me', 'peer']),
    author: z.string(),
    text: z.string(),
    mark: MARK.optional(),
    transfer: TRANSFER.optional(),
  }),
  z.object({ key: z.string(), mark: MARK }),
  z.object({ epoch: z.string(), seq: z.number() }),
  z.object({ name: z.string() }),
]);

/** The record as a line of JSON, without its end. */
export function recordText(record: KeptRecord): string {
  switch (record.kind) {
    case 'row': {
      const { key, atMs, from, author, text, mark, transfer } = record.row;
      return JSON.stringify({ key, at_ms: atMs, from, author, text, mark, transfer });
    }
    case 'mark':
      return JSON.stringify({ key: record.key, mark: record.mark });
    case 'received':
      return JSON.stringify(record.number);
    case 'name':
      return JSON.stringify({ name: record.name });
  }
}

/** Programs may send a thousand messages a second: of the numbers in the same epoch, only the last one counts. */
export function withoutOldNumbers(records: readonly KeptRecord[]): readonly KeptRecord[] {
  const last = new Map<string, KeptRecord>();
  for (const record of records) if (record.kind === 'received') last.set(record.number.epoch, record);
  return records.filter((record) => record.kind !== 'received' || last.get(record.number.epoch) === record);
}

/** Reads the lines of a file. A line that a crash has torn, or that a newer version wrote, is skipped. */
export function contentOfFile(text: string): KeptContent {
  let name: string | undefined;
  const rows = new Map<string, KeptRow>();
  const received = new Map<string, number>();
  for (const line of text.split('\n')) {
    const record = RECORD.safeParse(jsonOf(line)).data;
    if (record === undefined) continue;
    if ('text' in record) {
      const { at_ms: atMs, mark, transfer, ...row } = record;
      const state = transfer as TransferState | undefined;
      rows.set(row.key, {
        ...{ ...row, atMs },
        ...(mark !== undefined && { mark }),
        ...(state !== undefined && { transfer: state }),
      });
    } else if ('key' in record) {
      const row = rows.get(record.key);
      if (row !== undefined) rows.set(record.key, { ...row, mark: record.mark });
    } else if ('epoch' in record) {
      // The latest epochs stay.
      received.delete(record.epoch);
      received.set(record.epoch, record.seq);
    } else name = record.name;
  }
  return {
    name,
    rows: [...rows.values()],
    received: [...received]
      .slice(-LIMITS.conversationEpochs)
      .map(([epoch, seq]): MessageNumber => ({ epoch, seq })),
  };
}

/** The records of a content, the newest rows first to stay, in at most `bytesMax`. */
export function compacted({ name, rows, received }: KeptContent, bytesMax: number): string {
  const lines: string[] = [];
  let bytes = 0;
  for (const row of rows.toReversed()) {
    const line = `${recordText({ kind: 'row', row })}\n`;
    bytes += Buffer.byteLength(line);
    if (bytes > bytesMax) break;
    lines.push(line);
  }
  const about: KeptRecord[] = [
    ...(name === undefined ? [] : [{ kind: 'name', name } as const]),
    ...received.map((number) => ({ kind: 'received', number }) as const),
  ];
  return [...about.map((record) => `${recordText(record)}\n`), ...lines.reverse()].join('');
}

function jsonOf(line: string): unknown {
  try {
    return line === '' ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}
