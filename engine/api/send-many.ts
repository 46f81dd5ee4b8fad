import { AiocError, toAiocError } from '../base/errors.ts';
import type { ConnectorTransport } from './connector-transport.ts';
import { filesOf, type OutgoingMessage, type SendOptions } from './message-frame.ts';
import { type GatheredBatch, MessageGatherer } from './message-gatherer.ts';
import type { OutgoingBatch, SendOutcome } from './outgoing-batch.ts';

/** Consecutive messages that the connector has not accepted, for the same reason. */
export interface RefusedMessages {
  /** Of the first, from 0. */
  readonly index: number;
  readonly count: number;
  readonly error: AiocError;
}

/** Some of the messages of `sendMany` were not accepted. Its code and message are of the first of them. */
export class SendManyError extends AiocError {
  /** In the order of the messages. */
  readonly refused: readonly RefusedMessages[];
  /** The connector has accepted so many. */
  readonly acceptedCount: number;

  constructor(refused: readonly RefusedMessages[], messageCount: number) {
    const refusedCount = refused.reduce((sum, { count }) => sum + count, 0);
    const { index, error } = refused[0] as RefusedMessages;
    const text = `${refusedCount} of ${messageCount} messages were not accepted, the first at index ${index}`;
    super(error.code, `${text}: ${error.message}`, { cause: error });
    this.refused = refused;
    this.acceptedCount = messageCount - refusedCount;
  }
}

export interface ManyOptions {
  readonly transport: ConnectorTransport;
  readonly sourceId: string;
  /** Default values for all messages. */
  readonly common: Partial<SendOptions>;
  /** @throws AiocError AIOC_TYPE_UNKNOWN, AIOC_NAME_BAD */
  destinationOf(message: OutgoingMessage): string | undefined;
  sendWithFile(message: SendOptions): Promise<SendOutcome | undefined>;
}

/**
 * Sends messages in order, and behind everything that was sent before. A message that cannot be sent throws before
 * anything is sent.
 *
 * @returns what the connector guarantees for each of them: the least of it; undefined with a Python connector
 * @throws AiocError AIOC_TYPE_UNKNOWN, AIOC_NAME_BAD, AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE, AIOC_QUEUE_FULL
 */
export function sendMany(
  messages: Iterable<Partial<OutgoingMessage>>,
  options: ManyOptions,
): Promise<SendOutcome | undefined> {
  const { transport, common } = options;
  const answers = new Answers();
  const { sends, count, size } = gathered(messages, options, answers);
  transport.check(size, common.signal);
  if (count === 0) return Promise.resolve(undefined);
  transport.begin(count, size);
  const outcome = answers.all(count).finally(() => transport.forget(count, size));
  for (const send of sends) send();
  return outcome;
}

/** The batches and files in order, ready to be handed over. */
function gathered(
  messages: Iterable<Partial<OutgoingMessage>>,
  { common, destinationOf, sendWithFile, sourceId, transport }: ManyOptions,
  answers: Answers,
): { readonly sends: readonly (() => void)[]; readonly count: number; readonly size: number } {
  const sends: (() => void)[] = [];
  const { signal } = common;
  let [count, gatheredCount, size] = [0, 0, 0];
  const gatherer = new MessageGatherer(sourceId, (batch: GatheredBatch) => {
    const reply = answers.from(gatheredCount);
    gatheredCount += batch.count;
    sends.push(() => transport.sendBatch({ ...batch, signal, reply }));
  });
  for (const own of messages) {
    const message = merged(own, common);
    try {
      const destinationId = destinationOf(message);
      if (filesOf(message).length === 0) size += gatherer.add(message, destinationId);
      else {
        gatherer.flush();
        const reply = answers.from(count);
        gatheredCount += 1;
        sends.push(() => void report(sendWithFile(message), reply));
      }
    } catch (error) {
      const { code, message: text } = toAiocError(error);
      throw new AiocError(code, `message ${count} of sendMany: ${text}; none was sent`, { cause: error });
    }
    count += 1;
  }
  gatherer.flush();
  return { sends, count, size };
}

/** Listed, because copying objects would cost more than sending the message. */
function merged(own: Partial<OutgoingMessage>, common: Partial<SendOptions>): SendOptions {
  return {
    messageType: own.messageType ?? common.messageType,
    destinationId: own.destinationId ?? common.destinationId,
    data: own.data === undefined ? common.data : own.data,
    dataIsJson: own.dataIsJson ?? common.dataIsJson,
    binary: own.binary ?? common.binary,
    requestId: own.requestId ?? common.requestId,
    responseId: own.responseId ?? common.responseId,
    waitForAck: own.waitForAck ?? common.waitForAck,
    withFile: own.withFile ?? common.withFile,
    tag: own.tag ?? common.tag,
    signal: common.signal,
  } as SendOptions;
}

async function report(sent: Promise<SendOutcome | undefined>, reply: OutgoingBatch['reply']): Promise<void> {
  try {
    reply.kept(1, await sent);
  } catch (error) {
    reply.refused(1, error);
  }
}

/** From the least to the most. */
const OUTCOMES: readonly (SendOutcome | undefined)[] = [undefined, 'ignored', 'accepted', 'stored'];

/** What the connector guarantees for all of several messages. */
export function leastOf(outcomes: readonly (SendOutcome | undefined)[]): SendOutcome | undefined {
  if (outcomes.length === 0) return undefined;
  return OUTCOMES[Math.min(...outcomes.map((outcome) => OUTCOMES.indexOf(outcome)))];
}

/** What becomes of many messages. */
class Answers {
  readonly #refused: RefusedMessages[] = [];
  #answered = 0;
  #count = 0;
  #outcome: SendOutcome | undefined = 'stored';
  #onAll = (): void => undefined;

  /** For the messages from this index on. */
  from(first: number): OutgoingBatch['reply'] {
    let index = first;
    return {
      kept: (count, outcome) => {
        this.#outcome = leastOf([outcome, this.#outcome]);
        index += count;
        this.#add(count);
      },
      refused: (count, error) => {
        this.#refused.push({ index, count, error: toAiocError(error) });
        index += count;
        this.#add(count);
      },
    };
  }

  all(count: number): Promise<SendOutcome | undefined> {
    this.#count = count;
    return new Promise((resolve, reject) => {
      this.#onAll = () => {
        if (this.#refused.length === 0) resolve(this.#outcome);
        else reject(new SendManyError(joined(this.#refused), count));
      };
    });
  }

  #add(count: number): void {
    this.#answered += count;
    if (this.#answered === this.#count) this.#onAll();
  }
}

/** In order, with neighbours of the same reason together. */
function joined(refused: readonly RefusedMessages[]): readonly RefusedMessages[] {
  const all: RefusedMessages[] = [];
  for (const one of [...refused].sort((a, b) => a.index - b.index)) {
    const last = all.at(-1);
    const isNext = last !== undefined && last.index + last.count === one.index;
    if (isNext && last.error.code === one.error.code && last.error.message === one.error.message)
      all[all.length - 1] = { ...last, count: last.count + one.count };
    else all.push(one);
  }
  return all;
}
