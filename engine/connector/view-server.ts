import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { ViewSubscription } from '../contract/engine-api.ts';
import type { Update, View } from '../contract/views.ts';

/** Rates change with time, so views update at this interval even without events. */
const RATE_INTERVAL_MS = 1_000;

/** Views of the engine's screen and of all attached screens. */
const VIEWS_MAX = LIMITS.viewsOpen * (1 + LIMITS.screensAttached);

interface OpenView {
  view: View;
  readonly onUpdate: (update: Update) => void;
  lastSent: string;
}

/**
 * Sends updates to the open views: at once after a change, then at most ten times a second, and only if the content differs.
 */
export class ViewServer {
  readonly #clock: Clock;
  readonly #render: (view: View) => Update;
  readonly #onShown: (views: readonly View[]) => void;
  readonly #shown = new Set<OpenView>();
  #planned: Timer | undefined;
  #rateTimer: Timer | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(options: {
    readonly clock: Clock;
    readonly render: (view: View) => Update;
    /** Called with the open views whenever they change. */
    readonly onShown: (views: readonly View[]) => void;
  }) {
    this.#clock = options.clock;
    this.#render = options.render;
    this.#onShown = options.onShown;
  }

  open(view: View, onUpdate: (update: Update) => void): ViewSubscription {
    if (this.#shown.size >= VIEWS_MAX) throw new RangeError(`${VIEWS_MAX} views are already open`);
    const shown: OpenView = { view, onUpdate, lastSent: '' };
    this.#shown.add(shown);
    this.#viewsChanged();
    this.#send(shown);
    this.#watchRates();
    return {
      change: (next) => {
        shown.view = next;
        // Its owner may wait for the answer, having dropped an update that was the same.
        shown.lastSent = '';
        this.#viewsChanged();
        this.#send(shown);
      },
      close: () => {
        this.#shown.delete(shown);
        this.#viewsChanged();
      },
    };
  }

  /** Call after a change that a view may show. */
  touch(): void {
    if (this.#planned !== undefined || this.#shown.size === 0) return;
    const delayMs = Math.max(0, this.#sentAt + LIMITS.viewIntervalMs - this.#clock.now());
    this.#planned = this.#clock.after(delayMs, () => {
      this.#planned = undefined;
      this.#sentAt = this.#clock.now();
      for (const shown of this.#shown) this.#send(shown);
    });
  }

  stop(): void {
    this.#planned?.cancel();
    this.#rateTimer?.cancel();
    this.#shown.clear();
  }

  #viewsChanged(): void {
    this.#onShown([...this.#shown].map(({ view }) => view));
  }

  #send(shown: OpenView): void {
    const update = this.#render(shown.view);
    const text = JSON.stringify(update);
    if (text === shown.lastSent) return;
    shown.lastSent = text;
    shown.onUpdate(update);
  }

  #watchRates(): void {
    this.#rateTimer?.cancel();
    this.#rateTimer = this.#clock.after(RATE_INTERVAL_MS, () => {
      if (this.#shown.size === 0) return;
      this.touch();
      this.#watchRates();
    });
  }
}
