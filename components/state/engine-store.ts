import type { EngineApi, ViewSubscription } from '../../engine/contract/engine-api.ts';
import type { Update, View } from '../../engine/contract/views.ts';
import type { HostClock, HostTimer } from '../host.ts';
import { type EngineData, withUpdate } from './safe-rows.ts';

/** The least time between two frames caused by the engine: a frame takes 9 to 24 ms. */
const COALESCE_MS = 50;

interface Slot {
  readonly open: ViewSubscription;
  /** The view as text, to detect changes. */
  readonly wanted: string;
}

/**
 * Keeps the views of the screen open, and their newest updates. The first update of a burst is reported at once; later
 * ones wait for the next frame.
 */
export class EngineStore {
  readonly #engine: EngineApi;
  readonly #clock: HostClock;
  readonly #onChange: (data: EngineData) => void;
  readonly #slots = new Map<View['pane'], Slot>();
  #data: EngineData = {};
  #pause: HostTimer | undefined;
  #isDirty = false;
  /** An update can arrive before `open` has returned; it is reported when all views are open. */
  #isShowing = false;

  constructor(engine: EngineApi, clock: HostClock, onChange: (data: EngineData) => void) {
    this.#engine = engine;
    this.#clock = clock;
    this.#onChange = onChange;
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
    if (this.#isDirty && this.#pause === undefined) this.#tell();
  }

  close(): void {
    this.#pause?.cancel();
    this.show([]);
  }

  #want(view: View): void {
    const { pane } = view;
    const wanted = JSON.stringify(view);
    const slot = this.#slots.get(pane);
    if (slot?.wanted === wanted) return;
    if (slot !== undefined) {
      if (view.pane === 'chat' && this.#data.chat?.peer !== view.peer) this.#forget(pane);
      this.#slots.set(pane, { open: slot.open, wanted });
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
    this.#slots.set(pane, { open: { change: (next) => open.change(next), close }, wanted });
  }

  #take(update: Update): void {
    // A late update of the previous conversation.
    const slot = this.#slots.get(update.pane);
    if (update.pane === 'chat' && slot !== undefined && JSON.parse(slot.wanted).peer !== update.peer) return;
    this.#data = withUpdate(this.#data, update);
    if (this.#pause !== undefined || this.#isShowing) {
      this.#isDirty = true;
      return;
    }
    this.#tell();
  }

  #tell(): void {
    this.#isDirty = false;
    this.#pause = this.#clock.after(COALESCE_MS, () => {
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
