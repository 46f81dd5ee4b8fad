import { AiocError } from '../base/errors.ts';

/** Who takes messages while nobody has subscribed to them: the delivery to Python's receive socket. */
export interface SocketConsumer {
  /** Whether a listener is connected. */
  readonly isConnected: boolean;
  /** Resolves when it has finished what it is about: it takes nothing while somebody is subscribed. */
  pause(): Promise<void>;
  /** Nobody is subscribed any more. */
  resume(): void;
}

/** A program's subscription. */
export interface Subscriber {
  /** Another one has taken its place: it takes nothing more from now on. */
  supersede(): void;
}

export interface SubscribeOptions {
  /** The program has bound the receive socket of the type itself: who is connected there is the program. */
  readonly holdsSocket: boolean;
  /** It is to take the place of whoever has it. */
  readonly takeOver: boolean;
}

/** Who takes messages out of an inbox: one at a time, since what one takes the other must not be given. */
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
   * Puts a subscription in front of everybody else.
   *
   * @returns a promise of when it may begin to take
   * @throws AiocError AIOC_LISTENER_TAKEN when somebody else takes messages here
   */
  subscribe(subscriber: Subscriber, { holdsSocket, takeOver }: SubscribeOptions): Promise<void> {
    const isTaken =
      this.#subscriber !== undefined || (!holdsSocket && this.#socketConsumer?.isConnected === true);
    if (isTaken && !takeOver) {
      throw new AiocError(
        'AIOC_LISTENER_TAKEN',
        `another program listens to messages of type ${this.#type}: stop it first, each type has one listener`,
      );
    }
    const former = this.#subscriber;
    this.#subscriber = subscriber;
    former?.supersede();
    this.#setHasConsumer(true);
    return this.#socketConsumer?.pause() ?? Promise.resolve();
  }

  /** It takes nothing more; what it was given and has not taken is there for the next one. */
  unsubscribe(subscriber: Subscriber): void {
    if (this.#subscriber !== subscriber) return;
    this.#subscriber = undefined;
    this.#setHasConsumer(false);
    this.#socketConsumer?.resume();
  }
}
