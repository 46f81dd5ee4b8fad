import { marksOf } from './marks.ts';
import type { UiState } from './ui-state.ts';

/** What Esc takes back in a pane, one thing at a time; undefined when there is nothing. */
export type WayBack = 'unmark' | 'unfreeze' | 'show all' | 'follow' | 'unzoom';

export function wayBack(ui: UiState): WayBack | undefined {
  if (marksOf(ui).size > 0) return 'unmark';
  if (ui.focus === 'log' && ui.frozenLogId !== undefined) return 'unfreeze';
  const pane = ui[ui.focus];
  if (pane.filter !== '') return 'show all';
  if ('endId' in pane && pane.endId !== undefined) return 'follow';
  return ui.zoom ? 'unzoom' : undefined;
}
