import type { View } from '../contract/views.ts';
import { FilteredLog } from './filtered-log.ts';
import type { FoundRows } from './list-window.ts';
import type { MessageLog } from './message-log.ts';
import { type FilteredRows, RowFilter } from './row-filter.ts';

/** The filters of the open views: each is compiled once, and views with the same filter share what it has found. */
export class ViewFilters {
  readonly #log: MessageLog;
  readonly #ofRows = new Map<string, unknown>();
  readonly #ofLog = new Map<string, FilteredLog>();

  constructor(log: MessageLog) {
    this.#log = log;
  }

  /** Forgets the filters of closed views. */
  keep(views: readonly View[]): void {
    const used = new Set(views.flatMap((view) => ('filter' in view ? [keyOf(view.pane, view.filter)] : [])));
    for (const key of this.#ofRows.keys()) if (!used.has(key)) this.#ofRows.delete(key);
    for (const [text, filtered] of this.#ofLog) {
      if (used.has(keyOf('log', text))) continue;
      filtered.close();
      this.#ofLog.delete(text);
    }
  }

  /** @param rows always the same for a pane */
  ofRows<Row>(pane: View['pane'], text: string, rows: FilteredRows<Row>): RowFilter<Row> {
    const key = keyOf(pane, text);
    const filter = (this.#ofRows.get(key) as RowFilter<Row> | undefined) ?? new RowFilter(text, rows);
    this.#ofRows.set(key, filter);
    return filter;
  }

  /** The rows of the log that a filter finds; undefined: all of them. */
  inLog(text: string): FoundRows | undefined {
    if (text.trim() === '') return undefined;
    const filtered = this.#ofLog.get(text) ?? new FilteredLog(this.#log, text);
    this.#ofLog.set(text, filtered);
    return filtered.find();
  }
}

function keyOf(pane: View['pane'], text: string): string {
  return `${pane} ${text}`;
}
