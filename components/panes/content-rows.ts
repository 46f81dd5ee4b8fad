import { isSingle, layoutOf } from '../layout.ts';
import type { EngineData } from '../state/safe-rows.ts';
import type { ContentRows, UiState } from '../state/ui-state.ts';
import { peersContentRows } from './peers-pane.ts';
import { queuesContentRows } from './queues-pane.ts';

/** What the lists hold. A layout with a single pane has no use for it: there it stays. */
export function contentRows(ui: UiState, data: EngineData): ContentRows {
  const isFirstRun = data.peers?.total === 0;
  const { peers: box } = layoutOf({ ...ui, content: { ...ui.content, isFirstRun } });
  if (box === undefined || isSingle(ui)) return ui.content;
  return {
    peers: peersContentRows({ ui, data, box }),
    queues: queuesContentRows({ data }),
    isFirstRun,
  };
}
