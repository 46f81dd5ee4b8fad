import { partsOf } from '../base/addresses.ts';
import { AiocError, toAiocError } from '../base/errors.ts';
import type { Phase, TransferRow } from '../contract/views.ts';
import { shownName } from '../files/safe-name.ts';
import type {
  AccessChange,
  CleanChoice,
  CommandSource,
  ConnectorCommands,
  IgnoreChange,
  InviteOptions,
  MadeInvitation,
} from '../local/connector-commands.ts';
import { deleteLeftoverFiles } from '../local/python/leftover-files.ts';
import { ownerId } from '../local/socket-names.ts';
import type { IgnoreList } from '../peers/ignore-list.ts';
import type { Peer } from '../peers/peer.ts';
import type { ReceivedFiles } from '../peers/received-files.ts';
import type { Registry } from '../peers/registry.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { Inbox } from '../queues/inbox.ts';
import { type ConnectorOptions, fileOwnerOf } from './connector-options.ts';
import { QueuePeeker } from './queue-peek.ts';
import type { QueueStore } from './queue-store.ts';
import type { TransferList } from './transfer-list.ts';

/** The parts of a connector that commands use. */
export interface CommandTarget {
  readonly options: ConnectorOptions;
  readonly registry: Registry;
  readonly ignoring: IgnoreList;
  readonly log: TrafficLog;
  readonly inboxes: Iterable<Inbox>;
  readonly server: Peer | undefined;
  readonly phase: Phase;
  readonly transfers: Pick<TransferList, 'current' | 'cancel' | 'clean'>;
  readonly traffic: { readonly files: Pick<ReceivedFiles, 'abandon'> };
  resume(): Promise<void>;
  start(): Promise<void>;
  pause(options: { readonly hard: boolean }): Promise<void>;
  applyAccessLists(): void;
  renewCertificate(): Promise<void>;
}

/** Executes commands on a running connector, for every interface. */
export class CommandHandler implements ConnectorCommands {
  readonly #connector: CommandTarget;
  readonly #queues: Pick<QueueStore, 'purgeUnused'>;
  readonly #source: CommandSource;

  constructor(
    connector: CommandTarget,
    queues: Pick<QueueStore, 'purgeUnused'>,
    source: CommandSource = 'its program',
  ) {
    this.#connector = connector;
    this.#queues = queues;
    this.#source = source;
  }

  /** The same commands, logged with another source. */
  from(source: CommandSource): CommandHandler {
    return new CommandHandler(this.#connector, this.#queues, source);
  }

  connectedPeers(): Readonly<Record<string, readonly [string, number]>> {
    const connected = [...this.#connector.registry.all].filter(({ state }) => state === 'connected');
    return Object.fromEntries(connected.map(({ wireName, address }) => [wireName, partsOf(address)]));
  }

  queues(): { received: number; toSend: Record<string, number> } {
    const { registry, inboxes } = this.#connector;
    const received = [...inboxes].reduce((sum, { depth }) => sum + depth, 0);
    const toSend = [...registry.all].map(({ wireName, sender }) => [wireName, sender.waitingCount] as const);
    return { received, toSend: Object.fromEntries(toSend) };
  }

  ignored(): boolean | readonly string[] {
    const { all, peers } = this.#connector.ignoring;
    if (all) return true;
    return peers.length > 0 ? peers : false;
  }

  async ignore(change: IgnoreChange): Promise<void> {
    const { ignoring } = this.#connector;
    if (change === 'everybody') return this.ignoreAll(true);
    const only = change === 'nobody' ? [] : [change.only];
    ignoring.setOnly(only);
    this.#done(change === 'nobody' ? 'ignoring no peer' : `ignoring only ${only.join()}`);
    await this.#saveIgnored();
  }

  /**
   * Ignores all peers, or stops that. Individually ignored peers stay ignored.
   *
   * @throws AiocError AIOC_NOT_SAVED
   */
  async ignoreAll(on: boolean): Promise<void> {
    this.#connector.ignoring.setAll(on);
    this.#done(on ? 'ignoring all peers' : 'no longer ignoring all peers');
    await this.#saveIgnored();
  }

  /**
   * Ignores one more peer, or stops that.
   *
   * @throws AiocError AIOC_NOT_SAVED
   */
  async ignorePeer(peer: Peer, on: boolean): Promise<void> {
    this.#connector.ignoring.setPeer(peer, on);
    this.#done(on ? 'ignored' : 'no longer ignored', { peerName: peer.name });
    await this.#saveIgnored();
  }

  logLevel(): string {
    return this.#connector.options.local?.logLevel.get() ?? 'INFO';
  }

  setLogLevel(level: string): void {
    const setting = this.#connector.options.local?.logLevel;
    // Log the change before the new level can suppress it.
    const isLouder = LEVELS.indexOf(level) < LEVELS.indexOf(this.logLevel());
    if (isLouder) setting?.set(level);
    this.#done(`log level ${level}`);
    setting?.set(level);
  }

  async deleteCertificateOfClient(name: string, options: { readonly onlySymlink: boolean }): Promise<void> {
    const { security } = this.#connector.options;
    if (security.mode !== 'mutual-tls' || security.server === undefined) {
      throw new AiocError(
        'AIOC_COMMAND',
        'only a server with mutual TLS can delete client certificates: this connector is not one',
      );
    }
    await security.server.remove(name, options);
    const peer = this.#connector.registry.byWireName(name);
    peer?.link?.cut('its certificate was deleted here');
    if (peer !== undefined) await this.#connector.traffic.files.abandon(peer, 'its certificate was deleted');
    this.#done('its certificate was deleted here', { peerName: name });
  }

  async deleteOwnCertificate({ reconnect }: { readonly reconnect: boolean }): Promise<void> {
    const { security } = this.#connector.options;
    if (security.mode !== 'mutual-tls' || security.client === undefined) {
      throw new AiocError(
        'AIOC_COMMAND',
        'only a client with mutual TLS can delete its certificate: this connector is not one',
      );
    }
    await security.client.remove();
    this.#done('deleted this client’s certificate; using the default one until there is a new one');
    if (!reconnect) return;
    this.#connector.server?.link?.cut('our certificate was deleted');
    // Otherwise a refused client would wait for its next attempt.
    if (!this.#isStopped) await this.#connector.resume();
  }

  async invite(options: InviteOptions): Promise<MadeInvitation> {
    const { security } = this.#connector.options;
    if (security.mode !== 'mutual-tls' || security.server === undefined) {
      throw new AiocError(
        'AIOC_COMMAND',
        'only a server with mutual TLS can invite clients: this connector is not one',
      );
    }
    const made = await security.server.invite(options);
    const until = new Date(made.expiresAtMs).toISOString();
    this.#done(`invited to join ${made.address} until ${until}`, { peerName: options.name });
    return made;
  }

  async renewCertificate(): Promise<void> {
    await this.#connector.renewCertificate();
    this.#done('renewed this client’s certificate');
  }

  disconnectClient(name: string): boolean {
    const peer = this.#connector.registry.byWireName(name);
    if (peer?.link === undefined) return false;
    this.disconnect(peer);
    return true;
  }

  /** @throws AiocError AIOC_PEER_AWAY */
  disconnect(peer: Peer): void {
    if (peer.link === undefined)
      throw new AiocError('AIOC_PEER_AWAY', `${peer.name} is not connected, so it cannot be disconnected`);
    this.#done('disconnected', { peerName: peer.name });
    peer.link.drain();
  }

  async changeAccess({ list, what, ...entry }: AccessChange): Promise<boolean> {
    const { access } = this.#connector.options;
    if (access === undefined)
      throw new AiocError('AIOC_COMMAND', 'only a server has access lists: this connector is a client');
    const who = entry.name ?? entry.address ?? 'nobody';
    if (what === 'add') access.add(list, entry);
    else if (!access.remove(list, entry)) return false;
    this.#done(`${who}: ${what === 'add' ? 'added to' : 'removed from'} the ${list}`);
    // As in Python, only a blacklist closes existing connections.
    if (list === 'blacklist' && what === 'add') this.#connector.applyAccessLists();
    const kind = entry.name !== undefined ? 'id' : entry.address?.includes('/') ? 'subnet' : 'ip';
    await this.#save(`${list}ed_clients_${kind}`, [...this.#listed(list, kind)]);
    return true;
  }

  #listed(list: AccessChange['list'], kind: string | undefined): ReadonlySet<string> {
    const { names = [], addresses = [], subnets = [] } = this.#connector.options.access?.entries(list) ?? {};
    return new Set(kind === 'id' ? names : kind === 'ip' ? addresses : subnets);
  }

  async deletePersistenceRemains(): Promise<readonly string[]> {
    const { options } = this.#connector;
    const { local } = options;
    if (local === undefined) return [];
    const count = await this.#queues.purgeUnused();
    if (count > 0) {
      const text = `deleted ${count} stored messages that are no longer used`;
      this.#done(text, { warning: true });
    }
    const owner = fileOwnerOf(options);
    const deleted = await deleteLeftoverFiles(local.connectorFilesDirectory, owner);
    for (const file of deleted) this.#done(`${file}: deleted with its messages`, { warning: true });
    return deleted;
  }

  /**
   * Drops the messages of a queue that are not on their way.
   *
   * @param upTo the end that a peek has returned
   * @returns how many
   * @throws AiocError AIOC_COMMAND, AIOC_DISK, AIOC_DISK_FULL
   */
  async purgeQueue(queue: string, upTo: string): Promise<number> {
    const why = `purged at the request of ${this.#source}`;
    const { count, type, peerName } = await new QueuePeeker(this.#connector).purge(queue, { upTo, why });
    const messages = count === 1 ? '1 message' : `${count} messages`;
    this.#done(`${messages} of type ${type} purged`, { peerName, warning: true });
    return count;
  }

  transfers(): Promise<readonly TransferRow[]> {
    return this.#connector.transfers.current();
  }

  async cancelTransfer(id: string): Promise<TransferRow> {
    const row = await this.#connector.transfers.cancel(id);
    this.#done(`cancelled the file ${shownName(row.name)}`, { peerName: row.peerName, warning: true });
    return row;
  }

  async cleanTransfers(choice: CleanChoice): Promise<readonly TransferRow[]> {
    const deleted = await this.#connector.transfers.clean(choice);
    for (const { name, peerName } of deleted)
      this.#done(`deleted the partial file ${shownName(name)}`, { peerName, warning: true });
    return deleted;
  }

  attribute(key: string): unknown {
    const attributes = this.#connector.options.local?.attributes ?? {};
    if (key === 'source_id') return ownerId(fileOwnerOf(this.#connector.options));
    const list = LISTED.exec(key);
    if (list !== null) return this.#listed(list[1] === 'white' ? 'whitelist' : 'blacklist', list[2]);
    if (!Object.hasOwn(attributes, key)) throw new AiocError('AIOC_CONFIG', `unknown key ${key}`);
    return attributes[key];
  }

  async start(): Promise<void> {
    const wasStopped = this.#isStopped;
    await this.#connector.start();
    if (wasStopped) this.#done('started');
  }

  /** A client reconnects now instead of at its next attempt; a connector that is stopped or could not listen starts. */
  async again(): Promise<void> {
    if (this.#isStopped) return this.start();
    await this.#connector.resume();
    this.#done('retrying now');
  }

  async stop({ hard, shutdown }: { readonly hard: boolean; readonly shutdown: boolean }): Promise<void> {
    const wasStopped = this.#isStopped;
    await this.#connector.pause({ hard });
    if (shutdown) this.#done('stopped; the process exits');
    else if (!wasStopped) this.#done('stopped');
    // Send the answer to the command first.
    if (shutdown)
      this.#connector.options.ports.clock.after(0, () => this.#connector.options.local?.onShutdown());
  }

  async restart({ hard, delayMs }: { readonly hard: boolean; readonly delayMs: number }): Promise<void> {
    await this.#connector.pause({ hard });
    if (delayMs > 0)
      await new Promise<void>((resolve) => this.#connector.options.ports.clock.after(delayMs, resolve));
    await this.#connector.start();
    this.#done('restarted');
  }

  get #isStopped(): boolean {
    return ['failed', 'stopped'].includes(this.#connector.phase.kind);
  }

  /** Logs the effect of a command with its source. */
  #done(what: string, about: { readonly peerName?: string; readonly warning?: boolean } = {}): void {
    this.#connector.log.event(`${what} (requested by ${this.#source})`, about);
  }

  #saveIgnored(): Promise<void> {
    return this.#save('ignore_peer_traffic', this.ignored());
  }

  /** @throws AiocError AIOC_NOT_SAVED, after logging it */
  async #save(key: string, value: unknown): Promise<void> {
    try {
      await this.#connector.options.local?.saveKey?.(key, value);
    } catch (error) {
      const message = `done, but not saved, so the next start will not use it: ${toAiocError(error).message}`;
      this.#connector.log.event(`${key}: ${message}`, { warning: true });
      throw new AiocError('AIOC_NOT_SAVED', message, { cause: error });
    }
  }
}

/** From the most to the least verbose. */
const LEVELS: readonly string[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'];

/** Keys whose values can change while the connector runs. */
const LISTED = /^(white|black)listed_clients_(id|ip|subnet)$/;
