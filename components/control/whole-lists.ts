import type { EngineApi } from '../../engine/contract/engine-api.ts';
import type { Update, View } from '../../engine/contract/views.ts';

/** The engine gives at most this many rows of a view. */
export const ROWS_A_VIEW = 1_000;
const PATIENCE_MS = 5_000;

type UpdateOf<Pane extends View['pane']> = Extract<Update, { readonly pane: Pane }>;

/**
 * The first whole update of a view that is closed again: for rows that the screen does not show.
 *
 * @returns undefined if the engine does not answer in time
 */
export function lookOnce<Pane extends View['pane']>(
  engine: EngineApi,
  view: Extract<View, { readonly pane: Pane }>,
  after: (delayMs: number, action: () => void) => { cancel(): void },
): Promise<UpdateOf<Pane> | undefined> {
  return new Promise((resolve) => {
    const taken = (update: Update | undefined): void => {
      late.cancel();
      // An engine in this process answers before `open` has returned.
      queueMicrotask(() => subscription.close());
      resolve(update as UpdateOf<Pane> | undefined);
    };
    const late = after(PATIENCE_MS, () => taken(undefined));
    const subscription = engine.open(view, (update) => {
      // Another one follows, with the rows that its filter has not tested yet.
      if (!('isPartial' in update)) taken(update);
    });
  });
}
