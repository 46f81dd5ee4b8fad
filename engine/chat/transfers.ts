import type { Clock } from '../base/ports.ts';
import type { TransferState } from '../contract/views.ts';
import type { Conversation } from './conversation.ts';

export interface TransferOptions {
  readonly conversation: Conversation;
  readonly clock: Clock;
  readonly from: 'me' | 'peer';
  readonly author: string;
  readonly name: string;
  readonly totalBytes: number;
}

/** The shortest time between two changes of a row while bytes flow. */
const PROGRESS_INTERVAL_MS = 100;

/** One file transfer in either direction, and its row in the conversation. */
export class Transfer {
  readonly rowId: number;
  readonly #conversation: Conversation;
  readonly #clock: Clock;
  #state: TransferState;
  #startedAt = 0;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor({ conversation, clock, from, author, name, totalBytes }: TransferOptions) {
    this.#conversation = conversation;
    this.#clock = clock;
    this.#state = { phase: 'preparing', doneBytes: 0, totalBytes, bytesPerSecond: 0 };
    this.rowId = conversation.add({ from, author, text: name, transfer: this.#state });
  }

  get state(): TransferState {
    return this.#state;
  }

  get inFlight(): boolean {
    return ['preparing', 'waiting', 'running'].includes(this.#state.phase);
  }

  /** Bytes of the current phase; `totalBytes` may become known only now. */
  progress(doneBytes: number, totalBytes = this.#state.totalBytes): void {
    const now = this.#clock.now();
    if (doneBytes === 0 || this.#startedAt === 0) this.#startedAt = now;
    const seconds = (now - this.#startedAt) / 1000;
    const bytesPerSecond = seconds > 0 ? Math.round(doneBytes / seconds) : 0;
    this.#state = { ...this.#state, doneBytes, totalBytes, bytesPerSecond };
    if (now - this.#shownAt < PROGRESS_INTERVAL_MS) return;
    this.#shownAt = now;
    this.#show();
  }

  /** Sets the name under which the peer receives it, once it is known. */
  rename(name: string): void {
    this.#conversation.change(this.rowId, { text: name });
  }

  become(phase: TransferState['phase'], detail?: string): void {
    const { detail: _before, ...rest } = this.#state;
    const doneBytes = phase === 'done' ? rest.totalBytes : phase === 'waiting' ? 0 : rest.doneBytes;
    this.#state = { ...rest, phase, doneBytes, ...(detail !== undefined && { detail }) };
    this.#show();
  }

  #show(): void {
    this.#conversation.change(this.rowId, { transfer: this.#state });
  }
}
