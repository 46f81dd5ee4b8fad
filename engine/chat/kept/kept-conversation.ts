import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { ChatRow } from '../../contract/views.ts';
import type { MessageNumber } from '../../protocol/message-number.ts';
import type { StoredPosition } from '../../queues/message-source.ts';
import type { Conversation } from '../conversation.ts';
import type { ConversationFile } from './conversation-file.ts';
import type { FinalMark, KeptContent, KeptRow } from './records.ts';

/** A line that waits in the peer's queue since an earlier run. */
export interface QueuedLine {
  readonly number: MessageNumber;
  readonly atMs: number;
  readonly text: string;
}

export interface KeptConversationOptions {
  readonly file: ConversationFile;
  readonly content: KeptContent;
  /** Of this run: no other run has it. */
  readonly runId: string;
  readonly ownName: string;
  readonly messageType: string;
}

/** One conversation that is kept: it writes the rows that are said, and shows those of earlier runs. */
export class KeptConversation {
  readonly #options: KeptConversationOptions;
  readonly #received: Map<string, number>;
  /** Names in the file of rows that are in it. */
  readonly #keys = new Map<number, string>();
  /** Rows of lines that wait since an earlier run, by their numbers in the queue. */
  readonly #queued = new Map<string, number>();
  #conversation: Conversation | undefined;
  #name: string | undefined;

  constructor(options: KeptConversationOptions) {
    this.#options = options;
    this.#name = options.content.name;
    this.#received = new Map(options.content.received.map(({ epoch, seq }) => [epoch, seq]));
  }

  /** How the peer was called last. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Whether anything was said in earlier runs. */
  get hasRows(): boolean {
    return this.#options.content.rows.length > 0;
  }

  /** Of the peer's messages, the last that are in it: they are not taken again. */
  get stored(): readonly StoredPosition[] {
    const { messageType: type } = this.#options;
    return [...this.#received].map(([epoch, seq]) => ({ epoch, seq, type, hasGap: false }));
  }

  /** Shows the earlier rows, and keeps what is said from now on, and what was said before in this run. */
  show(conversation: Conversation, queued: readonly QueuedLine[] = []): void {
    this.#conversation = conversation;
    const saidBefore = Array.from({ length: conversation.length }, (_, at) => conversation.at(at));
    this.#restore(conversation, queued);
    for (const row of saidBefore) if (row !== undefined) this.#added(row);
    conversation.keeper = { added: (row) => this.#added(row), changed: (row) => this.#changed(row) };
  }

  called(name: string): void {
    if (name === this.#name) return;
    this.#name = name;
    this.#options.file.add({ kind: 'name', name });
  }

  /** The peer's messages up to this one are in the conversation. */
  received(number: MessageNumber): void {
    this.#received.set(number.epoch, number.seq);
    this.#options.file.add({ kind: 'received', number });
  }

  /** A line that waited since an earlier run has gone on; false if this conversation has none of that number. */
  progressed(number: MessageNumber, mark: NonNullable<ChatRow['mark']>): boolean {
    const row = this.#queued.get(nameOf(number));
    if (row === undefined) return false;
    this.#conversation?.change(row, { mark });
    return true;
  }

  saved(): Promise<void> {
    return this.#options.file.saved();
  }

  /** The queue knows what still waits; the file may lack the end of it, or not know that it has arrived. */
  #restore(conversation: Conversation, queued: readonly QueuedLine[]): void {
    const { content, ownName } = this.#options;
    const waiting = [...queued];
    for (const row of content.rows.slice(-LIMITS.conversationRowsShown)) {
      const isOpen = row.from === 'me' && row.transfer === undefined && row.mark === undefined;
      const at = isOpen ? waiting.findIndex(({ text }) => text === row.text) : -1;
      const [line] = at < 0 ? [] : waiting.splice(at, 1);
      const id = conversation.addEarlier(shownAgain(row, isOpen, line));
      this.#keys.set(id, row.key);
      if (line !== undefined) this.#queued.set(nameOf(line.number), id);
    }
    for (const { number, atMs, text } of waiting) {
      const id = conversation.addEarlier({ atMs, text, from: 'me', author: ownName, mark: 'waiting' });
      this.#queued.set(nameOf(number), id);
    }
  }

  #added(row: ChatRow): void {
    if (row.from === 'here' || !isSettled(row) || this.#keys.has(row.id)) return;
    const key = `${this.#options.runId}${row.id.toString(36)}`;
    this.#keys.set(row.id, key);
    this.#options.file.add({ kind: 'row', row: keptRow(row, key) });
  }

  #changed(row: ChatRow): void {
    const key = this.#keys.get(row.id);
    if (key === undefined) return this.#added(row);
    const mark = finalMark(row);
    if (mark !== undefined) this.#options.file.add({ kind: 'mark', key, mark });
  }
}

function nameOf({ epoch, seq }: MessageNumber): string {
  return `${epoch} ${seq}`;
}

/** Without an ack and without a place in the queue, nobody knows whether a line has arrived. */
function shownAgain(row: KeptRow, isOpen: boolean, line: QueuedLine | undefined): Omit<ChatRow, 'id'> {
  const { key: _inFile, mark, ...said } = row;
  const now = isOpen ? (line === undefined ? 'unknown' : 'waiting') : mark;
  return { ...said, ...(now !== undefined && { mark: now }) };
}

/** A transfer is kept when it has ended. */
function isSettled({ transfer }: ChatRow): boolean {
  return transfer === undefined || !['preparing', 'waiting', 'running'].includes(transfer.phase);
}

function keptRow({ atMs, from, author, text, transfer, ...row }: ChatRow, key: string): KeptRow {
  const mark = finalMark(row);
  if (from === 'here') throw new AiocError('AIOC_INTERNAL', 'a remark is not kept');
  return {
    ...{ key, atMs, from, author, text },
    ...(mark !== undefined && { mark }),
    ...(transfer !== undefined && { transfer }),
  };
}

function finalMark({ mark }: Pick<ChatRow, 'mark'>): FinalMark | undefined {
  return mark === 'received' || mark === 'dropped' || mark === 'failed' ? mark : undefined;
}
