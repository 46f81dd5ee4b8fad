import { join } from 'node:path';
import { AiocError, toAiocError } from '../base/errors.ts';
import type { Ports, TlsSettings } from '../base/ports.ts';
import { Chat } from '../chat/chat.ts';
import type { Phase, Status } from '../contract/views.ts';
import { ReceivedFolder } from '../files/received-folder.ts';
import { Acceptor } from '../peers/acceptor.ts';
import { Dialler } from '../peers/dialler.ts';
import { Gate } from '../peers/gate.ts';
import { Ignoring } from '../peers/ignoring.ts';
import type { Peer } from '../peers/peer.ts';
import { Registry } from '../peers/registry.ts';
import { Traffic } from '../peers/traffic.ts';
import type { AiocHello } from '../protocol/messages.ts';
import { serverId } from '../protocol/names.ts';
import { MessageLog } from './message-log.ts';
import { ownAddresses } from './own-addresses.ts';
import { holderOf, removeRunFile, writeRunFile } from './run-file.ts';

/** The name that every chat client has on the wire: a Python server sends to no other (PROTOCOL §10). */
const CHAT_CLIENT = 'chat_client';

export interface ConnectorOptions {
  readonly role: 'server' | 'client';
  /** A server: the address to listen on. A client: the server to call. */
  readonly host: string;
  readonly port: number;
  /** What peers are shown as our name. */
  readonly displayName: string;
  readonly version: string;
  /** Absent: no TLS. */
  readonly identity: (TlsSettings & { readonly words: string }) | undefined;
  readonly wordsOf: (fingerprint: string) => string;
  readonly acceptAll: boolean;
  readonly receivedDirectory: string;
  /** Holds what this side must find again, and what it is in the middle of. */
  readonly stateDirectory: string;
  readonly ports: Ports;
}

/** One side of a connection, with everything that belongs to it; shown and steered through a ConnectorDoor. */
export class Connector {
  readonly options: ConnectorOptions;
  readonly log: MessageLog;
  readonly registry: Registry;
  readonly ignoring: Ignoring;
  readonly gate: Gate;
  readonly chat: Chat;
  readonly traffic: Traffic;
  readonly folder: ReceivedFolder;
  readonly #startedAtMs: number;
  readonly #endpoint: Acceptor | Dialler;
  /** Replaced by whoever shows this connector. */
  onChange: () => void = () => undefined;
  #phase: Phase = { kind: 'starting' };
  #port: number;

  constructor(options: ConnectorOptions) {
    this.options = options;
    this.#port = options.port;
    const { ports, wordsOf, receivedDirectory, stateDirectory, displayName } = options;
    const temporaryDirectory = join(stateDirectory, 'outgoing');
    const { clock, random } = ports;
    this.#startedAtMs = clock.wallNow();
    const onChange = (): void => this.onChange();
    this.log = new MessageLog({ clock, onChange });
    this.registry = new Registry({ clock, onChange });
    this.ignoring = new Ignoring(onChange);
    this.gate = new Gate({ clock, acceptAll: options.acceptAll, wordsOf, onChange });
    this.folder = new ReceivedFolder({ directory: receivedDirectory, random, clock });
    const { folder, log, registry, ignoring } = this;
    this.chat = new Chat({ ports, folder, temporaryDirectory, ownName: displayName, log, onChange });
    const sourceId = (): string => this.sourceId;
    this.traffic = new Traffic({ clock, registry, ignoring, log, application: this.chat, sourceId });
    this.chat.connect(this.traffic);
    registry.onForget = (peer) => this.chat.forget(peer);
    this.#endpoint = this.#makeEndpoint();
  }

  /** Our name on the wire (PROTOCOL §1). */
  get sourceId(): string {
    const { role, host } = this.options;
    return role === 'server' ? serverId({ host, port: this.#port }) : CHAT_CLIENT;
  }

  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN; the phase says so too */
  async start(): Promise<void> {
    const { stateDirectory, displayName } = this.options;
    this.#setPhase({ kind: 'starting' });
    try {
      const port = await this.#endpoint.start();
      if (port !== undefined) {
        this.#port = port;
        await writeRunFile(stateDirectory, port, displayName);
      }
    } catch (error) {
      const known = await this.#explain(toAiocError(error, 'AIOC_LISTEN'));
      this.#setPhase({ kind: 'failed', code: known.code, reason: known.message });
      throw known;
    }
    await this.folder.prepare().catch((error: Error) => this.log.event(error.message, { warning: true }));
  }

  /** Lets what is being sent go out (for a few seconds at most), then closes everything. */
  async stop(): Promise<void> {
    const listened = this.#phase.kind === 'listening';
    this.#setPhase({ kind: 'stopping' });
    await this.#endpoint.stop();
    if (listened) await removeRunFile(this.options.stateDirectory, this.#port);
  }

  /** A client calls again at once; a server that could not listen tries again. */
  async again(): Promise<void> {
    if (this.#endpoint instanceof Dialler) this.#endpoint.dialNow();
    else if (this.#phase.kind === 'failed') await this.start();
  }

  async #explain(error: AiocError): Promise<AiocError> {
    if (error.code !== 'AIOC_PORT_TAKEN') return error;
    const holder = await holderOf(this.options.stateDirectory, this.#port);
    if (holder === undefined) return error;
    const by = `by aioc "${holder.name}" (process ${holder.pid})`;
    const message = `port ${this.#port} is taken ${by}: stop that one, or choose another port with --port`;
    return new AiocError('AIOC_PORT_TAKEN', message, { cause: error });
  }

  /** @throws AiocError AIOC_PEER_UNKNOWN */
  peer(id: string): Peer {
    const peer = this.registry.get(id);
    if (peer === undefined)
      throw new AiocError('AIOC_PEER_UNKNOWN', `there is no peer ${id} here (any more)`);
    return peer;
  }

  /** A client's server. */
  get server(): Peer | undefined {
    return this.#endpoint instanceof Dialler ? this.#endpoint.peer : undefined;
  }

  get phase(): Phase {
    return this.#phase;
  }

  status(): Status {
    const { role, host, displayName, identity, acceptAll, receivedDirectory } = this.options;
    const peers = [...this.registry.all];
    return {
      role,
      address: `${host}:${this.#port}`,
      port: this.#port,
      ownAddresses: role === 'server' ? ownAddresses(host) : [],
      security: identity === undefined ? 'plain' : 'tls-allow-all',
      ownName: displayName,
      ...(identity !== undefined && { ownWords: identity.words }),
      startedAtMs: this.#startedAtMs,
      phase: this.#phase,
      inRate: this.traffic.inRate.perSecond(),
      outRate: this.traffic.outRate.perSecond(),
      waitingCount: peers.reduce((sum, { sender }) => sum + sender.waitingCount, 0),
      waitingBytes: peers.reduce((sum, { sender }) => sum + sender.waitingBytes, 0),
      receivedDirectory,
      acceptsAll: acceptAll,
      ignoringAll: this.ignoring.all,
      ignoredDrops: this.ignoring.drops,
      newcomers: this.gate.newcomers,
      transfersInFlight: this.chat.transfersInFlight,
      peersConnected: peers.filter(({ state }) => state === 'connected').length,
      unreadTotal: peers.reduce((sum, { id }) => sum + this.chat.conversation(id).unread, 0),
    };
  }

  #makeEndpoint(): Acceptor | Dialler {
    const { role, host, port, displayName, version, identity, wordsOf, ports } = this.options;
    const instance = ports.random.bytes(8).toString('hex');
    const hello: AiocHello = { version, name: displayName, instance };
    const { registry, traffic, log, gate } = this;
    const setPhase = (phase: Phase): void => this.#setPhase(phase);
    const common = { ports, host, port, tls: identity, hello, registry, traffic, log, wordsOf, setPhase };
    return role === 'server'
      ? new Acceptor({ ...common, gate, sourceId: () => this.sourceId })
      : new Dialler({ ...common, wireName: CHAT_CLIENT });
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    this.onChange();
  }
}
