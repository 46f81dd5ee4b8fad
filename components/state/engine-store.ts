import type { EngineApi, ViewSubscription } from '../../engine/contract/engine-api.ts';
import type { LogRow, TailUpdate, Update, View } from '../../engine/contract/views.ts';
import type { HostClock, HostTimer } from '../host.ts';
import { FROZEN_ROWS, frozenWindow } from './frozen-log.ts';
import { type EngineData, withUpdate } from './safe-rows.ts';

/** Numbers that change more often than this cannot be read. */
const PAUSE_MS = 200;
/** With reduced motion. */
const STILL_PAUSE_MS = 1_000;
/** The updates of one tick come one after the other: they are shown in one frame. */
const GATHER_MS = 5;
/** A line of a conversation is shown sooner than numbers. */
const CHAT_MS = 50;

type LogView = Extract<View, { readonly pane: 'log' }>;
type LogUpdate = Extract<Update, { readonly pane: 'log' }>;

interface FrozenLog {
  /** Its rows when it was frozen; undefined until they have come. */
  kept: TailUpdate<LogRow> | undefined;
  /** Rows of its pane. */
  rows: number;
}

interface Slot {
  readonly open: ViewSubscription;
  readonly view: View;
  /** The view as text, to detect changes. */
  readonly wanted: string;
  /** The view has changed: the user waits for its first update. */
  isAwaited: boolean;
}

/**
 * Keeps the views of the screen open, and their newest updates. The updates of a tick are reported together, at most five
 * times a second; those that a key has caused, and lines of a conversation, do not wait so long.
 */
export class EngineStore {
  readonly #engine: EngineApi;
  readonly #clock: HostClock;
  /** Numbers change at most once a second. */
  readonly #isStill: boolean;
  readonly #onChange: (data: EngineData) => void;
  readonly #slots = new Map<View['pane'], Slot>();
  #data: EngineData = {};
  /** No report is due before its end. */
  #pause: HostTimer | undefined;
  /** The next report, during the pause or after it. */
  #nextReport: HostTimer | undefined;
  #isDirty = false;
  /** Panes whose newest update has not been shown yet. */
  readonly #unshown = new Set<View['pane']>();
  #skipped = 0;
  /** The log is frozen: its rows at that moment, once they have come. */
  #frozen: FrozenLog | undefined;
  /** An update can arrive before `open` has returned; it is reported when all views are open. */
  #isShowing = false;

  constructor(
    { engine, host, isStill }: { engine: EngineApi; host: { readonly clock: HostClock }; isStill: boolean },
    onChange: (data: EngineData) => void,
  ) {
    this.#engine = engine;
    this.#clock = host.clock;
    this.#isStill = isStill;
    this.#onChange = onChange;
  }

  /** Updates that a newer one replaced before they were shown. */
  get skippedUpdates(): number {
    return this.#skipped;
  }

  get data(): EngineData {
    return this.#data;
  }

  /** A frozen log shows the rows that it had: its view closes. */
  freezeLog(isFrozen: boolean): void {
    if (isFrozen === (this.#frozen !== undefined)) return;
    this.#frozen = isFrozen ? { kept: undefined, rows: 0 } : undefined;
  }

  /** Opens, changes and closes views until exactly these are open, at most one for each pane. */
  show(views: readonly View[]): void {
    for (const [pane, slot] of this.#slots) {
      if (views.some((view) => view.pane === pane)) continue;
      this.#slots.delete(pane);
      slot.open.close();
      this.#forget(pane);
    }
    this.#isShowing = true;
    for (const view of views) {
      if (view.pane === 'log' && this.#frozen !== undefined) this.#wantFrozen(view, this.#frozen);
      else this.#want(view);
    }
    this.#isShowing = false;
    if (this.#isDirty && this.#pause === undefined && this.#nextReport === undefined) this.#tell();
  }

  close(): void {
    this.show([]);
    this.#pause?.cancel();
    this.#nextReport?.cancel();
  }

  #wantFrozen(view: LogView, frozen: FrozenLog): void {
    frozen.rows = view.rows;
    if (frozen.kept !== undefined) return this.#showLog(frozenWindow(frozen.kept, view));
    const last = this.#data.log?.rows.at(-1)?.id;
    this.#want({ ...view, rows: FROZEN_ROWS, ...(last !== undefined && { endId: last }) });
  }

  /** When the rows to keep have come, nothing more is asked of the connector. One for the window before may still come. */
  #ifFrozen(update: LogUpdate): LogUpdate {
    const frozen = this.#frozen;
    if (frozen?.kept !== undefined) return { pane: 'log', ...frozenWindow(frozen.kept, frozen) };
    if (frozen === undefined || !isWhole(update)) return update;
    frozen.kept = update;
    this.#slots.get('log')?.open.close();
    this.#slots.delete('log');
    return { pane: 'log', ...frozenWindow(update, frozen) };
  }

  #showLog(update: TailUpdate<LogRow>): void {
    const before = this.#data.log;
    this.#data = withUpdate(this.#data, { pane: 'log', ...update });
    const isSame = before?.rows.length === update.rows.length && before.rows[0]?.id === update.rows[0]?.id;
    if (!isSame) this.#isDirty = true;
  }

  #want(view: View): void {
    const { pane } = view;
    const wanted = JSON.stringify(view);
    const slot = this.#slots.get(pane);
    if (slot?.wanted === wanted) return;
    if (slot !== undefined) {
      if (view.pane === 'chat' && this.#data.chat?.peer !== view.peer) this.#forget(pane);
      this.#slots.set(pane, { open: slot.open, view, wanted, isAwaited: true });
      slot.open.change(view);
      return;
    }
    let isOpen = true;
    const open = this.#engine.open(view, (update) => {
      if (isOpen) this.#take(update);
    });
    const close = (): void => {
      isOpen = false;
      open.close();
    };
    const handle = { change: (next: View) => open.change(next), close };
    this.#slots.set(pane, { open: handle, view, wanted, isAwaited: this.#data[pane] === undefined });
  }

  #take(update: Update): void {
    // A late update of the previous conversation.
    const slot = this.#slots.get(update.pane);
    if (update.pane === 'chat' && slot?.view.pane === 'chat' && slot.view.peer !== update.peer) return;
    this.#data = withUpdate(this.#data, update.pane === 'log' ? this.#ifFrozen(update) : update);
    if (this.#unshown.has(update.pane)) this.#skipped += 1;
    this.#unshown.add(update.pane);
    this.#isDirty = true;
    const isAwaited = slot?.isAwaited === true;
    if (slot !== undefined) slot.isAwaited = false;
    if (this.#isShowing) return;
    if (isAwaited || this.#pause === undefined) this.#tellIn(GATHER_MS);
    else if (update.pane === 'chat' && !this.#isStill) this.#tellIn(CHAT_MS);
  }

  #tellIn(delayMs: number): void {
    this.#nextReport ??= this.#clock.after(delayMs, () => this.#tell());
  }

  #tell(): void {
    this.#isDirty = false;
    this.#unshown.clear();
    this.#nextReport?.cancel();
    this.#nextReport = undefined;
    this.#pause?.cancel();
    this.#pause = this.#clock.after(this.#isStill ? STILL_PAUSE_MS : PAUSE_MS, () => {
      this.#pause = undefined;
      if (this.#isDirty) this.#tell();
    });
    this.#onChange(this.#data);
  }

  #forget(pane: View['pane']): void {
    const { [pane]: _gone, ...rest } = this.#data;
    this.#data = rest;
  }
}

/** Has all rows that are kept of a frozen log. */
function isWhole({ rows, matched, newer }: TailUpdate<LogRow>): boolean {
  return rows.length >= Math.min(FROZEN_ROWS, matched - newer);
}
