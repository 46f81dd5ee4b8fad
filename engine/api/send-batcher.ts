import { afterMicrotasks } from '../base/batching.ts';
import type { Completion } from '../queues/outbox-batch.ts';
import type { ConnectorTransport } from './connector-transport.ts';
import { type SendOptions, sizeOf } from './message-frame.ts';
import { type GatheredBatch, MessageGatherer } from './message-gatherer.ts';
import type { SendOutcome } from './outgoing-batch.ts';

/**
 * Sends messages in the order of the calls. Those of one turn of the event loop go to the connector in batches; each has
 * a promise of its own.
 */
export class SendBatcher {
  readonly #transport: ConnectorTransport;
  readonly #gatherer: MessageGatherer;
  #promises: PromisesOfBatch;
  #signal: AbortSignal | undefined;
  #isPlanned = false;

  constructor(transport: ConnectorTransport, sourceId: string) {
    this.#transport = transport;
    this.#gatherer = new MessageGatherer(sourceId, (batch) => this.#handOver(batch));
    this.#promises = new PromisesOfBatch(transport);
  }

  /**
   * @param destinationId instead of the message's
   * @throws AiocError AIOC_QUEUE_FULL, AIOC_CANCELLED, AIOC_NAME_BAD, AIOC_FRAME_BAD, AIOC_FRAME_TOO_LARGE
   */
  send(message: SendOptions, destinationId: string | undefined): Promise<SendOutcome | undefined> {
    const { signal } = message;
    this.#transport.check(sizeOf(message), signal);
    // A signal cancels only its own message.
    if (signal !== undefined) this.flush();
    const size = this.#gatherer.add(message, destinationId);
    this.#promises.size += size;
    this.#transport.begin(1, size);
    const promise = new Promise(this.#promises.add);
    if (signal !== undefined) {
      this.#signal = signal;
      this.flush();
    } else if (this.#gatherer.isFull) this.flush();
    else if (!this.#isPlanned) this.#flushLater();
    return promise;
  }

  /** Hands over what is gathered. Call before something else is handed over. */
  flush(): void {
    this.#gatherer.flush();
  }

  /** A batch waits for the end of the turn, and no longer. */
  #flushLater(): void {
    this.#isPlanned = true;
    afterMicrotasks(() => {
      this.#isPlanned = false;
      this.#transport.writeAtOnce(this.#flush);
    });
  }

  readonly #flush = (): void => this.flush();

  #handOver({ address, count, pieces }: GatheredBatch): void {
    const reply = this.#promises;
    const signal = this.#signal;
    this.#promises = new PromisesOfBatch(this.#transport);
    this.#signal = undefined;
    // Listed, because copying an object costs as much as the rest of a small batch.
    this.#transport.sendBatch({ address, count, pieces, signal, reply });
  }
}

type Resolve = (outcome: SendOutcome | undefined) => void;
type Reject = (error: unknown) => void;

/** The promises of the messages of one batch. */
class PromisesOfBatch implements Completion<SendOutcome | undefined> {
  /** Bytes of its messages. */
  size = 0;
  readonly #transport: ConnectorTransport;
  readonly #resolves: Resolve[] = [];
  readonly #rejects: Reject[] = [];
  #settled = 0;

  constructor(transport: ConnectorTransport) {
    this.#transport = transport;
  }

  /** The executor of the promise of the next message. */
  readonly add = (resolve: Resolve, reject: Reject): void => {
    this.#resolves.push(resolve);
    this.#rejects.push(reject);
  };

  kept(count: number, outcome: SendOutcome | undefined): void {
    const end = this.#settled + count;
    for (let index = this.#settled; index < end; index += 1) (this.#resolves[index] as Resolve)(outcome);
    this.#forget(count);
  }

  refused(count: number, error: unknown): void {
    const end = this.#settled + count;
    for (let index = this.#settled; index < end; index += 1) (this.#rejects[index] as Reject)(error);
    this.#forget(count);
  }

  #forget(count: number): void {
    this.#settled += count;
    this.#transport.forget(count, this.#settled === this.#resolves.length ? this.size : 0);
  }
}
