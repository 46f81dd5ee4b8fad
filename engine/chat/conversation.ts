import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { Ring } from '../base/ring.ts';
import type { LocalRow } from '../contract/commands.ts';
import type { ChatRow } from '../contract/views.ts';

type NewRow = Omit<ChatRow, 'id' | 'atMs'>;
type Change = Partial<Omit<ChatRow, 'id' | 'atMs'>>;

/** Keeps the rows of a conversation. */
export interface RowKeeper {
  added(row: ChatRow): void;
  changed(row: ChatRow): void;
}

/** The conversation with one peer, local remarks included: bounded, newest last. */
export class Conversation {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #rows = new Ring<ChatRow>(LIMITS.conversationRows);
  /** Rows by the keys of LocalRow, so that shell output grows in place. */
  readonly #local = new Map<string, number>();
  #lastId = 0;
  #readId = 0;
  #firstUnread: number | undefined;
  #watched = false;
  /** Of a conversation that is kept for the next start. */
  keeper: RowKeeper | undefined;

  constructor({ clock, onChange }: { readonly clock: Clock; readonly onChange: () => void }) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get length(): number {
    return this.#rows.length;
  }

  get forgotten(): number {
    return this.#rows.dropped;
  }

  get unread(): number {
    let unread = 0;
    for (let index = this.#rows.length - 1; index >= 0; index -= 1) {
      const row = this.#rows.at(index);
      if (row === undefined || row.id <= this.#readId) break;
      if (row.from === 'peer') unread += 1;
    }
    return unread;
  }

  /** The row at `index`, 0 being the oldest that is kept; the first unread one is marked. */
  at(index: number): ChatRow | undefined {
    const row = this.#rows.at(index);
    return row !== undefined && row.id === this.#firstUnread ? { ...row, firstUnread: true } : row;
  }

  /** @returns the row's id, for `change` */
  add(row: NewRow): number {
    const allRead = this.#readId === this.#lastId;
    this.#lastId += 1;
    const added = { id: this.#lastId, atMs: this.#clock.wallNow(), ...row };
    this.#rows.push(added);
    this.keeper?.added(added);
    if (row.from === 'me') this.#firstUnread = undefined;
    if (this.#watched || (allRead && row.from !== 'peer')) this.#readId = this.#lastId;
    else if (row.from === 'peer') this.#firstUnread ??= this.#lastId;
    this.#onChange();
    return this.#lastId;
  }

  /** A row of an earlier run, which was read then. @returns its id */
  addEarlier(row: Omit<ChatRow, 'id'>): number {
    const allRead = this.#readId === this.#lastId;
    this.#lastId += 1;
    this.#rows.push({ id: this.#lastId, ...row, isEarlier: true });
    if (allRead) this.#readId = this.#lastId;
    this.#onChange();
    return this.#lastId;
  }

  /** Changes a row that is still kept. */
  change(id: number, change: Change): void {
    const index = id - 1 - this.#rows.dropped;
    const row = this.#rows.at(index);
    if (row === undefined) return;
    const changed = { ...row, ...change };
    this.#rows.replace(index, changed);
    this.keeper?.changed(changed);
    this.#onChange();
  }

  get(id: number): ChatRow | undefined {
    return this.#rows.at(id - 1 - this.#rows.dropped);
  }

  showLocal({ key, ...row }: LocalRow): void {
    const id = this.#local.get(key);
    if (id !== undefined && this.get(id) !== undefined) {
      this.change(id, row);
    } else {
      this.#local.set(key, this.add({ ...row, from: 'here', author: '' }));
    }
    if (row.shell?.running !== true) this.#local.delete(key);
  }

  /** Marks all rows as read. The marker before the first unread row stays, to show where to continue. */
  markRead(): void {
    if (this.#readId === this.#lastId) return;
    this.#readId = this.#lastId;
    this.#onChange();
  }

  /** The conversation is on a screen, so that nothing in it becomes unread. */
  watch(watched: boolean): void {
    if (this.#watched && !watched) this.#firstUnread = undefined;
    this.#watched = watched;
    if (watched) this.markRead();
  }
}
