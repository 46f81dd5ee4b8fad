import type { EngineData } from './safe-rows.ts';
import type { ListState, UiState } from './ui-state.ts';

/** What a screen takes over to the next run of its connector, whose ids mean other things. */
export interface LastRun {
  ui?: UiState;
  /** The names of the selected rows. */
  peer?: string | undefined;
  queue?: string | undefined;
}

/** The first state of a screen that comes back: the same pane, filters, order and place. The log is followed again. */
export function resumed(fresh: UiState, { ui }: LastRun): UiState {
  if (ui === undefined) return fresh;
  const { focus, zoom, focusChosen, clipboard, mouse, theme, executed } = ui;
  return {
    ...fresh,
    ...{ focus, zoom, focusChosen, clipboard, mouse, executed },
    ...(theme !== undefined && { theme }),
    peers: withoutId(ui.peers),
    queues: withoutId(ui.queues),
    log: { filter: ui.log.filter },
  };
}

/** The place of the row with the name of then; undefined if it is not loaded. */
export function placeOf<Row extends { readonly id: string }>(
  name: string | undefined,
  update: { readonly offset: number; readonly rows: readonly Row[] } | undefined,
  nameOf: (row: Row) => string,
): { readonly id: string; readonly index: number } | undefined {
  const at = update?.rows.findIndex((row) => nameOf(row) === name) ?? -1;
  const row = update?.rows[at];
  return update === undefined || row === undefined ? undefined : { id: row.id, index: update.offset + at };
}

type QueueName = Pick<NonNullable<EngineData['queues']>['rows'][number], 'direction' | 'peerName' | 'type'>;

export function queueKey({ direction, peerName, type }: QueueName): string {
  return JSON.stringify([direction, peerName, type]);
}

function withoutId<Sort extends string>(list: ListState<Sort>): ListState<Sort> {
  const { id: _old, ...selected } = list.selected;
  return { ...list, selected };
}
