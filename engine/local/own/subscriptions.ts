import { AiocError, toAiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../base/ports.ts';
import type { Mailroom } from '../mailroom.ts';
import { Subscription } from './subscription.ts';
import type { UnitWriter } from './unit-writer.ts';
import { bodyAsJson, jsonBody, type Unit } from './units.ts';

export interface SubscriptionsOptions {
  readonly mailroom: Mailroom;
  readonly clock: Clock;
  readonly writer: UnitWriter;
  readonly onChange: () => void;
}

/** What one program has subscribed to. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #byNumber = new Map<number, Subscription>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** @throws AiocError AIOC_FRAME_BAD when that makes no sense */
  handle(kind: 'subscribe' | 'taken' | 'unsubscribe', unit: Unit): void {
    if (kind === 'subscribe') this.#subscribe(unit);
    else if (kind === 'unsubscribe') this.#unsubscribe(unit.number);
    // It may have been superseded before this was said.
    else this.#byNumber.get(unit.number)?.taken(upToIn(unit));
  }

  /** The program is gone. */
  end(): void {
    for (const number of [...this.#byNumber.keys()]) this.#unsubscribe(number);
  }

  #subscribe(unit: Unit): void {
    const { number } = unit;
    const { type, credit, holdsSocket, takeOver } = bodyAsJson(unit);
    if (typeof type !== 'string' || !Number.isInteger(credit) || Number(credit) < 1) {
      throw new AiocError('AIOC_FRAME_BAD', 'a subscription without a type or a credit');
    }
    if (this.#byNumber.has(number)) throw new AiocError('AIOC_FRAME_BAD', 'a subscription twice');
    const { mailroom, clock, writer, onChange } = this.#options;
    try {
      const inbox = mailroom.inbox(type);
      const subscription = new Subscription({
        inbox,
        credit: Math.min(Number(credit), LIMITS.subscriptionMessages),
        clock,
        budget: mailroom.budget,
        give: (message) => writer.writeMessage(number, message),
        onSuperseded: () => this.#superseded(number, type),
        onChange,
      });
      const mayTake = inbox.takers.subscribe(subscription, {
        holdsSocket: holdsSocket === true,
        takeOver: takeOver === true,
      });
      this.#byNumber.set(number, subscription);
      writer.write('done', number, jsonBody({ store: inbox.identity }));
      void mayTake.then(() => subscription.start());
    } catch (error) {
      const { code, message } = toAiocError(error);
      writer.write('failed', number, jsonBody({ code, message }));
      return;
    }
    onChange();
  }

  #unsubscribe(number: number): void {
    this.#byNumber.get(number)?.end();
    this.#byNumber.delete(number);
    this.#options.onChange();
  }

  #superseded(number: number, type: string): void {
    this.#byNumber.delete(number);
    const message = `another program has taken over the messages of type ${type}`;
    this.#options.writer.write('failed', number, jsonBody({ code: 'AIOC_LISTENER_TAKEN', message }));
  }
}

function upToIn(unit: Unit): number {
  const { upTo } = bodyAsJson(unit);
  if (typeof upTo === 'number') return upTo;
  throw new AiocError('AIOC_FRAME_BAD', 'a taken that does not say up to where');
}
