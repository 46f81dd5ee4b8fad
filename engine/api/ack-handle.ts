import type { SubscribedMessage } from '../local/native/packets.ts';
import { cursorOf, type Progress } from './progress.ts';

/** Acknowledges a message that the connector keeps until then. */
export interface AckHandle {
  readonly cursor: string;
  readonly redelivered: boolean;
  done(): void;
}

/** For a message of a subscription. */
export class SubscriptionAckHandle implements AckHandle {
  readonly #progress: Progress;
  readonly #position: number;
  readonly #onDone: (progress: Progress) => void;
  readonly redelivered: boolean;

  constructor(
    progress: Progress,
    { position, redelivered }: SubscribedMessage,
    onDone: (progress: Progress) => void,
  ) {
    this.#progress = progress;
    this.#position = position;
    this.#onDone = onDone;
    this.redelivered = redelivered;
  }

  get cursor(): string {
    return cursorOf(this.#progress.identity, this.#position);
  }

  done(): void {
    this.#progress.end(this.#position);
    this.#onDone(this.#progress);
  }
}
