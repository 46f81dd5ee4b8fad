import type { EngineApi } from '../../engine/contract/engine-api.ts';
import type { Update, View } from '../../engine/contract/views.ts';

/** Rows that a list in the conversation may have. */
const LISTED_MAX = 200;

/** What a view shows now. */
export function readOnce<Pane extends View['pane']>(
  engine: EngineApi,
  view: Extract<View, { pane: Pane }>,
): Promise<Extract<Update, { pane: Pane }>> {
  return new Promise((resolve) => {
    // The first update may come before `open` returns.
    let isClosed = false;
    let close = (): void => {
      isClosed = true;
    };
    const subscription = engine.open(view, (update) => {
      close();
      if (update.pane === view.pane) resolve(update as Extract<Update, { pane: Pane }>);
    });
    if (isClosed) subscription.close();
    else close = () => subscription.close();
  });
}

export const ALL_PEERS: Extract<View, { pane: 'peers' }> = {
  ...{ pane: 'peers', filter: '', sort: 'name', descending: false, offset: 0, rows: LISTED_MAX },
};

export const ALL_TRANSFERS: Extract<View, { pane: 'transfers' }> = {
  ...{ pane: 'transfers', filter: '', sort: 'name', descending: false, offset: 0, rows: LISTED_MAX },
};
