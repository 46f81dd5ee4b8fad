import { hostAndPort } from '../base/addresses.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Timer, TlsSettings } from '../base/ports.ts';
import type { Cause, Retry } from '../contract/views.ts';
import { ENROLMENT_PROTOCOL, type EnrolmentTerms, type IssuedCertificate } from '../protocol/enrolment.ts';
import type { Refusal } from '../protocol/messages.ts';
import { serverId } from '../protocol/names.ts';
import { enrolmentKeyingMaterial } from '../security/enrolment-proof.ts';
import { Backoff } from './backoff.ts';
import { CertificateRenewal } from './certificate-renewal.ts';
import { clockSkew } from './clock-skew.ts';
import { dial } from './dial/dial.ts';
import { announcePeer, connectPeer, type EndpointOptions, newLink, shownCertificate } from './endpoint.ts';
import type { KnownServer } from './known-server.ts';
import type { Link } from './link.ts';
import type { LinkOwner } from './link-types.ts';
import type { Peer } from './peer.ts';
import type { IdentifiedKind, SessionEnding } from './session-types.ts';
import type { ClientTrust } from './trust.ts';
import { NameConflict } from './yielding-client.ts';

export interface ClientEndpointOptions extends EndpointOptions {
  readonly host: string;
  readonly port: number;
  /** The name of this client on the wire. */
  readonly wireName: string;
  /** TLS settings; absent in mutual TLS, where `trust` supplies them, and without TLS. */
  readonly tls?: TlsSettings;
  /** Present exactly in mutual TLS. */
  readonly trust?: ClientTrust;
  /** The servers that the chat knows. */
  readonly known?: KnownServer;
  /** Local address, or network interface, to connect from. */
  readonly bindTo?: string;
  /** Whether it reconnects after the connection is lost. */
  readonly reconnects: boolean;
  readonly dialTimeoutMs: number;
}

/** A person needs at least this long to read the request and reject it; a faster rejection is not from a person. */
const HUMAN_REFUSAL_MS = 1_000;

/** The client's endpoint: connects to the server, and reconnects when the connection is lost. */
export class ClientEndpoint implements LinkOwner<Link> {
  readonly peer: Peer;
  readonly #options: ClientEndpointOptions;
  readonly #backoff: Backoff;
  readonly #conflict: NameConflict;
  #link: Link | undefined;
  #retry: Timer | undefined;
  /** Failed attempts since the last connection. */
  #attempt = 0;
  #waitingSince: number | undefined;
  #lastFingerprint: string | undefined;
  /** The server's address of the last established connection. */
  #lastAddress: string | undefined;
  #generation = 0;
  #stopped = false;
  /** Set when the server has issued a certificate over this connection. */
  #storing: Promise<void> | undefined;
  #asksForCertificate = false;
  #certificateEndsAtMs: number | undefined;
  /** Why this client could make no certificate to request. */
  #proposalFault: string | undefined;
  #onOver: () => void = () => undefined;
  readonly #renewal: CertificateRenewal | undefined;
  /** The connection ends so that the next one has the renewed certificate. */
  #isRenewed = false;

  constructor(options: ClientEndpointOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.ports.random);
    const { host, port, ports, wireName } = options;
    this.#conflict = new NameConflict({ clock: ports.clock, random: ports.random, name: wireName });
    this.peer = options.registry.add({
      wireName: serverId({ host, port }),
      name: host,
      address: hostAndPort(host, port),
    });
    const { trust, log } = options;
    this.#renewal =
      trust &&
      new CertificateRenewal({
        ...{ clock: ports.clock, log, trust, wireName },
        peerName: () => this.peer.name,
        onRenewed: (link) => this.#reconnectRenewed(link),
      });
  }

  /**
   * Renews this client's certificate now. Resolves when the new one is stored.
   *
   * @throws AiocError AIOC_COMMAND if this connector or its server does not renew, AIOC_PEER_AWAY, AIOC_REFUSED_BY_PEER
   */
  async renewCertificate(): Promise<void> {
    if (this.#renewal === undefined)
      throw new AiocError('AIOC_COMMAND', 'only a client with mutual TLS has a certificate to renew');
    await this.#renewal.now();
  }

  #reconnectRenewed(link: Link): void {
    if (this.#link !== link) return;
    this.#isRenewed = true;
    link.drain();
  }

  /** Whether the client had no certificate of its own at its last connection attempt. */
  get asksForCertificate(): boolean {
    return this.#asksForCertificate;
  }

  /** When the certificate ends with which this client connected last; undefined without one of its own. */
  get certificateEndsAtMs(): number | undefined {
    return this.#certificateEndsAtMs;
  }

  /** A client has no port to bind. */
  async start(): Promise<undefined> {
    return undefined;
  }

  /** The connector is ready: connects to the server. */
  open(): void {
    this.#stopped = false;
    this.#startOver();
    this.#dial();
  }

  /** Connects now instead of at the next retry; also after a refusal. */
  dialNow(): void {
    if (this.#link !== undefined || this.#stopped) return;
    this.#retry?.cancel();
    this.#startOver();
    this.#dial();
  }

  /**
   * Resolves when the connection is closed.
   *
   * @param hard closes the connection at once; otherwise what is queued is sent first, for a few seconds at most
   */
  async stop(hard: boolean): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    const link = this.#link;
    if (link === undefined) return;
    const over = new Promise<void>((resolve) => {
      this.#onOver = resolve;
    });
    if (hard) link.cut('aioc is stopping');
    else link.drain();
    await over;
  }

  #startOver(): void {
    this.#backoff.reset();
    this.#attempt = 0;
  }

  #dial(): void {
    this.#retry = undefined;
    this.#generation += 1;
    this.#waitingSince = undefined;
    this.peer.become('connecting');
    this.#options.setPhase({ kind: 'connecting' });
    const isCurrent = this.#currentCall();
    this.#credentials().then(
      (credentials) => {
        if (isCurrent()) this.#connect(credentials);
      },
      (error: Error) => {
        if (!isCurrent()) return;
        const { log } = this.#options;
        log.event(`not connected: ${error.message}`, { peerName: this.peer.name, warning: true });
        this.#scheduleRetry(error.message, 'certificate');
      },
    );
  }

  /** @returns a function that says whether this attempt is still the current one */
  #currentCall(): () => boolean {
    const generation = this.#generation;
    return () => generation === this.#generation && !this.#stopped;
  }

  async #credentials(): Promise<DialCredentials> {
    const { tls, trust } = this.#options;
    if (trust !== undefined) return trust.credentials();
    return tls === undefined ? {} : { tls };
  }

  #connect({ tls, enrols = false, endsAtMs }: DialCredentials): void {
    this.#asksForCertificate = enrols;
    this.#certificateEndsAtMs = enrols ? undefined : endsAtMs;
    this.#proposalFault = undefined;
    const { ports, host, port, wireName, bindTo, dialTimeoutMs } = this.#options;
    this.#options.known?.dialling();
    const judge = this.#options.trust ?? this.#options.known;
    const connection = dial(ports, {
      host,
      port,
      tls,
      bindTo,
      timeoutMs: dialTimeoutMs,
      preferred: this.#lastAddress,
      applicationProtocol: enrols ? ENROLMENT_PROTOCOL : undefined,
      ...(judge !== undefined && { rejectionReason: (certificate) => judge.rejectionReason(certificate) }),
    });
    const link = newLink(this.#options, {
      connection,
      owner: this,
      generation: this.#generation,
      session: {
        role: 'client',
        enrols,
        sourceId: wireName,
        destinationId: serverId({ host, port }),
      },
      onOpen: () => this.#opened(link),
    });
    this.#link = link;
    this.#options.registry.bind(link, this.peer);
    link.start();
  }

  #opened(link: Link): void {
    const { ports, setPhase, log } = this.#options;
    this.#waitingSince = ports.clock.now();
    const fingerprint = link.certificate?.fingerprint;
    this.peer.identify(shownCertificate(this.#options, link));
    if (this.#lastFingerprint !== undefined && this.#lastFingerprint !== fingerprint) {
      log.event(
        'the server shows a DIFFERENT certificate than before: compare the words with the server first',
        {
          peerName: this.peer.name,
          warning: true,
        },
      );
    }
    this.#lastFingerprint = fingerprint;
    this.peer.become('waiting');
    setPhase({ kind: 'waiting-to-be-let-in' });
  }

  authenticate(): void {
    // Only a server authenticates clients.
  }

  enrol(): void {
    // Only a server issues certificates.
  }

  propose(link: Link, terms: EnrolmentTerms | undefined): void {
    const { trust, wireName } = this.#options;
    const keyingMaterial = enrolmentKeyingMaterial(link.connection, wireName);
    trust?.propose({ terms, keyingMaterial }).then(
      (proposal) => link.proposed(proposal),
      (error: Error) => {
        this.#proposalFault = error.message;
        link.cut(error.message);
      },
    );
  }

  issued(_link: Link, issued: IssuedCertificate): void {
    this.#storing = this.#options.trust?.store(issued);
  }

  renewalAnswered(link: Link, refusal?: string): void {
    if (refusal === undefined) this.#renewal?.accepted(link);
    else this.#renewal?.refused(refusal);
  }

  introduced(): void {
    // Only a server admits clients.
  }

  knownAsAioc(link: Link): boolean {
    return this.#options.knownKinds.knownAsAioc(link);
  }

  onAccepted(link: Link): void {
    this.peer.receiveFrom(link);
    this.#options.setPhase({ kind: 'connected' });
  }

  established(link: Link, peerKind: IdentifiedKind): void {
    this.#startOver();
    // An aioc that announces its largest message also reports when another client has taken the name.
    const isSilentServer = peerKind.kind === 'aioc' && peerKind.hello.messageMaxBytes === undefined;
    this.#conflict.established({ isSilentServer });
    this.#lastAddress = link.connection.remoteAddress;
    const established = { link, peer: this.peer, peerKind };
    if (!connectPeer(this.#options, established)) return;
    this.#options.setPhase({ kind: 'connected' });
    announcePeer(this.#options, established, 'connected to');
    this.#renewal?.established(link, peerKind);
    this.#options.known?.established(link, peerKind);
  }

  over(link: Link, ending: SessionEnding): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    const { log, traffic } = this.#options;
    if (this.peer.disconnect(link, ending)) traffic.disconnected(this.peer, ending.reason);
    this.#onOver();
    this.#renewal?.over();
    const isRenewed = this.#isRenewed;
    this.#isRenewed = false;
    if (this.#stopped) return;
    if (isRenewed) return this.#dial();
    if (this.#storing !== undefined) {
      this.#reconnectWithCertificate(this.#storing);
      return;
    }
    const conflict = this.#conflict.ended(ending);
    const mismatch = this.#options.known?.mismatch;
    const reason = mismatch ?? conflict?.reason ?? this.#reasonOf(ending);
    log.event(`${ending.state === 'refused' ? 'refused' : 'not connected'}: ${reason}`, {
      peerName: this.peer.name,
      warning: true,
    });
    if (mismatch !== undefined) this.#giveUp(reason, 'certificate');
    else if (ending.refusal?.code === 'declined' || !this.#options.reconnects)
      this.#giveUp(reason, causeFor(ending));
    else if (conflict !== undefined) this.#scheduleRetry(reason, 'refused-there', conflict.delayMs);
    else
      this.#scheduleRetry(
        reason,
        causeFor(ending),
        this.#wasRefusedByUser(ending) ? LIMITS.reconnectAfterRefusalMs : undefined,
      );
  }

  #reconnectWithCertificate(storing: Promise<void>): void {
    this.#storing = undefined;
    const isCurrent = this.#currentCall();
    storing.then(
      () => {
        this.#options.log.event('received its own certificate', { peerName: this.peer.name });
        if (isCurrent()) this.#dial();
      },
      (error: Error) => {
        if (isCurrent()) this.#scheduleRetry(error.message, 'certificate');
      },
    );
  }

  #reasonOf(ending: SessionEnding): string {
    if (this.#wasRefusedByUser(ending))
      return 'the server closed the connection without admitting this client';
    const { refusal } = ending;
    const { clock } = this.#options.ports;
    if (refusal?.code === 'no-certificate') return noCertificate(refusal, clock.wallNow());
    if (ending.from !== 'enrolling' || this.#proposalFault !== undefined) return ending.reason;
    return `the server issued no certificate (${ending.reason}): if it already has one under this name, delete that one on the server`;
  }

  /** Closed while the server's user was being asked, and not immediately: the user rejected this client. */
  #wasRefusedByUser(ending: SessionEnding): boolean {
    if (!ending.whileWaiting || this.#waitingSince === undefined) return false;
    return this.#options.ports.clock.now() - this.#waitingSince >= HUMAN_REFUSAL_MS;
  }

  #giveUp(reason: string, cause: Cause): void {
    this.peer.become('refused', reason, { cause });
    this.#options.setPhase({ kind: 'refused', reason, cause });
  }

  #scheduleRetry(reason: string, cause: Cause, delayMs = this.#backoff.next()): void {
    const { clock } = this.#options.ports;
    this.#attempt += 1;
    const retry: Retry = { attempt: this.#attempt, retryAtMs: clock.wallNow() + delayMs };
    this.peer.become('away', reason, { cause, retry });
    this.#options.setPhase({ kind: 'retrying', reason, cause, ...retry });
    this.#retry = clock.after(delayMs, () => this.#dial());
  }
}

/** A server that closes the connection instead of answering does not admit this client; Python's refuses in this way. */
function causeFor({ cause, whileWaiting, byPeer }: SessionEnding): Cause {
  return whileWaiting && byPeer === true && cause === 'lost' ? 'refused-there' : cause;
}

/** The server's reason, and the clock difference if it is large. */
function noCertificate({ reason, wallNowMs }: Refusal, ownWallNowMs: number): string {
  const skew = wallNowMs === undefined ? undefined : clockSkew(ownWallNowMs - wallNowMs);
  return ['the server issued no certificate', reason, skew].filter((part) => part !== undefined).join(': ');
}

type DialCredentials = Partial<Awaited<ReturnType<ClientTrust['credentials']>>>;
