import { limitedSource } from '../base/address-groups.ts';
import { AiocError } from '../base/errors.ts';
import { FairPlaces } from '../base/fair-places.ts';
import { LIMITS } from '../base/limits.ts';
import type { Connection, NetworkListener, PeerCertificate, TlsSettings } from '../base/ports.ts';
import { ENROLMENT_PROTOCOL, type EnrolmentRequest } from '../protocol/enrolment.ts';
import type { EnrolmentOrigin } from '../security/enrolment.ts';
import { enrolmentKeyingMaterial } from '../security/enrolment-proof.ts';
import type { Admission } from './admission.ts';
import { announcePeer, connectPeer, type EndpointOptions, newLink, shownCertificate } from './endpoint.ts';
import type { Link } from './link.ts';
import type { LinkOwner } from './link-types.ts';
import type { Peer } from './peer.ts';
import { PendingConnections } from './pending-connections.ts';
import type { IdentifiedKind, Introduction, SessionEnding } from './session-types.ts';
import { addressOf, Superseding } from './superseding.ts';
import type { ServerTrust } from './trust.ts';

export interface ServerEndpointOptions extends EndpointOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  readonly admission: Admission;
  /** Present exactly in mutual TLS. */
  readonly trust?: ServerTrust;
  /** Why the access lists reject a client of this name and address; undefined if they admit it. */
  readonly rejectionReason?: (subject: {
    readonly name: string;
    readonly address: string;
  }) => string | undefined;
  /** Whether a client is refused if another client of its name is connected; otherwise it supersedes that one. */
  readonly refusesDuplicates?: boolean;
  /** The name of this server on the wire, known once the port is bound. */
  readonly sourceId: () => string;
}

/** The server's endpoint: accepts connections, asks for the admission of new clients, and recognises returning ones. */
export class ServerEndpoint implements LinkOwner<Link> {
  readonly #options: ServerEndpointOptions;
  /** Every open connection, with the name under which it is admitted or waits; undefined until it has named itself. */
  readonly #links = new Map<Link, string | undefined>();
  readonly #byConnection = new WeakMap<Connection, Link>();
  readonly #pending: PendingConnections<Connection>;
  /** Links with a name. In mutual TLS each has an issued certificate, and none loses its place. */
  readonly #named: FairPlaces<Link>;
  readonly #superseding: Superseding;
  #listener: NetworkListener | undefined;
  /** Connections that arrived before `open`. */
  #early: Set<Connection> | undefined;
  #generation = 0;

  constructor(options: ServerEndpointOptions) {
    this.#options = options;
    const { ports, log, traffic, trust } = options;
    this.#named = new FairPlaces({ places: trust ? Number.POSITIVE_INFINITY : LIMITS.connections });
    const { clock } = ports;
    this.#superseding = new Superseding({ clock, log, traffic });
    this.#pending = new PendingConnections({ clock, onEvicted: (connection) => this.#evict(connection) });
  }

  /**
   * Binds the port. Connections wait until `open`.
   *
   * @returns the port
   * @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN
   */
  async start(): Promise<number> {
    const { ports, host, port, tls, trust, log } = this.#options;
    // Clients check their own clocks, so the server starts despite this.
    const fault = await trust?.ownFault?.();
    if (fault !== undefined) log.event(fault, { warning: true });
    this.#early = new Set();
    this.#listener = await ports.network.listen({
      host,
      port,
      tls,
      ...(trust !== undefined && { applicationProtocol: ENROLMENT_PROTOCOL }),
      onConnection: (connection) => {
        this.#pending.add(connection);
        if (this.#early === undefined) this.#take(connection);
        else this.#early.add(connection);
      },
      onClientHello: (connection, start) => this.#pending.onClientHello(connection, start),
    });
    return this.#listener.port;
  }

  /** The connector is ready: waiting and later connections are accepted. */
  open(): void {
    const early = this.#early ?? new Set();
    this.#early = undefined;
    this.#options.setPhase({ kind: 'listening' });
    for (const connection of early) this.#take(connection);
  }

  /** @param hard closes the connections at once; otherwise what is queued is sent first, for a few seconds at most */
  async stop(hard: boolean): Promise<void> {
    const closed = this.#listener?.close();
    for (const connection of this.#early ?? []) {
      this.#pending.delete(connection);
      connection.destroy();
    }
    this.#early = undefined;
    for (const link of [...this.#links.keys()]) {
      if (hard) link.cut('aioc is stopping');
      else link.drain();
    }
    await closed;
  }

  #take(connection: Connection): void {
    this.#generation += 1;
    const { trust } = this.#options;
    const link = newLink(this.#options, {
      connection,
      owner: this,
      generation: this.#generation,
      session: {
        role: 'server',
        sourceId: this.#options.sourceId(),
        destinationId: '',
        ...(trust !== undefined && { terms: trust.terms }),
      },
      onOpen: () => this.#pending.onCertificate(connection, link.certificate?.fingerprint ?? ''),
    });
    this.#links.set(link, undefined);
    this.#byConnection.set(connection, link);
    link.start();
  }

  /** A connection without a name has lost its place to a newer one. */
  #evict(connection: Connection): void {
    if (this.#early?.delete(connection)) return connection.destroy();
    this.#byConnection.get(connection)?.cut('too many connections from there did not identify themselves');
  }

  /**
   * The client has a name, and counts among those with names. If all places are taken, the oldest connection of the
   * address with the most loses its place, but never one with an issued certificate.
   *
   * @returns false if there is no place
   */
  #takePlace(link: Link, { wireName }: Introduction): boolean {
    const { trust, registry } = this.#options;
    this.#pending.delete(link.connection);
    // A newer connection of a client takes over the place of its older one.
    const isFull = trust !== undefined && this.#named.size >= LIMITS.connections;
    if (isFull && registry.byWireName(wireName)?.link === undefined) {
      link.cut(`the server has ${LIMITS.connections} connections already`);
      return false;
    }
    const evicted = this.#named.add(link, { address: link.connection.remoteAddress });
    evicted?.cut('all places for connections are taken, and its address has the most');
    return true;
  }

  authenticate(link: Link, certificate: PeerCertificate | undefined): void {
    const { trust } = this.#options;
    if (trust === undefined) return;
    trust.authenticate(certificate).then(
      (as) => link.authenticated(as),
      (error: Error) => link.authenticated({ kind: 'stranger', reason: this.#reasonForPeer(link, error) }),
    );
  }

  enrol(link: Link, request: EnrolmentRequest, presented: EnrolmentOrigin['presented']): void {
    const { trust, log, ports } = this.#options;
    if (trust === undefined) return;
    if (presented !== 'own') this.#links.set(link, request.name);
    const rejectionReason = this.#rejectionReason(link, request.name);
    if (rejectionReason !== undefined) return link.notEnrolled(rejectionReason, ports.clock.wallNow());
    const { connection } = link;
    const origin = {
      address: connection.remoteAddress,
      presented,
      keyingMaterial: enrolmentKeyingMaterial(connection, request.name),
      isOpen: () => this.#links.has(link),
    };
    trust.enrol(request, origin).then(
      (issued) => {
        const what = presented === 'own' ? 'renewed its certificate' : 'received a certificate';
        log.event(what, { peerName: request.name });
        link.enrolled(issued);
      },
      (error: Error) => link.notEnrolled(this.#reasonForPeer(link, error), ports.clock.wallNow()),
    );
  }

  /** Trouble of this server, such as a damaged file, is for its own log: the peer must not learn its paths. */
  #reasonForPeer(link: Link, error: Error): string {
    if (error instanceof AiocError && error.code !== 'AIOC_CERTIFICATES') return error.message;
    const { remoteAddress } = link.connection;
    const text = `a certificate from ${remoteAddress} could not be checked: ${error.message}`;
    const about = limitedSource(remoteAddress);
    this.#options.log.event(text, { warning: true, about, repeats: 'unchecked' });
    return 'the server cannot use its certificates now; its log says why';
  }

  propose(): void {
    // Only a client requests a certificate.
  }

  issued(): void {
    // Only a client is issued a certificate.
  }

  renewalAnswered(): void {
    // Only a client renews its certificate.
  }

  introduced(link: Link, introduction: Introduction): void {
    const { admission, log, trust, registry, refusesDuplicates } = this.#options;
    const name = registry.displayName(introduction);
    this.#links.set(link, name);
    if (!this.#takePlace(link, introduction)) return;
    const rejectionReason = this.#rejectionReason(link, introduction.wireName);
    // Without a refusal frame, so that the client keeps trying: the list may change.
    if (rejectionReason !== undefined) return link.cut(rejectionReason, 'refused-here');
    const there = refusesDuplicates ? registry.byWireName(introduction.wireName) : undefined;
    if (there?.link !== undefined)
      return this.#superseding.admitUnlessOlderAnswers(link, there, () => this.knownAsAioc(link));
    // A known certificate is admitted without a question.
    if (trust !== undefined) return link.admit();
    admission.ask(link, introduction, () =>
      log.event(`asks to connect from ${link.connection.remoteAddress}`, {
        peerName: name,
        about: limitedSource(link.connection.remoteAddress),
      }),
    );
  }

  #rejectionReason(link: Link, name: string): string | undefined {
    return this.#options.rejectionReason?.({ name, address: link.connection.remoteAddress });
  }

  /** Disconnects clients that the access lists no longer admit. */
  applyAccessLists(): void {
    for (const link of [...this.#links.keys()]) {
      if (link.peerWireName === '') continue;
      const rejectionReason = this.#rejectionReason(link, link.peerWireName);
      if (rejectionReason !== undefined) link.cut(rejectionReason, 'refused-here');
    }
  }

  knownAsAioc(link: Link): boolean {
    return this.#options.knownKinds.knownAsAioc(link);
  }

  onAccepted(): void {
    // Only a client is accepted by its peer.
  }

  established(link: Link, peerKind: IdentifiedKind): void {
    const { registry } = this.#options;
    this.#pending.remember(link.connection, link.certificate?.fingerprint);
    const peer =
      registry.byLink(link) ?? registry.recognise({ link, peerKind }) ?? this.#newPeer(link, peerKind);
    registry.bind(link, peer);
    if (this.#superseding.hasNewer(peer, link)) return link.supersede();
    const supersededFrom = this.#superseding.supersededFrom(peer, link, peerKind);
    const description = { address: addressOf(link), ...shownCertificate(this.#options, link) };
    const established = { link, peer, peerKind };
    if (!connectPeer(this.#options, established, { description, supersededFrom })) return;
    announcePeer(this.#options, established, 'connected from');
    this.#options.admission.established(link, peerKind.kind === 'aioc' ? peerKind.hello.name : peer.name);
  }

  #newPeer(link: Link, peerKind: IdentifiedKind): Peer {
    const name = peerKind.kind === 'aioc' ? peerKind.hello.name : link.peerWireName;
    return this.#options.registry.add({ wireName: link.peerWireName, name, address: addressOf(link) });
  }

  over(link: Link, ending: SessionEnding): void {
    const { admission, registry, log, traffic } = this.#options;
    const { remoteAddress } = link.connection;
    const about = limitedSource(remoteAddress);
    const claimed = this.#links.get(link);
    this.#links.delete(link);
    this.#pending.delete(link.connection);
    this.#named.delete(link);
    admission.over(link);
    if (ending.state === 'superseded') return;
    const peer = registry.byLink(link);
    if (peer?.disconnect(link, ending)) {
      log.event(`away: ${ending.reason}`, { peerName: peer.name });
      traffic.disconnected(peer, ending.reason);
    } else if (claimed !== undefined) {
      // A client also disconnects after it has received its certificate, and reconnects with it.
      if (ending.from === 'enrolling' && ending.state === 'closed') return;
      if (ending.from === 'enrolling') {
        // It has proved nothing, so this does not concern the client of that name.
        const text = `${remoteAddress} requested a certificate for ${claimed} and received none: ${ending.reason}`;
        return log.event(text, { warning: true, about });
      }
      log.event(`not admitted: ${ending.reason}`, { peerName: claimed, warning: true, about });
    } else if (!ending.reason.startsWith('the peer closed')) {
      // Python tests whether a server is up by connecting and closing (PROTOCOL §2).
      const text = `a connection from ${remoteAddress} was closed: ${ending.reason}`;
      log.event(text, { warning: true, about, repeats: 'closed' });
    }
  }
}
