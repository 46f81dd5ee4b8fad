import { AiocError } from '../base/errors.ts';

/** Consumes messages while nobody is subscribed: the delivery to Python's receive socket. */
export interface SocketConsumer {
  /** Whether a listener is connected. */
  readonly isConnected: boolean;
  /** Pauses it during a subscription; resolves when its current delivery is finished. */
  pause(): Promise<void>;
  /** Resumes it after a subscription. */
  resume(): void;
}

/** A program's subscription. */
export interface Subscriber {
  /** Another subscription has taken over: this one consumes nothing more. */
  supersede(): void;
}

export interface SubscribeOptions {
  /** The program itself has bound the receive socket of the type, so the listener connected there is the program. */
  readonly holdsSocket: boolean;
  /** Takes over from the current consumer. */
  readonly takeOver: boolean;
}

/** The consumers of an inbox: one at a time, since a message must not be delivered twice. */
export class InboxConsumers {
  readonly #type: string;
  readonly #setHasConsumer: (hasConsumer: boolean) => void;
  #socketConsumer: SocketConsumer | undefined;
  #subscriber: Subscriber | undefined;

  constructor(type: string, setHasConsumer: (hasConsumer: boolean) => void) {
    this.#type = type;
    this.#setHasConsumer = setHasConsumer;
  }

  setSocketConsumer(consumer: SocketConsumer): void {
    this.#socketConsumer = consumer;
  }

  get isSubscribed(): boolean {
    return this.#subscriber !== undefined;
  }

  /**
   * Gives a subscription precedence over all other consumers.
   *
   * @returns a promise that resolves when it may start consuming
   * @throws AiocError AIOC_LISTENER_TAKEN if there is another consumer
   */
  subscribe(subscriber: Subscriber, { holdsSocket, takeOver }: SubscribeOptions): Promise<void> {
    const isTaken =
      this.#subscriber !== undefined || (!holdsSocket && this.#socketConsumer?.isConnected === true);
    if (isTaken && !takeOver) {
      throw new AiocError(
        'AIOC_LISTENER_TAKEN',
        `another program listens to messages of type ${this.#type}: stop it first, because each type has one listener`,
      );
    }
    const former = this.#subscriber;
    this.#subscriber = subscriber;
    former?.supersede();
    this.#setHasConsumer(true);
    return this.#socketConsumer?.pause() ?? Promise.resolve();
  }

  /** Ends a subscription; what it was given and has not taken goes to the next consumer. */
  unsubscribe(subscriber: Subscriber): void {
    if (this.#subscriber !== subscriber) return;
    this.#subscriber = undefined;
    this.#setHasConsumer(false);
    this.#socketConsumer?.resume();
  }
}
