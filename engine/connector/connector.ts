import { join } from 'node:path';
import { hostAndPort } from '../base/addresses.ts';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { MemoryBudget } from '../base/memory-budget.ts';
import { Chat } from '../chat/chat.ts';
import type { Phase, QueueRow, Status } from '../contract/views.ts';
import { FileDestinations } from '../files/file-destinations.ts';
import { ReceivedFolder } from '../files/received-folder.ts';
import { importPythonPersistence } from '../local/legacy/import-persistence.ts';
import { Mailroom } from '../local/mailroom.ts';
import type { PeerFinder } from '../local/mailroom-types.ts';
import { Acceptor } from '../peers/acceptor.ts';
import { Dialler } from '../peers/dialler.ts';
import { Gate } from '../peers/gate.ts';
import { Ignoring } from '../peers/ignoring.ts';
import { KnownAioc } from '../peers/known-aioc.ts';
import { Natures } from '../peers/natures.ts';
import type { Peer } from '../peers/peer.ts';
import { Registry } from '../peers/registry.ts';
import { Traffic } from '../peers/traffic.ts';
import { watcherOfRevived } from '../peers/traffic-watchers.ts';
import { isClientName, serverId } from '../protocol/names.ts';
import type { Inbox } from '../queues/inbox.ts';
import { NOTHING_KEPT, QueueRules } from '../queues/queue-rules.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import type { Store } from '../storage/store.ts';
import { type ConnectorOptions, ownerOf } from './connector-options.ts';
import { Control } from './control.ts';
import { emptied } from './emptied.ts';
import { makeEndpoint } from './endpoint.ts';
import { LocalSide } from './local-side.ts';
import { MessageCounts } from './message-counts.ts';
import { MessageLog } from './message-log.ts';
import { openJournal } from './open-journal.ts';
import { OutgoingFiles } from './outgoing-files.ts';
import { ownAddresses } from './own-addresses.ts';
import { letAllIn, reopen } from './queue-drain.ts';
import { addAwayPeer, QueueStore } from './queue-store.ts';
import { inboxRows, queueRows, queueTotals } from './rows.ts';
import { removeRunFile, withHolder, writeRunFile } from './run-file.ts';

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
  readonly control: Control;
  readonly rules: QueueRules;
  /** Of a configured connector: what its programs are connected with. */
  readonly mailroom: Mailroom | undefined;
  readonly local: LocalSide | undefined;
  readonly #startedAtMs: number;
  readonly #knownAioc: KnownAioc;
  readonly #queues: QueueStore;
  readonly #files: OutgoingFiles | undefined;
  readonly #endpoint: Acceptor | Dialler;
  readonly #counts: MessageCounts | undefined;
  /** Replaced by whoever shows this connector. */
  onChange: () => void = () => undefined;
  readonly #budget: MemoryBudget;
  #phase: Phase = { kind: 'starting' };
  #port: number;

  /** @throws AiocError AIOC_SOCKET_PATH */
  constructor(options: ConnectorOptions) {
    this.options = options;
    this.#port = options.port;
    const { ports, wordsOf, namesAreIdentities, local } = options;
    const { clock, random } = ports;
    this.#startedAtMs = clock.wallNow();
    this.#budget = new MemoryBudget(options.heldMaxBytes ?? LIMITS.heldBytes);
    const onChange = (): void => this.onChange();
    this.rules = new QueueRules(local?.storage ?? NOTHING_KEPT);
    this.log = new MessageLog({ clock, onChange, ...(options.onLogLine && { onLine: options.onLogLine }) });
    const { log } = this;
    this.#queues = new QueueStore({
      rules: this.rules,
      memory: new MemoryStore(clock),
      openJournal: () => this.#openJournal(),
      importRemains: (into) => this.#importRemains(into),
      keepFiles: async (named) => this.#files?.spool.keepOnly(named),
      log,
    });
    this.#files = local && new OutgoingFiles({ local, owner: ownerOf(options), random });
    this.registry = this.#makeRegistry(onChange);
    this.ignoring = new Ignoring((peer) => (namesAreIdentities ? peer.wireName : peer.id), onChange);
    this.gate = new Gate({ clock, acceptAll: options.acceptAll, wordsOf, onChange });
    this.folder = new ReceivedFolder({ directory: options.receivedDirectory, random, clock });
    this.control = new Control(this, this.#queues);
    this.chat = this.#makeChat(onChange);
    this.#knownAioc = this.#makeKnownAioc();
    this.mailroom = this.#makeMailroom(onChange);
    this.local = this.#makeLocalSide(onChange);
    this.#counts = this.#makeCounts();
    this.traffic = this.#makeTraffic();
    this.#endpoint = this.#makeEndpoint();
    this.#applyIgnored();
  }

  /** Our name on the wire (PROTOCOL §1). */
  get sourceId(): string {
    const { role, host, wireName } = this.options;
    return role === 'server' ? serverId({ host, port: this.#port }) : wireName;
  }

  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN, AIOC_ALREADY_RUNNING; the phase says so too */
  async start(): Promise<void> {
    if (this.#running) return;
    const { stateDirectory, displayName } = this.options;
    this.#setPhase({ kind: 'starting' });
    reopen(this.registry);
    try {
      await this.#knownAioc.load();
      await this.local?.startCommander();
      // First of all whatever may be refused: a start that fails leaves nothing behind.
      const port = await this.#endpoint.start();
      if (port !== undefined) this.#port = port;
      await this.#openQueues();
      await this.local?.start();
      if (port !== undefined) await writeRunFile(stateDirectory, port, displayName);
      this.#endpoint.open();
    } catch (error) {
      await this.#endpoint.stop(true);
      await this.local?.stop({ hard: true });
      await this.#queues.close();
      await this.local?.stopCommander();
      const known = await withHolder(toAiocError(error, 'AIOC_LISTEN'), stateDirectory, this.#port);
      this.#setPhase({ kind: 'failed', code: known.code, reason: known.message });
      throw known;
    }
    await this.folder.prepare().catch((error: Error) => this.log.event(error.message, { warning: true }));
  }

  /** Stops for good: lets what is being sent go out (for a few seconds at most), then closes everything. */
  async stop(options: { readonly hard: boolean } = { hard: false }): Promise<void> {
    await this.pause(options);
    await this.#queues.close();
    await this.local?.stopCommander();
  }

  /** Stops everything but the ear for commands, so that `start` can be asked for. `hard` does not wait for queues. */
  async pause({ hard }: { readonly hard: boolean }): Promise<void> {
    const listened = this.#phase.kind === 'listening';
    if (!hard) await emptied(this.registry, this.options.ports.clock);
    this.#setPhase({ kind: 'stopped' });
    void letAllIn(this.registry);
    await this.local?.stop({ hard });
    await letAllIn(this.registry);
    await this.#endpoint.stop(hard);
    this.#counts?.stop();
    await this.#knownAioc.saved();
    if (listened) await removeRunFile(this.options.stateDirectory, this.#port);
  }

  /** A client calls again at once; a server that could not listen tries again. */
  async again(): Promise<void> {
    if (this.#phase.kind === 'failed' || this.#phase.kind === 'stopped') await this.start();
    else if (this.#endpoint instanceof Dialler) this.#endpoint.dialNow();
  }

  /** @throws AiocError AIOC_PEER_UNKNOWN */
  peer(id: string): Peer {
    const peer = this.registry.get(id);
    if (peer === undefined)
      throw new AiocError('AIOC_PEER_UNKNOWN', `there is no peer ${id} here (any more)`);
    return peer;
  }

  /** Cuts off whoever may not be connected any longer. */
  reconsider(): void {
    if (this.#endpoint instanceof Acceptor) this.#endpoint.reconsider();
  }

  /** A client's server. */
  get server(): Peer | undefined {
    return this.#endpoint instanceof Dialler ? this.#endpoint.peer : undefined;
  }

  get inboxes(): Iterable<Inbox> {
    return this.mailroom?.inboxes ?? [];
  }

  get phase(): Phase {
    return this.#phase;
  }

  status(): Status {
    const { role, host, displayName, security, acceptAll, receivedDirectory } = this.options;
    const peers = [...this.registry.all];
    const ownWords = security.mode === 'plain' ? undefined : security.tls?.words;
    const endpoint = this.#endpoint;
    return {
      role,
      address: hostAndPort(host, this.#port),
      port: this.#port,
      ownAddresses: role === 'server' ? ownAddresses(host) : [],
      security: security.mode,
      configured: this.options.local !== undefined,
      canDeleteCertificates: security.mode === 'mutual-tls',
      asksForCertificate: endpoint instanceof Dialler && endpoint.asksForCertificate,
      ownName: displayName,
      ...(ownWords !== undefined && { ownWords }),
      startedAtMs: this.#startedAtMs,
      phase: this.#phase,
      inRate: this.traffic.inRate.perSecond(),
      outRate: this.traffic.outRate.perSecond(),
      ...queueTotals(this.queueRows()),
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

  /** All queues as a screen lists them, unsorted. */
  queueRows(): readonly QueueRow[] {
    return [...queueRows(this.registry.all, this.rules), ...inboxRows(this.inboxes, this.rules)];
  }

  async #openQueues(): Promise<void> {
    const { registry, server, mailroom } = this;
    if (mailroom !== undefined) await this.#queues.open({ registry, server, mailroom });
  }

  async #importRemains(store: Store): Promise<void> {
    const { log, server } = this;
    const { local } = this.options;
    if (local === undefined) return;
    const owner = ownerOf(this.options);
    const directory = local.connectorFilesDirectory;
    await importPythonPersistence({ directory, owner, serverWireName: server?.wireName, store, log });
  }

  #openJournal(): Promise<Store> {
    const { ports, local } = this.options;
    if (local === undefined)
      throw new AiocError('AIOC_INTERNAL', 'only a configured connector has a journal');
    const { storage } = local;
    return openJournal({ storage, owner: ownerOf(this.options), ports, log: this.log });
  }

  #makeRegistry(onChange: () => void): Registry {
    const { ports, namesAreIdentities } = this.options;
    const { rules } = this;
    const watcher = watcherOfRevived(this.log);
    return new Registry({
      clock: ports.clock,
      random: ports.random,
      sourceId: () => this.sourceId,
      storedOf: (peerName) => this.mailroom?.storedOf(peerName) ?? [],
      gone: (type, source) => this.mailroom?.gone(type, source),
      onChange,
      store: this.#queues.store,
      whenFull: rules.whenFull,
      capacityOf: (type) => rules.capacityOf('out', type),
      budget: this.#budget,
      namesAreIdentities,
      // A message that comes out of the store again: nobody waits for it any more, but its file is still read.
      revive: ({ header }) => {
        return { watcher, ticket: 0, body: this.#files?.bodyOf(header) };
      },
    });
  }

  #makeLocalSide(onChange: () => void): LocalSide | undefined {
    const { options, mailroom, log, control } = this;
    const { local } = options;
    if (!local || !mailroom || !this.#files || local.withoutSockets) return undefined;
    const { spool } = this.#files;
    return new LocalSide({ connector: options, local, mailroom, spool, log, control, onChange });
  }

  #makeEndpoint(): Acceptor | Dialler {
    const { options, registry, traffic, log, gate } = this;
    return makeEndpoint({
      options,
      registry,
      natures: new Natures({ registry, known: this.#knownAioc, log }),
      traffic,
      log,
      gate,
      sourceId: () => this.sourceId,
      setPhase: (phase) => this.#setPhase(phase),
    });
  }

  #makeChat(onChange: () => void): Chat {
    const { ports, stateDirectory, displayName } = this.options;
    const { folder, log } = this;
    const temporaryDirectory = join(stateDirectory, 'outgoing');
    const chat = new Chat({ ports, folder, temporaryDirectory, ownName: displayName, log, onChange });
    this.registry.onForget = (peer) => chat.forget(peer);
    return chat;
  }

  #makeMailroom(onChange: () => void): Mailroom | undefined {
    const { local, ports, role, host, port } = this.options;
    if (local === undefined) return undefined;
    const { clock, random } = ports;
    return new Mailroom({
      clock,
      budget: this.#budget,
      store: this.#queues.store,
      rules: this.rules,
      soleSender: role === 'client' ? serverId({ host, port }) : undefined,
      messageMaxBytes: this.options.messageMaxBytes ?? LIMITS.messageBytes,
      log: this.log,
      sendTypes: local.sendTypes,
      recvTypes: local.recvTypes,
      destinations: new FileDestinations({
        byType: local.destinations,
        sizeMaxBytes: local.receiveFileMaxBytes,
        random,
        clock,
      }),
      peerFor: (who) => this.#peerFor(who),
      bodyOf: ({ header }) => this.#files?.bodyOf(header),
      observe: (peer, frame) => this.chat.observe(peer, frame),
      onChange,
    });
  }

  #makeKnownAioc(): KnownAioc {
    const { stateDirectory, role, wireName, host, port, ports } = this.options;
    const { random, clock } = ports;
    // One word: neither names nor addresses have a blank.
    const owner = [role, role === 'client' ? wireName : '', host, port].join();
    return new KnownAioc({ file: join(stateDirectory, 'known-aioc.json'), owner, random, clock });
  }

  #makeCounts(): MessageCounts | undefined {
    const { ports, local } = this.options;
    if (!local?.countsMessages) return undefined;
    const types = [...local.sendTypes, ...local.recvTypes];
    return new MessageCounts({ clock: ports.clock, types, report: (line) => this.log.event(line) });
  }

  #makeTraffic(): Traffic {
    const { registry, ignoring, log } = this;
    const { ports, onPeerChange } = this.options;
    const { clock } = ports;
    const application = this.mailroom ?? this.chat;
    const traffic = new Traffic({
      clock,
      budget: this.#budget,
      registry,
      ignoring,
      log,
      application,
      sourceId: () => this.sourceId,
      messageMaxBytes: this.options.messageMaxBytes ?? LIMITS.messageBytes,
      counts: this.#counts,
      onPeerChange,
    });
    this.chat.connect(traffic);
    this.mailroom?.connect(traffic);
    return traffic;
  }

  /** A client has one peer, whatever a program calls it; a server's are known by their names. */
  #peerFor({ name, mayBeAway }: Parameters<PeerFinder>[0]): Peer | undefined {
    if (this.server !== undefined || name === undefined) return this.server;
    const known = this.registry.byWireName(name);
    if (known !== undefined || !mayBeAway || !isClientName(name)) return known;
    return addAwayPeer(this.registry, name, 'it has never been here');
  }

  #applyIgnored(): void {
    const { ignored } = this.options;
    if (typeof ignored === 'boolean') this.ignoring.setAll(ignored);
    else this.ignoring.setOnly(ignored);
  }

  get #running(): boolean {
    return !['starting', 'failed', 'stopped'].includes(this.#phase.kind);
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    this.local?.setListed(phase.kind === 'listening' || phase.kind === 'connected');
    this.onChange();
  }
}
