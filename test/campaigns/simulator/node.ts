import type { Durability } from '../../../engine/config/shapes.ts';
import { Connector } from '../../../engine/connector/connector.ts';
import { parseLocalFrame } from '../../../engine/local/local-frames.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Inbox } from '../../../engine/queues/inbox.ts';
import type { StoredRecord } from '../../../engine/queues/stored-message.ts';
import { PORT, TRUST } from '../../helpers/simulated-connectors.ts';
import type { SimulatedDisk } from '../../helpers/simulated-disk.ts';
import type { SimulatedWorld } from '../../helpers/simulated-world.ts';
import { MortalPorts } from './mortal-ports.ts';

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
    this.#connector = undefined;
    this.#life += 1;
  }

  /** Hands a message to the connector. Resolves when it is confirmed to be stored. */
  async send(type: string, text: string): Promise<void> {
    const broker = this.#connector?.broker;
    if (broker === undefined) throw new Error('not running');
    const destination = this.role === 'server' ? { destination_id: 'client1' } : {};
    const frame = encodeFrame({ header: { message_type: type, ...destination }, data: Buffer.from(text) });
    const stored = new Promise<void>((resolve, reject) => {
      void broker.submit(parseLocalFrame(frame.subarray(4)), { kept: () => resolve(), refused: reject });
    });
    await this.alive(stored);
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
    let read: readonly StoredRecord[] = [];
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
      const [record] = read;
      read = read.slice(1);
      if (record !== undefined && life === this.#life) {
        const { header, data } = parseLocalFrame(record.payload.subarray(4));
        const cursor = this.#cursors.get(inbox.type) ?? 0;
        if (record.position > cursor) this.#options.onDelivered(header.message_type, data.toString());
        this.#cursors.set(inbox.type, Math.max(cursor, record.position));
        after = record.position;
        // As for a listener over a socket: the ack may not have been written when the machine crashes.
        inbox.done(record, { count: 1, bytes: record.payload.length }).catch(() => undefined);
      }
      busy = false;
      if (record !== undefined) clock.after(this.listenerMs, () => void next());
      else if (inbox.depth > 0) clock.after(50, () => void next());
    };
    inbox.onArrival(() => void next());
    void next();
  }
}

export const CRASHED = new Error('the machine crashed');
