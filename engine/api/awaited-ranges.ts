import { AiocError, ERROR_CODES, type ErrorCode } from '../base/errors.ts';
import { rangeIn } from '../local/native/batch-packets.ts';
import { bodyAsJson, type Packet } from '../local/native/packets.ts';
import type { OutgoingBatch } from './outgoing-batch.ts';

interface Awaited {
  readonly count: number;
  readonly reply: OutgoingBatch['reply'];
  /** Messages that are answered: a connector answers those of one batch in order. */
  answered: number;
}

/** The batches that the connector has not answered whole. */
export class AwaitedRanges {
  /** By the number of the first message that is not answered. */
  readonly #byNumber = new Map<number, Awaited>();

  get isEmpty(): boolean {
    return this.#byNumber.size === 0;
  }

  add(number: number, count: number, reply: OutgoingBatch['reply']): void {
    this.#byNumber.set(number, { count, reply, answered: 0 });
  }

  /**
   * Reads an `accepted` or a `refusedBatch`.
   *
   * @throws AiocError AIOC_FRAME_BAD if it names messages that do not wait
   */
  take(packet: Packet): void {
    const { number, kind, body } = packet;
    const awaited = this.#byNumber.get(number);
    const range = kind === 'accepted' ? rangeIn(body) : undefined;
    const count = range?.count ?? Number(bodyAsJson(packet)['count']);
    if (awaited === undefined || !(count >= 1 && count <= awaited.count - awaited.answered))
      throw new AiocError('AIOC_FRAME_BAD', `the connector answered ${count} messages that were not sent`);
    this.#byNumber.delete(number);
    awaited.answered += count;
    if (awaited.answered < awaited.count) this.#byNumber.set(number + count, awaited);
    if (range === undefined) awaited.reply.refused(count, errorIn(packet));
    else awaited.reply.kept(count, range.outcome);
  }

  /** The connection has closed. */
  refuseAll(error: AiocError): void {
    const all = [...this.#byNumber.values()];
    this.#byNumber.clear();
    for (const { count, answered, reply } of all) reply.refused(count - answered, error);
  }
}

/** The error in a `failed` or a `refusedBatch`. */
export function errorIn(packet: Packet): AiocError {
  const { code, message } = bodyAsJson(packet);
  const known = typeof code === 'string' && code in ERROR_CODES ? (code as ErrorCode) : 'AIOC_INTERNAL';
  return new AiocError(known, String(message));
}
