import type { HostClock, HostTimer } from '../host.ts';
import { contentRows } from '../panes/content-rows.ts';
import type { EngineData } from '../state/safe-rows.ts';
import type { ContentRows, UiState } from '../state/ui-state.ts';

/** A list that has become shorter keeps its height this long, so that nothing jumps while rows come and go. */
const SHRINK_AFTER_MS = 5_000;

/** How many rows the lists are given: more at once, fewer after a while, or when the user presses a key. */
export class HeldContent {
  readonly #clock: HostClock;
  readonly #onShrink: () => void;
  #timer: HostTimer | undefined;

  constructor(clock: HostClock, onShrink: () => void) {
    this.#clock = clock;
    this.#onShrink = onShrink;
  }

  /** The rows to give; the same object as in `ui` when they stay. */
  next(ui: UiState, data: EngineData, mayShrink: boolean): ContentRows {
    const held = ui.content;
    const wanted = contentRows(ui, data);
    const shrinks = wanted.peers < held.peers || wanted.queues < held.queues;
    // Before the first rows, the height was a guess.
    const isFirst = ui.peers.selected.id === undefined && ui.queues.selected.id === undefined;
    const next =
      mayShrink || isFirst || !shrinks
        ? wanted
        : {
            ...wanted,
            peers: Math.max(wanted.peers, held.peers),
            queues: Math.max(wanted.queues, held.queues),
          };
    if (next === wanted) this.stop();
    else
      this.#timer ??= this.#clock.after(SHRINK_AFTER_MS, () => {
        this.#timer = undefined;
        this.#onShrink();
      });
    return isSame(next, held) ? held : next;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

function isSame(one: ContentRows, other: ContentRows): boolean {
  return one.peers === other.peers && one.queues === other.queues && one.isFirstRun === other.isFirstRun;
}
