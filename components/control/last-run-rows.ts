import type { KeyContext } from '../keys/key-context.ts';
import { type LastRun, placeOf, queueKey, resumed } from '../state/last-run.ts';
import type { EngineData } from '../state/safe-rows.ts';
import { reduceUi } from '../state/ui-reducer.ts';
import type { UiState } from '../state/ui-state.ts';

/** Selects the rows of the screen's earlier run again, by their names, and notes those of this run for the next. */
export class LastRunRows {
  readonly #lastRun: LastRun;
  /** What is not selected again yet. */
  #sought: Pick<LastRun, 'peer' | 'queue'>;

  constructor(lastRun: LastRun) {
    this.#lastRun = lastRun;
    this.#sought = { peer: lastRun.peer, queue: lastRun.queue };
  }

  resumed(fresh: UiState): UiState {
    return resumed(fresh, this.#lastRun);
  }

  note({ ui, context }: { readonly ui: UiState; readonly context: KeyContext }): void {
    const { peer, queue } = context;
    const isChosen = ui.queues.selected.byHand === true && queue !== undefined;
    this.#lastRun.ui = ui;
    this.#lastRun.peer = this.#sought.peer ?? peer?.wireName;
    this.#lastRun.queue = this.#sought.queue ?? (isChosen ? queueKey(queue) : undefined);
  }

  /** The user has pressed a key: what has not come back is not selected any more. */
  stop(): void {
    this.#sought = { peer: undefined, queue: undefined };
  }

  /** The state with the rows selected that have come. */
  resume(ui: UiState, { peers, queues }: EngineData): UiState {
    const peer = placeOf(this.#sought.peer, peers, ({ wireName }) => wireName);
    const queue = placeOf(this.#sought.queue, queues, queueKey);
    const withPeer = peer === undefined ? ui : reduceUi(ui, { kind: 'select', pane: 'peers', ...peer });
    if (peer !== undefined) this.#sought = { ...this.#sought, peer: undefined };
    if (queue === undefined) return withPeer;
    this.#sought = { ...this.#sought, queue: undefined };
    return reduceUi(withPeer, { kind: 'select', pane: 'queues', ...queue });
  }
}
