import { askToQuit, lossesOf } from '../dialogs/quit.ts';
import type { HostTimer } from '../host.ts';
import type { UiContext } from './ui-context.ts';

/** How long `!exit` waits for the acks of lines sent just before it. */
const LAST_LINES_MS = 1_000;

/** Quits at once when nothing gets lost, else asks. Lines that were just sent get a moment to be acknowledged. */
export class Leaving {
  readonly #control: UiContext;
  /** Set while a quit waits for the acks of lines that were just sent. */
  #waiting: HostTimer | undefined;

  constructor(control: UiContext) {
    this.#control = control;
  }

  quit(): void {
    const losses = this.#losses();
    if (losses === 'nothing') return this.#control.host.quit(0);
    if (losses === 'more') return askToQuit(this.#control);
    this.#waiting?.cancel();
    this.#waiting = this.#control.host.clock.after(LAST_LINES_MS, () => {
      this.#waiting = undefined;
      askToQuit(this.#control);
    });
  }

  /** Something has arrived: it may have been the last ack. */
  arrived(): void {
    if (this.#waiting === undefined || this.#losses() !== 'nothing') return;
    this.stop();
    this.#control.host.quit(0);
  }

  stop(): void {
    this.#waiting?.cancel();
    this.#waiting = undefined;
  }

  /** `lines on their way`: nothing but lines to connected peers, which may have them in a moment. */
  #losses(): 'nothing' | 'lines on their way' | 'more' {
    const context = this.#control.context();
    const count = lossesOf(context).length;
    if (count === 0) return 'nothing';
    const {
      transfersInFlight = 0,
      peersConnected = 0,
      waitingCount = 0,
      storedCount = 0,
    } = context.data.status ?? {};
    const hasLines = waitingCount > storedCount && peersConnected > 0 && transfersInFlight === 0;
    return count === 1 && hasLines && context.ui.attached === undefined ? 'lines on their way' : 'more';
  }
}
