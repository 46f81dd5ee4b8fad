import { hostAndPort } from '../base/addresses.ts';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { MemoryBudget } from '../base/memory-budget.ts';
import type { Chat } from '../chat/chat.ts';
import type { KeptConversation } from '../chat/kept/kept-conversation.ts';
import type { Phase, Status } from '../contract/views.ts';
import { DiskSpace } from '../files/disk-space.ts';
import { ReceivedFolder } from '../files/received-folder.ts';
import { LocalBroker } from '../local/local-broker.ts';
import type { PeerFinder } from '../local/local-broker-types.ts';
import { importPythonPersistence } from '../local/python/import-persistence.ts';
import type { Admission } from '../peers/admission.ts';
import { ClientEndpoint } from '../peers/client-endpoint.ts';
import { observerOfRevived } from '../peers/delivery-observers.ts';
import { IgnoreList } from '../peers/ignore-list.ts';
import { KnownKinds } from '../peers/known-kinds.ts';
import type { KnownPeers } from '../peers/known-peers.ts';
import type { Peer } from '../peers/peer.ts';
import { Registry } from '../peers/registry.ts';
import { ServerEndpoint } from '../peers/server-endpoint.ts';
import { Traffic } from '../peers/traffic.ts';
import { isClientName, serverId } from '../protocol/names.ts';
import type { Inbox } from '../queues/inbox.ts';
import { MEMORY_ONLY, QueueRules } from '../queues/queue-rules.ts';
import type { KnownMachines } from '../security/known-machines.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import type { Store } from '../storage/store.ts';
import { notingUses, usesOf } from './certificate-use.ts';
import { CommandHandler } from './command-handler.ts';
import { blockedContext, busiestDirectory, type ConnectorOptions, fileOwnerOf } from './connector-options.ts';
import { drainQueues } from './drain-queues.ts';
import { makeEndpoint } from './endpoint.ts';
import { incomingFiles } from './incoming-files.ts';
import { type KeptChat, keptChatOf } from './kept-chat.ts';
import { LocalSockets } from './local-sockets.ts';
import { makeAdmission } from './make-admission.ts';
import { makeChat } from './make-chat.ts';
import { type MessageCounts, messageCountsOf } from './message-counts.ts';
import { MessageLog } from './message-log.ts';
import { journalOf } from './open-journal.ts';
import { knownPeersOf } from './open-known-peers.ts';
import { OutgoingFiles } from './outgoing-files.ts';
import { ownCertificate } from './own-certificate.ts';
import { liftQueueLimits, restoreQueueLimits } from './queue-limits.ts';
import { QueueOverview } from './queue-overview.ts';
import { addAwayPeer, NOT_BACK, QueueStore } from './queue-store.ts';
import { reachableAddresses } from './reachable-addresses.ts';
import { removeRunFile, withHolder, writeRunFile } from './run-file.ts';
import { type TransferList, transferCounts, transferListOf } from './transfer-list.ts';

/** A connector with all its parts. `EngineService` shows and controls it. */
export class Connector {
  readonly options: ConnectorOptions;
  readonly log: MessageLog;
  readonly registry: Registry;
  readonly ignoring: IgnoreList;
  readonly admission: Admission;
  readonly chat: Chat;
  readonly traffic: Traffic;
  readonly folder: ReceivedFolder;
  readonly #space = new DiskSpace();
  readonly control: CommandHandler;
  readonly transfers: TransferList;
  readonly rules: QueueRules;
  readonly overview: QueueOverview;
  /** The sockets of a configured connector for local programs. */
  readonly broker: LocalBroker | undefined;
  readonly local: LocalSockets | undefined;
  readonly #startedAtMs: number;
  readonly #knownAioc: KnownPeers;
  readonly #known: KnownMachines;
  readonly #kept: KeptChat | undefined;
  readonly #queues: QueueStore;
  readonly #files: OutgoingFiles | undefined;
  readonly #endpoint: ServerEndpoint | ClientEndpoint;
  readonly #counts: MessageCounts | undefined;
  /** Set by the view server. */
  onChange: () => void = () => undefined;
  readonly #budget: MemoryBudget;
  #phase: Phase = { kind: 'starting' };
  #port: number;

  /** @throws AiocError AIOC_SOCKET_PATH */
  constructor(options: ConnectorOptions) {
    this.options = options;
    this.#port = options.port;
    const { ports, namesAreIdentities, local } = options;
    const { clock, random } = ports;
    this.#startedAtMs = clock.wallNow();
    this.#budget = new MemoryBudget(options.heldMaxBytes ?? LIMITS.memoryBudgetBytes);
    const onChange = (): void => this.onChange();
    this.rules = new QueueRules(local?.storage ?? MEMORY_ONLY);
    this.log = new MessageLog({ clock, onChange, ...(options.onLogLine && { onLine: options.onLogLine }) });
    const { log } = this;
    this.#queues = new QueueStore({
      rules: this.rules,
      memory: new MemoryStore(clock),
      openJournal: () => journalOf(options, log),
      importRemains: (into) => this.#importRemains(into),
      keepFiles: async (named) => this.#files?.accepted.spool.keepOnly(named),
      log,
    });
    this.#files = local && new OutgoingFiles({ local, owner: fileOwnerOf(options), random });
    ({ known: this.#known, admission: this.admission } = makeAdmission(options, {
      ...{ log, onChange, prepare: async (fingerprint) => this.#kept?.prepare(fingerprint) },
    }));
    this.#kept = keptChatOf(options, { memory: this.#queues.store, known: this.#known, log });
    this.registry = this.#makeRegistry(onChange);
    this.ignoring = new IgnoreList((peer) => (namesAreIdentities ? peer.wireName : peer.id), onChange);
    const space = this.#space;
    this.folder = new ReceivedFolder({ directory: options.receivedDirectory, random, clock, space });
    this.control = new CommandHandler(this, this.#queues);
    this.transfers = transferListOf(this, { clock, onChange });
    const keptOf = (peer: Peer): KeptConversation | undefined => this.#kept?.of(peer);
    this.chat = makeChat(options, space, { folder: this.folder, log, onChange, keptOf });
    this.registry.onForget = (peer) => {
      this.chat.forget(peer);
      this.#kept?.forget(peer);
    };
    this.#knownAioc = knownPeersOf(options);
    this.broker = this.#makeBroker(onChange);
    this.local = this.#makeLocalSide(onChange);
    this.overview = new QueueOverview({
      ...{ clock, space, rules: this.rules, context: blockedContext(options), onChange },
      directory: busiestDirectory(options),
      isKept: (stream) => this.#kept?.isKept(stream) === true,
      peers: () => this.registry.all,
      inboxes: () => this.inboxes,
    });
    this.#counts = messageCountsOf(options, log);
    this.traffic = this.#makeTraffic();
    this.#endpoint = this.#makeEndpoint();
    this.ignoring.set(options.ignored);
  }

  /** The name of this connector on the wire (PROTOCOL §1). */
  get sourceId(): string {
    const { role, host, wireName } = this.options;
    return role === 'server' ? serverId({ host, port: this.#port }) : wireName;
  }

  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN, AIOC_ALREADY_RUNNING; the phase shows the error, too */
  async start(): Promise<void> {
    if (this.#running) return;
    const { stateDirectory, displayName } = this.options;
    this.#setPhase({ kind: 'starting' });
    restoreQueueLimits(this.registry);
    try {
      await this.#knownAioc.load();
      await this.local?.startCommander();
      // Steps that can fail come first: a failed start leaves nothing behind.
      const port = await this.#endpoint.start();
      if (port !== undefined) this.#port = port;
      await this.#openQueues();
      await this.broker?.pieces.start();
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
    const warn = (error: Error): void => this.log.event(error.message, { warning: true });
    await this.folder.prepare().catch(warn);
    await this.broker?.cleanFiles().catch(warn);
  }

  /** Stops for good: drains the queues for a few seconds at most, then closes everything. */
  async stop(options: { readonly hard: boolean } = { hard: false }): Promise<void> {
    await this.pause({ ...options, isLast: true });
    await this.traffic.closeFiles();
    await this.#queues.close();
    await this.#kept?.close();
    await this.local?.stopCommander();
  }

  /** Stops everything except the command socket. `hard` does not drain the queues; `isLast`: `start` will not follow. */
  async pause({
    hard,
    isLast = false,
  }: {
    readonly hard: boolean;
    readonly isLast?: boolean;
  }): Promise<void> {
    const listened = this.#phase.kind === 'listening';
    if (!hard) await drainQueues(this.registry, this.options.ports.clock);
    if (isLast) this.traffic.stopFiles((type) => this.rules.isStored('out', type));
    this.#setPhase({ kind: 'stopped' });
    void liftQueueLimits(this.registry);
    await this.local?.stop({ hard });
    await liftQueueLimits(this.registry);
    await this.#endpoint.stop(hard);
    await this.broker?.pieces.stop();
    this.#counts?.stop();
    await Promise.all([this.#knownAioc.saved(), this.#known.saved(), this.#kept?.saved()]);
    await usesOf(this.options.security)?.close();
    if (listened) await removeRunFile(this.options.stateDirectory, this.#port);
  }

  /** A client dials again at once; a server that could not listen tries again. */
  async resume(): Promise<void> {
    if (this.#phase.kind === 'failed' || this.#phase.kind === 'stopped') await this.start();
    else if (this.#endpoint instanceof ClientEndpoint) this.#endpoint.dialNow();
  }

  /** @throws AiocError AIOC_PEER_UNKNOWN */
  peer(id: string): Peer {
    const peer = this.registry.get(id);
    if (peer === undefined)
      throw new AiocError('AIOC_PEER_UNKNOWN', `there is no peer ${id}; it may have been removed`);
    return peer;
  }

  /** Disconnects the clients that the access lists no longer allow. */
  applyAccessLists(): void {
    if (this.#endpoint instanceof ServerEndpoint) this.#endpoint.applyAccessLists();
  }

  /** See ClientEndpoint. */
  async renewCertificate(): Promise<void> {
    if (this.#endpoint instanceof ClientEndpoint) return this.#endpoint.renewCertificate();
    throw new AiocError('AIOC_COMMAND', 'only a client renews its certificate: this connector is a server');
  }

  /** A client's server. */
  get server(): Peer | undefined {
    return this.#endpoint instanceof ClientEndpoint ? this.#endpoint.peer : undefined;
  }

  /** Whether what waits for a peer of the chat is on disk. */
  keeps(peer: Peer): boolean {
    return this.#kept?.keeps(peer) === true;
  }

  get inboxes(): Iterable<Inbox> {
    return this.broker?.inboxes ?? [];
  }

  get phase(): Phase {
    return this.#phase;
  }

  status(): Status {
    const { role, host, displayName, security, acceptAll, receivedDirectory } = this.options;
    const peers = [...this.registry.all];
    return {
      role,
      address: hostAndPort(host, this.#port),
      port: this.#port,
      ownAddresses: role === 'server' ? reachableAddresses(host) : [],
      security: security.mode,
      configured: this.options.local !== undefined,
      isReadOnly: false,
      canDeleteCertificates: security.mode === 'mutual-tls',
      ownName: displayName,
      ...ownCertificate(security, this.#endpoint),
      startedAtMs: this.#startedAtMs,
      phase: this.#phase,
      inRate: this.traffic.inRate.perSecond(),
      outRate: this.traffic.outRate.perSecond(),
      ...this.overview.totals(),
      receivedDirectory,
      acceptsAll: acceptAll,
      ignoringAll: this.ignoring.all,
      ignoredDrops: this.ignoring.drops,
      ...this.chat.execState,
      joinRequests: this.admission.joinRequests,
      ...{ transfersInFlight: this.chat.transfersInFlight, logLastId: this.log.lastId },
      ...transferCounts(this.transfers.rows()),
      peersConnected: peers.filter(({ state }) => state === 'connected').length,
      unreadTotal: peers.reduce((sum, { id }) => sum + this.chat.conversation(id).unread, 0),
    };
  }

  async #openQueues(): Promise<void> {
    const { registry, server, broker } = this;
    if (broker !== undefined) await this.#queues.open({ registry, server, broker });
    await this.#kept?.open({ registry, server, chat: this.chat });
  }

  async #importRemains(store: Store): Promise<void> {
    const { log, server } = this;
    const { local } = this.options;
    if (local === undefined) return;
    const owner = fileOwnerOf(this.options);
    const directory = local.connectorFilesDirectory;
    await importPythonPersistence({ directory, owner, serverWireName: server?.wireName, store, log });
  }

  #makeRegistry(onChange: () => void): Registry {
    const { ports, namesAreIdentities } = this.options;
    const { rules } = this;
    const observer = observerOfRevived(this.log);
    return new Registry({
      clock: ports.clock,
      random: ports.random,
      sourceId: () => this.sourceId,
      storedOf: (peer) => this.broker?.storedOf(peer.wireName) ?? this.#kept?.of(peer)?.stored ?? [],
      gone: (type, source) => this.broker?.gone(type, source),
      onChange,
      store: this.#kept?.store ?? this.#queues.store,
      whenFull: rules.whenFull,
      capacityOf: (type) => rules.capacityOf('out', type),
      budget: this.#budget,
      namesAreIdentities,
      // A message from the store: no caller waits for its result, but its file is still read.
      revive: (header, number) =>
        this.#kept?.revive(number) ?? {
          ...{ observer, logId: 0, body: header && this.#files?.bodyOf(header) },
        },
    });
  }

  #makeLocalSide(onChange: () => void): LocalSockets | undefined {
    const { options, broker, log, control } = this;
    const { local } = options;
    if (!local || !broker || !this.#files || local.withoutSockets) return undefined;
    const { accepted: files } = this.#files;
    return new LocalSockets({ connector: options, local, broker, files, log, control, onChange });
  }

  #makeEndpoint(): ServerEndpoint | ClientEndpoint {
    const { options, registry, traffic, log, admission } = this;
    return makeEndpoint({
      ...{ options, registry, traffic, log, admission, known: this.#known, keeper: this.#kept },
      knownKinds: new KnownKinds({ registry, known: this.#knownAioc, log }),
      sourceId: () => this.sourceId,
      setPhase: (phase) => this.#setPhase(phase),
    });
  }

  #makeBroker(onChange: () => void): LocalBroker | undefined {
    const { local, ports, role, host, port } = this.options;
    if (local === undefined) return undefined;
    const { clock } = ports;
    return new LocalBroker({
      ...{ clock, budget: this.#budget, store: this.#queues.store, rules: this.rules },
      soleSender: role === 'client' ? serverId({ host, port }) : undefined,
      messageMaxBytes: this.options.messageMaxBytes ?? LIMITS.messageBytes,
      log: this.log,
      sendTypes: local.sendTypes,
      recvTypes: local.recvTypes,
      ...incomingFiles(this.options, { local, space: this.#space, log: this.log }),
      peerFor: (who) => this.#peerFor(who),
      bodyOf: ({ header }) => this.#files?.bodyOf(header),
      observe: (peer, batch) => this.chat.observe(peer, batch),
      onChange,
    });
  }

  #makeTraffic(): Traffic {
    const { registry, ignoring, log } = this;
    const { clock } = this.options.ports;
    const application = this.broker ?? this.chat;
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
      onPeerChange: notingUses(this.options, registry),
    });
    this.chat.connect(traffic);
    this.broker?.connect(traffic);
    return traffic;
  }

  /** A client has one peer, under any name that a program uses; a server finds its peers by name. */
  #peerFor({ name, mayBeAway }: Parameters<PeerFinder>[0]): Peer | undefined {
    if (this.server !== undefined || name === undefined) return this.server;
    const known = this.registry.byWireName(name);
    if (known !== undefined || !mayBeAway || !isClientName(name)) return known;
    return addAwayPeer(this.registry, name, NOT_BACK);
  }

  get #running(): boolean {
    return !['starting', 'failed', 'stopped'].includes(this.#phase.kind);
  }

  #setPhase(phase: Phase): void {
    this.#phase = phase;
    // The user of a chat reads the conversation, not the log.
    if (this.options.local === undefined) this.chat.remarkOn(phase, this.server);
    this.local?.setListed(phase.kind === 'listening' || phase.kind === 'connected');
    this.onChange();
  }
}
