import { AiocError } from '../base/errors.ts';
import type { AccessChange, ConnectorControl } from '../local/connector-control.ts';
import { deletePythonRemains } from '../local/python-remains.ts';
import type { Ignoring } from '../peers/ignoring.ts';
import type { Peer } from '../peers/peer.ts';
import type { Registry } from '../peers/registry.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { Inbox } from '../queues/inbox.ts';
import { type ConnectorOptions, ownerOf } from './connector-options.ts';
import type { QueueStore } from './queue-store.ts';

/** The parts of a connector that commands reach. */
export interface Controlled {
  readonly options: ConnectorOptions;
  readonly registry: Registry;
  readonly ignoring: Ignoring;
  readonly log: TrafficLog;
  readonly inboxes: Iterable<Inbox>;
  readonly server: Peer | undefined;
  start(): Promise<void>;
  pause(options: { readonly hard: boolean }): Promise<void>;
  reconsider(): void;
}

/** What can be asked of a running connector, done on the connector. */
export class Control implements ConnectorControl {
  readonly #connector: Controlled;
  readonly #queues: Pick<QueueStore, 'purgeUnused'>;

  constructor(connector: Controlled, queues: Pick<QueueStore, 'purgeUnused'>) {
    this.#connector = connector;
    this.#queues = queues;
  }

  connectedPeers(): Readonly<Record<string, readonly [string, number]>> {
    const connected = [...this.#connector.registry.all].filter(({ state }) => state === 'connected');
    return Object.fromEntries(connected.map(({ wireName, address }) => [wireName, split(address)]));
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

  async ignoreAll(on: boolean): Promise<void> {
    const { ignoring } = this.#connector;
    ignoring.setOnly([]);
    ignoring.setAll(on);
    this.#ignoreChanged();
  }

  async ignoreOnly(peerName: string): Promise<void> {
    this.#connector.ignoring.setOnly([peerName]);
    this.#ignoreChanged();
  }

  logLevel(): string {
    return this.#connector.options.local?.logLevel.get() ?? 'INFO';
  }

  setLogLevel(level: string): void {
    this.#connector.options.local?.logLevel.set(level);
  }

  async deleteCertificateOfClient(name: string, options: { readonly onlySymlink: boolean }): Promise<void> {
    const { security } = this.#connector.options;
    if (security.mode !== 'mutual-tls' || security.server === undefined) {
      throw new AiocError(
        'AIOC_COMMAND',
        'only a server with client certificates can delete one: this connector is none',
      );
    }
    await security.server.remove(name, options);
    this.#connector.registry.byWireName(name)?.link?.cut('its certificate was deleted here');
    this.#connector.log.event('its certificate was deleted here', { peerName: name });
  }

  async deleteOwnCertificate({ reconnect }: { readonly reconnect: boolean }): Promise<void> {
    const { security } = this.#connector.options;
    if (security.mode !== 'mutual-tls' || security.client === undefined) {
      throw new AiocError(
        'AIOC_COMMAND',
        'only a client with a certificate of its own can delete it: this connector is none',
      );
    }
    await security.client.remove();
    this.#connector.log.event(
      'our own certificate was deleted; the default one is used until there is a new one',
    );
    if (reconnect) this.#connector.server?.link?.cut('our certificate was deleted');
  }

  disconnectClient(name: string): boolean {
    const link = this.#connector.registry.byWireName(name)?.link;
    link?.drain();
    return link !== undefined;
  }

  changeAccess({ list, what, ...entry }: AccessChange): boolean {
    const { access, local } = this.#connector.options;
    if (access === undefined)
      throw new AiocError('AIOC_COMMAND', 'only a server has lists of clients: this connector is a client');
    const who = entry.name ?? entry.address ?? 'nobody';
    if (what === 'add') access.add(list, entry);
    else if (!access.remove(list, entry)) return false;
    this.#connector.log.event(`${who}: ${what === 'add' ? 'put into' : 'taken out of'} the ${list}`);
    // As in Python, only a blacklist ends connections that there are.
    if (list === 'blacklist' && what === 'add') this.#connector.reconsider();
    const kind = entry.name !== undefined ? 'id' : entry.address?.includes('/') ? 'subnet' : 'ip';
    local?.onAccessChanged?.(`${list}ed_clients_${kind}`, [...this.#listed(list, kind)]);
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
      const text = `${count} stored messages that nothing uses any more were deleted by a command`;
      this.#connector.log.event(text, { warning: true });
    }
    const owner = ownerOf(options);
    const deleted = await deletePythonRemains(local.connectorFilesDirectory, owner);
    for (const file of deleted)
      this.#connector.log.event(`${file}: the messages in it were deleted by a command`, { warning: true });
    return deleted;
  }

  attribute(key: string): unknown {
    const attributes = this.#connector.options.local?.attributes ?? {};
    const list = LISTED.exec(key);
    if (list !== null) return this.#listed(list[1] === 'white' ? 'whitelist' : 'blacklist', list[2]);
    if (!Object.hasOwn(attributes, key)) throw new AiocError('AIOC_CONFIG', `there is no key ${key}`);
    return attributes[key];
  }

  start(): Promise<void> {
    return this.#connector.start();
  }

  async stop({ hard, shutdown }: { readonly hard: boolean; readonly shutdown: boolean }): Promise<void> {
    await this.#connector.pause({ hard });
    // The answer to the command leaves first.
    if (shutdown)
      this.#connector.options.ports.clock.after(0, () => this.#connector.options.local?.onShutdown());
  }

  async restart({ hard, delayMs }: { readonly hard: boolean; readonly delayMs: number }): Promise<void> {
    await this.#connector.pause({ hard });
    if (delayMs > 0)
      await new Promise<void>((resolve) => this.#connector.options.ports.clock.after(delayMs, resolve));
    await this.#connector.start();
  }

  #ignoreChanged(): void {
    this.#connector.options.local?.onIgnoreChanged(this.ignored());
  }
}

/** Keys whose values change while the connector runs. */
const LISTED = /^(white|black)listed_clients_(id|ip|subnet)$/;

function split(address: string): readonly [string, number] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at), Number(address.slice(at + 1))];
}
