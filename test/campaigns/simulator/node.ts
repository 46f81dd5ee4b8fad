import { nextMicrotask } from '../../../engine/base/batching.ts';
import type { Durability } from '../../../engine/config/shapes.ts';
import { Connector } from '../../../engine/connector/connector.ts';
import { QueuePeeker } from '../../../engine/connector/queue-peek.ts';
import { parseLocalFrame } from '../../../engine/local/local-frames.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { largestMessageIn } from '../../../engine/protocol/record-batch.ts';
import type { Inbox } from '../../../engine/queues/inbox.ts';
import type { InboxBatch } from '../../../engine/queues/inbox-batch.ts';
import { batchOf, textsIn } from '../../helpers/message-batches.ts';
import { PORT, TRUST } from '../../helpers/simulated-connectors.ts';
import type { SimulatedDisk } from '../../helpers/simulated-disk.ts';
import type { SimulatedWorld } from '../../helpers/simulated-world.ts';
import { MortalPorts } from './mortal-ports.ts';
import { StoredNumbers } from './stored-numbers.ts';

export const TYPES = ['a', 'b'] as const;
/** A device cannot hold a directory: nothing of the machine's own disk plays a part. */
const NOWHERE = '/dev/null/aioc';

export interface NodeOptions {
  readonly role: 'server' | 'client';
  readonly world: SimulatedWorld;
  readonly disk: SimulatedDisk;
  readonly durability: Durability;
  readonly heldMaxBytes: number;
  /** What each of its queues may hold. */
  readonly queueMaxBytes: number;
  /** A message has come to the listener of its type. */
  readonly onDelivered: (type: string, text: string) => void;
}

/** A message that is about to be submitted. */
interface Gathered {
  readonly text: string;
  kept(): void;
  refused(error: unknown): void;
}

interface Purged {
  readonly seen: readonly string[];
  /** Resolves with how many were purged, or undefined if that was refused or failed. */
  readonly settled: Promise<number | undefined>;
}

/** A connector with a program that sends and one that listens, which can be killed and started again. */
export class SimulatedNode {
  readonly role: 'server' | 'client';
  readonly #options: NodeOptions;
  #ports: MortalPorts | undefined;
  #connector: Connector | undefined;
  #crashed: Promise<never> = new Promise(() => undefined);
  #life = 0;
  /** How long the listener takes for a message. */
  listenerMs = 0;
  listens = true;
  /** The listeners' own note of what they have had, by type: it outlives the connector, which may forget an ack. */
  readonly #cursors = new Map<string, number>();
  readonly #gathered = new Map<string, Gathered[]>();
  readonly #stored = new StoredNumbers();

  constructor(options: NodeOptions) {
    this.#options = options;
    this.role = options.role;
  }

  get running(): boolean {
    return this.#connector !== undefined;
  }

  get connector(): Connector | undefined {
    return this.#connector;
  }

  /** @throws AiocError when the disk does not let it start; Error CRASHED when the machine crashes meanwhile */
  async start(): Promise<void> {
    const { role, world, disk, durability, heldMaxBytes, queueMaxBytes } = this.#options;
    const ports = new MortalPorts({ ...world, disk: disk.mount() });
    this.#crashed = new Promise((_, reject) => {
      disk.onCrash = () => reject(CRASHED);
    });
    this.#crashed.catch(() => undefined);
    const connector = new Connector({
      role,
      host: '127.0.0.1',
      port: PORT,
      displayName: role,
      version: '0.0.0',
      wireName: role === 'client' ? 'client1' : '',
      security: TRUST,
      namesAreIdentities: true,
      ignored: false,
      reconnects: true,
      fingerprintWords: () => '',
      acceptAll: true,
      receivedDirectory: NOWHERE,
      stateDirectory: NOWHERE,
      ports,
      heldMaxBytes,
      local: {
        connectorFilesDirectory: '/nonexistent/aioc',
        sendTypes: TYPES,
        recvTypes: TYPES,
        destinations: new Map(),
        receiveFileMaxBytes: 1,
        sendFileMaxBytes: 1,
        filePieceMaxBytes: 1,
        fileSpool: 'reference',
        preserveReceiveSocket: true,
        preserveSendSocket: true,
        pythonListener: 'at_most_once',
        everybodyCanSend: false,
        countsMessages: false,
        usualDirectories: [],
        attributes: {},
        onShutdown: () => undefined,
        logLevel: { get: () => 'INFO', set: () => undefined },
        withoutSockets: true,
        storage: {
          send: true,
          recv: true,
          maxBytes: queueMaxBytes,
          whenFull: 'refuse',
          durability,
          journalDirectory: `/${role}`,
        },
      },
    });
    this.#ports = ports;
    const isAlive = (): boolean => this.#ports === ports;
    for (const inbox of connector.inboxes) this.#stored.watch(inbox, isAlive);
    await this.alive(connector.start());
    this.#connector = connector;
    this.#life += 1;
    for (const inbox of connector.inboxes) this.#listen(inbox, this.#life);
  }

  /** The result, unless the machine crashes first. */
  alive<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    return Promise.race([promise, this.#crashed]);
  }

  /** Ends the program, however far it is; what the disk then has is its own affair. */
  end(): void {
    this.#ports?.end();
    this.#ports = undefined;
    this.#connector = undefined;
    this.#life += 1;
  }

  /**
   * Hands a message to the connector: by itself, or in a batch with those that come in the same turn. Resolves when it is
   * confirmed to be stored.
   */
  async send(type: string, text: string): Promise<void> {
    if (this.#connector === undefined) throw new Error('not running');
    const gathered = this.#gathered.get(type) ?? [];
    const stored = new Promise<void>((kept, refused) => gathered.push({ text, kept, refused }));
    if (!this.#gathered.has(type)) {
      this.#gathered.set(type, gathered);
      nextMicrotask(() => this.#submit(type));
    }
    await this.alive(stored);
  }

  #submit(type: string): void {
    const gathered = this.#gathered.get(type) ?? [];
    this.#gathered.delete(type);
    const { random } = this.#options.world;
    for (let first = 0; first < gathered.length; ) {
      const count = random.fraction() < 0.3 ? 1 : 1 + Math.floor(random.fraction() * 20);
      this.#submitBatch(type, gathered.slice(first, first + count));
      first += count;
    }
  }

  #submitBatch(type: string, messages: readonly Gathered[]): void {
    const broker = this.#connector?.broker;
    const destination = this.role === 'server' ? { destination_id: 'client1' } : {};
    const header = { message_type: type, ...destination };
    let settled = 0;
    const next = (count: number): readonly Gathered[] => {
      settled += count;
      return messages.slice(settled - count, settled);
    };
    const completion = {
      kept: (count: number): void => {
        for (const { kept } of next(count)) kept();
      },
      refused: (count: number, error: unknown): void => {
        for (const { refused } of next(count)) refused(error);
      },
    };
    const [only, ...others] = messages;
    if (broker === undefined || only === undefined)
      completion.refused(messages.length, new Error('not running'));
    else if (others.length === 0)
      void broker.submit(
        parseLocalFrame(encodeFrame({ header, data: Buffer.from(only.text) }).subarray(4)),
        completion,
      );
    else {
      const batch = batchOf(messages.map(({ text }) => text));
      const largestBytes = largestMessageIn(batch.records);
      void broker.submitBatch({ ...batch, shared: header, largestBytes, hasResponse: false }, completion);
    }
  }

  /** What peers have sent again although it was stored here. */
  get repeated(): readonly string[] {
    return this.#stored.repeated;
  }

  /**
   * Somebody purges one of its queues, after looking at it.
   *
   * @returns what was seen and may be gone now, as texts, and how many messages were purged; undefined: none was
   */
  async purge(pickQueue: (ids: readonly string[]) => string): Promise<Purged | undefined> {
    const connector = this.#connector as Connector;
    const peeker = new QueuePeeker(connector);
    const out = [...connector.registry.all].flatMap(({ id, sender }) =>
      sender.queues.map(({ outbox }) => `${id}:${outbox.type}`),
    );
    const queue = pickQueue([...out, ...TYPES.map((type) => `in:${type}`)]);
    const seen: string[] = [];
    let after: string | undefined;
    for (;;) {
      const question = { queue, rows: 100, bodies: 'whole', ...(after !== undefined && { after }) } as const;
      const { rows, hasMore, end } = await this.alive(peeker.peek(question));
      for (const { isSent, body } of rows) if (!isSent && body !== undefined) seen.push(body.text);
      after = rows.at(-1)?.place ?? after;
      if (hasMore) continue;
      // The machine may crash meanwhile: then all of them, or none, or some may be gone.
      const done = this.alive(peeker.purge(queue, { upTo: end, why: 'purged' }));
      return { seen, settled: done.then(({ count }) => count).catch(() => undefined) };
    }
  }

  /** How many messages wait in any of its queues. */
  get waiting(): number {
    const { registry, inboxes } = this.#connector ?? {};
    const out = [...(registry?.all ?? [])].reduce((sum, { sender }) => sum + sender.waitingCount, 0);
    return out + [...(inboxes ?? [])].reduce((sum, { depth }) => sum + depth, 0);
  }

  #listen(inbox: Inbox, life: number): void {
    let busy = false;
    let after = 0;
    /** As for a listener over a socket: what was read together is not read again for each. */
    let read: readonly InboxBatch[] = [];
    const { random } = this.#options.world;
    const { clock } = this.#ports as MortalPorts;
    const next = async (): Promise<void> => {
      if (busy || life !== this.#life) return;
      busy = true;
      if (!this.listens) {
        busy = false;
        inbox.setHasConsumer(false);
        inbox.abandon();
        clock.after(500, () => void next());
        return;
      }
      inbox.setHasConsumer(true);
      if (read.length === 0) read = await inbox.read(after).catch(() => []);
      const [batch] = read;
      if (batch !== undefined && life === this.#life) {
        const from = inbox.firstIndex(batch, after);
        const rest = batch.count - from;
        // A listener may acknowledge inside a batch.
        const count = random.fraction() < 0.7 ? rest : Math.ceil(rest * random.fraction());
        const isWhole = count === rest;
        if (isWhole) read = read.slice(1);
        const first = batch.position + from;
        this.#deliver(inbox.type, first, textsIn(batch).slice(from, from + count));
        after = Math.max(after, first + count - 1);
        const sizes = { count, bytes: isWhole ? batch.sizeBytes : 0 };
        // As for a listener over a socket: the ack may not have been written when the machine crashes.
        if (count > 0) inbox.done({ position: after, atMs: batch.atMs }, sizes).catch(() => undefined);
      }
      busy = false;
      if (batch !== undefined) clock.after(this.listenerMs, () => void next());
      else if (inbox.depth > 0) clock.after(50, () => void next());
    };
    inbox.onArrival(() => void next());
    void next();
  }

  /** @param position of the first text */
  #deliver(type: string, position: number, texts: readonly string[]): void {
    const cursor = this.#cursors.get(type) ?? 0;
    for (const [index, text] of texts.entries())
      if (position + index > cursor) this.#options.onDelivered(type, text);
    this.#cursors.set(type, Math.max(cursor, position + texts.length - 1));
  }
}

export const CRASHED = new Error('the machine crashed');
