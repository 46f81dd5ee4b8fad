import { mkdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { AiocError } from '../../engine/base/errors.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { MemoryBudget } from '../../engine/base/memory-budget.ts';
import type { Clock } from '../../engine/base/ports.ts';
import { realClock } from '../../engine/base/real-ports.ts';
import type { LocalBroker } from '../../engine/local/local-broker.ts';
import { NativeSocket } from '../../engine/local/native/native-socket.ts';
import { ReceiveSocketConsumer } from '../../engine/local/python/receive-socket-consumer.ts';
import {
  type ConnectorOwner,
  nativeListenSocketPath,
  nativeSocketPath,
  receiveSocketPath,
} from '../../engine/local/socket-names.ts';
import type { TrafficLog } from '../../engine/peers/traffic-log.ts';
import { Inbox } from '../../engine/queues/inbox.ts';
import { MemoryStore } from '../../engine/storage/memory-store.ts';
import type { Store } from '../../engine/storage/store.ts';
import { acceptedFiles } from './accepted-files.ts';
import { incoming } from './message-batches.ts';

export interface SmallConnectorOptions {
  readonly directory: string;
  readonly owner: ConnectorOwner;
  /** What an earlier run has left; a new one when there was none. */
  readonly store?: Store;
  readonly type?: string;
  readonly clock?: Clock;
  /** See ReceiveSocketConsumerOptions. */
  readonly heldBytes?: number;
}

/** The part of a connector that brings messages to listeners, without peers. */
export class SmallConnector {
  readonly store: Store;
  readonly inbox: Inbox;
  readonly logged: string[] = [];
  readonly #ownSocket: NativeSocket;
  readonly #listenSocket: NativeSocket;
  readonly #delivery: ReceiveSocketConsumer;

  private constructor({
    directory,
    owner,
    store,
    type = 'event',
    clock = realClock(),
    heldBytes,
  }: SmallConnectorOptions) {
    this.store = store ?? new MemoryStore(clock);
    this.inbox = new Inbox({
      type,
      stream: `in/${type}`,
      store: this.store,
      clock,
      capacity: { messages: 100_000, bytes: 1e9 },
      whenFull: 'refuse',
      isStored: true,
    });
    const inbox = (wanted: string): Inbox => {
      if (wanted === type) return this.inbox;
      throw new AiocError('AIOC_TYPE_UNKNOWN', `no ${wanted}`);
    };
    const onChange = (): void => undefined;
    const common = {
      broker: { inbox, budget: new MemoryBudget(LIMITS.memoryBudgetBytes) } as unknown as LocalBroker,
      clock,
      log: { event: () => undefined } as never,
      files: acceptedFiles(`${directory}/spool`),
      users: 'group',
      mayBeAnyUser: false,
      version: '0',
      onChange,
    } as const;
    this.#ownSocket = new NativeSocket({
      ...common,
      path: nativeSocketPath(directory, owner),
      purpose: 'send',
    });
    this.#listenSocket = new NativeSocket({
      ...common,
      path: nativeListenSocketPath(directory, owner),
      purpose: 'listen',
    });
    const path = receiveSocketPath({ directory, owner, messageType: type });
    const log = { event: (text: string) => void this.logged.push(text) } as unknown as TrafficLog;
    this.#delivery = new ReceiveSocketConsumer({
      ...{ inbox: this.inbox, path, preserveSocket: true, clock, onChange, log },
      heldBytes,
    });
  }

  /** Runs until the test ends or `kill` is called. */
  static async start(t: TestContext, options: SmallConnectorOptions): Promise<SmallConnector> {
    mkdirSync(options.directory, { recursive: true });
    const connector = new SmallConnector(options);
    await connector.inbox.restore();
    await connector.#listenSocket.start();
    await connector.#ownSocket.start();
    connector.#delivery.start();
    t.after(() => connector.kill());
    return connector;
  }

  async put(...texts: readonly string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.inbox.put(incoming([text], this.inbox.type))));
  }

  /** The same as one batch. */
  async putBatch(...texts: readonly string[]): Promise<void> {
    await this.inbox.put(incoming(texts, this.inbox.type));
  }

  /** Ends it without a word; its store stays. */
  async kill(): Promise<void> {
    this.#delivery.stop();
    await this.#ownSocket.stop();
    await this.#listenSocket.stop();
  }
}
