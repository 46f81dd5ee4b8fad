import type { Command } from '../../engine/contract/commands.ts';
import type { HostClock, HostTimer } from '../host.ts';
import type { CountingDown, Toast } from '../state/ui-state.ts';
import { type SafeText, safe } from '../terminal/sanitize.ts';

/** How long the user can take an action back. */
const GRACE_SECONDS = 5;
const SECOND_MS = 1000;
/** A tick this late means that the process was stopped: nobody has seen the seconds pass. */
const STOPPED_MS = 3000;

/** An action that takes effect after a countdown. */
export interface PendingAction {
  /** What will happen, as a command: `Ignore press-3`. */
  readonly label: SafeText;
  readonly commands: readonly Command[];
  /** The toast after it has happened; it says how to undo it. */
  readonly done: SafeText;
}

export interface CountdownOptions {
  readonly clock: HostClock;
  readonly onChange: (pending: CountingDown | undefined) => void;
  readonly onDue: (action: PendingAction) => void;
  readonly toast: (tone: Toast['tone'], text: SafeText) => void;
}

/**
 * Holds back one action that the user may regret. Nothing is sent before the seconds have passed on the screen: a
 * process that was stopped (Ctrl-Z) starts its countdown again.
 */
export class Countdown {
  readonly #options: CountdownOptions;
  #action: PendingAction | undefined;
  #secondsLeft = 0;
  #tickedAtMs = 0;
  #timer: HostTimer | undefined;

  constructor(options: CountdownOptions) {
    this.#options = options;
  }

  /** Starts a countdown. One that runs takes effect at once; the same action again takes it back. */
  start(action: PendingAction): void {
    if (this.#action !== undefined && isSame(this.#action, action)) return this.cancel();
    this.now();
    this.#action = action;
    this.#from(GRACE_SECONDS);
  }

  /** Takes the pending action back; `why` is for the user. */
  cancel(why?: SafeText): void {
    const action = this.#end();
    if (action === undefined) return;
    const reason = why === undefined ? safe`` : safe` (${why})`;
    this.#options.toast('info', safe`Cancelled: ${action.label}${reason}.`);
  }

  /** Lets the pending action take effect at once. */
  now(): void {
    const action = this.#end();
    if (action !== undefined) this.#options.onDue(action);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#action = undefined;
  }

  #from(seconds: number): void {
    const { clock, onChange } = this.#options;
    this.#secondsLeft = seconds;
    this.#tickedAtMs = clock.wallNow();
    this.#timer = clock.after(SECOND_MS, () => this.#tick());
    if (this.#action !== undefined) onChange({ label: this.#action.label, secondsLeft: seconds });
  }

  #tick(): void {
    if (this.#options.clock.wallNow() - this.#tickedAtMs >= STOPPED_MS) this.#from(GRACE_SECONDS);
    else if (this.#secondsLeft > 1) this.#from(this.#secondsLeft - 1);
    else this.now();
  }

  #end(): PendingAction | undefined {
    const action = this.#action;
    this.#timer?.cancel();
    this.#action = undefined;
    if (action !== undefined) this.#options.onChange(undefined);
    return action;
  }
}

function isSame(left: PendingAction, right: PendingAction): boolean {
  return JSON.stringify(left.commands) === JSON.stringify(right.commands);
}
