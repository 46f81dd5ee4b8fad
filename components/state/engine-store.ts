import type { EngineApi, ViewSubscription } from '../../engine/contract/engine-api.ts';
import type { Update, View } from '../../engine/contract/views.ts';
import type { HostClock, HostTimer } from '../host.ts';
import { type EngineData, withUpdate } from './safe-rows.ts';

/** Numbers that change more often than this cannot be read. */
const PAUSE_MS = 200;
/** The updates of one tick come one after the other: they are shown in one frame. */
const GATHER_MS = 5;
/** A line of a conversation is shown sooner than numbers. */
const CHAT_MS = 50;

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
  /** An update can arrive before `open` has returned; it is reported when all views are open. */
  #isShowing = false;

  constructor(engine: EngineApi, clock: HostClock, onChange: (data: EngineData) => void) {
    this.#engine = engine;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Updates that a newer one replaced before they were shown. */
  get skippedUpdates(): number {
    return this.#skipped;
  }

  get data(): EngineData {
    return this.#data;
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
    for (const view of views) this.#want(view);
    this.#isShowing = false;
    if (this.#isDirty && this.#pause === undefined && this.#nextReport === undefined) this.#tell();
  }

  close(): void {
    this.show([]);
    this.#pause?.cancel();
    this.#nextReport?.cancel();
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
    this.#data = withUpdate(this.#data, update);
    if (this.#unshown.has(update.pane)) this.#skipped += 1;
    this.#unshown.add(update.pane);
    this.#isDirty = true;
    const isAwaited = slot?.isAwaited === true;
    if (slot !== undefined) slot.isAwaited = false;
    if (this.#isShowing) return;
    if (isAwaited || this.#pause === undefined) this.#tellIn(GATHER_MS);
    else if (update.pane === 'chat') this.#tellIn(CHAT_MS);
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
    this.#pause = this.#clock.after(PAUSE_MS, () => {
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
