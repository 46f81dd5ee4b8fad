import { LIMITS } from '../base/limits.ts';
import type { LogRow } from '../contract/views.ts';
import type { FoundRows } from './list-window.ts';
import type { MessageLog } from './message-log.ts';
import { type FilteredRows, RowFilter } from './row-filter.ts';

const ROWS = LIMITS.logRows;
/** Each letter that a user types is a new filter: its rows are tested in many turns, which no message waits for. */
const TURN_MS = 5;
const ROWS_PER_TEST = 500;

/** Bits of a row's state. A tested row that has changed since is shown as before until it is tested again. */
const FOUND = 1;
const TESTED = 2;

export const LOG_FILTERED: FilteredRows<LogRow> = {
  // The text at the end, for expressions with `$`.
  textOf: ({ peerName, type, outcome, text, direction, kind }) =>
    `${kind} ${direction ?? ''} ${peerName} ${type} ${outcome} ${text}`,
  fields: {
    peer: ({ peerName }) => peerName,
    type: ({ type }) => type,
    dir: ({ direction }) => direction ?? '',
    outcome: ({ outcome }) => outcome,
    kind: ({ kind }) => kind,
    level: levelOf,
  },
};

/** `error`: a message that its receiver does not get. */
function levelOf({ kind, outcome }: LogRow): string {
  if (outcome === 'refused' || outcome === 'failed' || outcome === 'dropped') return 'error';
  if (kind === 'event') return outcome;
  return 'message';
}

/** The rows of the log that a filter finds. It tests only new rows and those that have changed, a part in each turn. */
export class FilteredLog {
  readonly #log: MessageLog;
  readonly #filter: RowFilter<LogRow>;
  readonly #states = new Uint8Array(ROWS);
  #seenId = 0;
  readonly #unwatch: () => void;

  constructor(log: MessageLog, filter: string) {
    this.#log = log;
    this.#filter = new RowFilter(filter, LOG_FILTERED);
    this.#unwatch = log.watchChanges((from, to) => {
      for (let id = from; id <= to; id += 1) this.#states[slotOf(id)] = this.#stateOf(id) & FOUND;
    });
  }

  close(): void {
    this.#unwatch();
  }

  /** The rows found so far. */
  find(): FoundRows {
    const { length, forgotten } = this.#log;
    const lastId = forgotten + length;
    for (let id = Math.max(this.#seenId, forgotten) + 1; id <= lastId; id += 1) this.#states[slotOf(id)] = 0;
    this.#seenId = lastId;
    const isPartial = this.#testNext(forgotten + 1, lastId);
    const indexes: number[] = [];
    for (let index = 0; index < length; index += 1)
      if ((this.#stateOf(forgotten + index + 1) & FOUND) !== 0) indexes.push(index);
    return { indexes, fault: this.#filter.fault, isPartial };
  }

  /** Newest first: these are looked at. @returns whether some are left */
  #testNext(firstId: number, lastId: number): boolean {
    const until = performance.now() + TURN_MS;
    let ids: number[] = [];
    for (let id = lastId; id >= firstId; id -= 1) {
      if ((this.#stateOf(id) & TESTED) !== 0) continue;
      ids.push(id);
      if (ids.length < ROWS_PER_TEST && id > firstId) continue;
      if (!this.#test(ids) || performance.now() > until) return true;
      ids = [];
    }
    return ids.length > 0 && !this.#test(ids);
  }

  /** @returns false if there was no time for all of them */
  #test(newestFirst: readonly number[]): boolean {
    const { forgotten } = this.#log;
    // The log reads a batch from its first message on: in this order, it does so once.
    const ids = newestFirst.toReversed();
    const rows = ids.flatMap((id) => this.#log.at(id - forgotten - 1) ?? []);
    const results = this.#filter.test(rows);
    for (const [index, isFound] of results.entries())
      this.#states[slotOf(ids[index] as number)] = TESTED | (isFound ? FOUND : 0);
    return results.length === ids.length;
  }

  #stateOf(id: number): number {
    return this.#states[slotOf(id)] as number;
  }
}

/** A row's place in the states. */
function slotOf(id: number): number {
  return (id - 1) % ROWS;
}
