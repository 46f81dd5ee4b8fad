import type { SafeText } from '../terminal/sanitize.ts';
import { type MarkedPane, type Marks, NO_MARKS, type PaneName, type UiState } from './ui-state.ts';

export interface MarkableRow {
  readonly id: string;
  readonly name: SafeText;
}

export type MarksAction =
  /** Marks a row, or takes its mark away. */
  | { readonly kind: 'mark'; readonly pane: MarkedPane; readonly row: MarkableRow }
  | { readonly kind: 'mark-all'; readonly pane: MarkedPane; readonly rows: readonly MarkableRow[] }
  | { readonly kind: 'unmark-all'; readonly pane: MarkedPane };

export function isMarksAction(action: { readonly kind: string }): action is MarksAction {
  return ['mark', 'mark-all', 'unmark-all'].includes(action.kind);
}

export function isMarkedPane(pane: PaneName): pane is MarkedPane {
  return pane === 'peers' || pane === 'queues';
}

export function marksOf(ui: UiState, pane: PaneName = ui.focus): Marks {
  return isMarkedPane(pane) ? ui.marks[pane] : NO_MARKS;
}

export function reduceMarks(ui: UiState, action: MarksAction): UiState {
  const marks = new Map(ui.marks[action.pane]);
  if (action.kind === 'mark') {
    if (!marks.delete(action.row.id)) marks.set(action.row.id, action.row.name);
  } else if (action.kind === 'mark-all') {
    for (const { id, name } of action.rows) marks.set(id, name);
  } else {
    if (marks.size === 0) return ui;
    marks.clear();
  }
  return { ...ui, marks: { ...ui.marks, [action.pane]: marks } };
}
