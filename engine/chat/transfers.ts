import type { Clock } from '../base/ports.ts';
import type { TransferFailure, TransferProgress } from '../contract/transfer-progress.ts';
import type { TransferState } from '../contract/views.ts';
import type { LeftOut } from '../queues/outgoing-body.ts';
import type { Conversation } from './conversation.ts';
import { leftOutText } from './left-out.ts';

export interface TransferOptions {
  readonly conversation: Conversation;
  readonly clock: Clock;
  readonly from: 'me' | 'peer';
  readonly author: string;
  readonly name: string;
  readonly totalBytes: number;
}

export type TransferEnd = 'done' | 'refused' | 'failed' | 'cancelled';

/** The shortest time between two changes of a row while bytes flow. */
const PROGRESS_INTERVAL_MS = 100;

/** One file transfer in either direction, and its row in the conversation. */
export class Transfer {
  readonly rowId: number;
  readonly #conversation: Conversation;
  readonly #clock: Clock;
  readonly #from: 'me' | 'peer';
  #state: TransferState;
  #startedAt = 0;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor({ conversation, clock, from, author, name, totalBytes }: TransferOptions) {
    this.#conversation = conversation;
    this.#clock = clock;
    this.#from = from;
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

  /** Of a file that crosses beside the messages. Its end is for `become`. */
  report({ phase, doneBytes, totalBytes = 0, resumedBytes, bytesPerSecond }: TransferProgress): void {
    if (!this.inFlight || phase === 'failed') return;
    const { detail: _before, ...rest } = this.#state;
    if (phase === 'waiting') {
      this.#state = { ...rest, phase, detail: WAITING[this.#from] };
    } else if (phase === 'comparing') {
      // Of one that begins, nothing is there to be compared.
      if (doneBytes === 0) return;
      this.#state = { ...rest, phase: 'preparing', doneBytes, totalBytes, detail: COMPARING };
    } else {
      const bytes = { doneBytes, totalBytes, bytesPerSecond, ...(resumedBytes > 0 && { resumedBytes }) };
      this.#state = { ...rest, phase: 'running', ...bytes };
    }
    this.#show();
  }

  /** Sets the name under which the peer receives it, once it is known. */
  rename(name: string): void {
    this.#conversation.change(this.rowId, { text: name });
  }

  /** What of a directory did not cross. */
  leavesOut(leftOut: LeftOut): void {
    if (leftOut.count === 0) return;
    this.#state = { ...this.#state, leftOut: leftOut.count, warning: leftOutText(leftOut) };
    this.#show();
  }

  become(phase: TransferState['phase'], detail?: string): void {
    const { detail: _before, ...rest } = this.#state;
    const totalBytes = phase === 'done' && rest.totalBytes === 0 ? rest.doneBytes : rest.totalBytes;
    const doneBytes = phase === 'done' ? totalBytes : phase === 'waiting' ? 0 : rest.doneBytes;
    this.#state = { ...rest, phase, doneBytes, totalBytes, ...(detail !== undefined && { detail }) };
    this.#show();
  }

  #show(): void {
    this.#conversation.change(this.rowId, { transfer: this.#state });
  }
}

/** How a transfer that did not succeed ends, and why. */
export function endOf({ by, code, reason }: TransferFailure): { end: TransferEnd; detail: string } {
  if (code === 'AIOC_CANCELLED') return { end: 'cancelled', detail: `by the ${by}` };
  return { end: by === 'receiver' ? 'refused' : 'failed', detail: reason };
}

const WAITING = {
  me: 'the connection was lost; it goes on on the next one',
  peer: 'the connection was lost; it goes on when the peer is back',
};
const COMPARING = 'comparing it with what was received before';
