import { hostAndPort } from '../base/addresses.ts';
import { LIMITS } from '../base/limits.ts';
import type { Timer, TlsSettings } from '../base/ports.ts';
import type { IssuedCertificate } from '../protocol/enrolment.ts';
import type { Refusal } from '../protocol/messages.ts';
import { serverId } from '../protocol/names.ts';
import { Backoff } from './backoff.ts';
import { clockSkew } from './clock-skew.ts';
import { dial } from './dial/dial.ts';
import { Link } from './link.ts';
import type { LinkOwner } from './link-types.ts';
import { NameConflict } from './name-conflict.ts';
import { describeNetworkError } from './network-errors.ts';
import type { Peer } from './peer.ts';
import type { EndpointOptions } from './server-endpoint.ts';
import type { IdentifiedKind, SessionEnding } from './session-types.ts';
import type { ClientTrust } from './trust.ts';

export interface ClientEndpointOptions extends EndpointOptions {
  readonly host: string;
  readonly port: number;
  /** Our name on the wire. */
  readonly wireName: string;
  /** What to show in TLS; absent in mutual TLS, where `trust` says it, and without TLS. */
  readonly tls?: TlsSettings;
  /** Present exactly in mutual TLS. */
  readonly trust?: ClientTrust;
  /** An own address, or a network interface, from which to call. */
  readonly bindTo?: string;
  /** Whether it calls again after the connection is lost. */
  readonly reconnects: boolean;
  readonly dialTimeoutMs: number;
}

/** A server's user needs at least this long to read the question and say no; anything quicker was not a person. */
const HUMAN_REFUSAL_MS = 1_000;

/** The client's side: calls the server, and calls again when the connection is lost. */
export class ClientEndpoint implements LinkOwner<Link> {
  readonly peer: Peer;
  readonly #options: ClientEndpointOptions;
  readonly #backoff: Backoff;
  readonly #conflict: NameConflict;
  #link: Link | undefined;
  #retry: Timer | undefined;
  #waitingSince: number | undefined;
  #lastFingerprint: string | undefined;
  /** The address of the server's that let us in last. */
  #lastAddress: string | undefined;
  #generation = 0;
  #stopped = false;
  /** Set when this connection has brought us a certificate of our own. */
  #storing: Promise<void> | undefined;
  #asksForCertificate = false;
  #onOver: () => void = () => undefined;

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
  }

  /** Whether this side had no certificate of its own when it called last. */
  get asksForCertificate(): boolean {
    return this.#asksForCertificate;
  }

  /** A client takes no port. */
  async start(): Promise<undefined> {
    return undefined;
  }

  /** Everything that the server needs of us is there: calls it. */
  open(): void {
    this.#stopped = false;
    this.#backoff.reset();
    this.#dial();
  }

  /** Calls at once instead of at the next try; also after a refusal. */
  dialNow(): void {
    if (this.#link !== undefined || this.#stopped) return;
    this.#retry?.cancel();
    this.#backoff.reset();
    this.#dial();
  }

  /**
   * Resolves when the connection is closed.
   *
   * @param hard cuts it; else what is on its way still leaves, for some seconds at most
   */
  async stop(hard: boolean): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    const link = this.#link;
    if (link === undefined) return;
    const over = new Promise<void>((resolve) => {
      this.#onOver = resolve;
    });
    if (hard) link.cut('stopped here');
    else link.drain();
    await over;
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
        this.#scheduleRetry(error.message);
      },
    );
  }

  /** @returns whether it has neither been stopped since nor called anew */
  #currentCall(): () => boolean {
    const generation = this.#generation;
    return () => generation === this.#generation && !this.#stopped;
  }

  async #credentials(): Promise<DialCredentials> {
    const { tls, trust } = this.#options;
    if (trust !== undefined) return trust.credentials();
    return tls === undefined ? {} : { tls };
  }

  #connect({ tls, enrolWith }: DialCredentials): void {
    this.#asksForCertificate = enrolWith !== undefined;
    const { ports, host, port, security, hello, wireName, traffic, trust, bindTo, dialTimeoutMs } =
      this.#options;
    const connection = dial(ports, {
      host,
      port,
      tls,
      bindTo,
      timeoutMs: dialTimeoutMs,
      preferred: this.#lastAddress,
      ...(trust !== undefined && { rejectionReason: (certificate) => trust.rejectionReason(certificate) }),
    });
    const link = new Link({
      connection,
      clock: ports.clock,
      owner: this,
      traffic,
      generation: this.#generation,
      heartbeatOf: this.#options.heartbeatOf,
      describe: describeNetworkError,
      session: {
        role: 'client',
        security,
        ...(enrolWith !== undefined && { enrolWith }),
        sourceId: wireName,
        destinationId: serverId({ host, port }),
        hello,
        nonce: ports.random.bytes(16).toString('hex'),
      },
      onOpen: () => this.#opened(link),
    });
    this.#link = link;
    this.#options.registry.bind(link, this.peer);
    link.start();
  }

  #opened(link: Link): void {
    const { ports, setPhase, fingerprintWords, log } = this.#options;
    this.#waitingSince = ports.clock.now();
    const fingerprint = link.certificate?.fingerprint;
    this.peer.fingerprint = fingerprint;
    this.peer.words = fingerprint === undefined ? undefined : fingerprintWords(fingerprint);
    if (this.#lastFingerprint !== undefined && this.#lastFingerprint !== fingerprint) {
      log.event('ANOTHER certificate than before: compare the words with the other screen before you go on', {
        peerName: this.peer.name,
        warning: true,
      });
    }
    this.#lastFingerprint = fingerprint;
    this.peer.become('waiting');
    setPhase({ kind: 'waiting-to-be-let-in' });
  }

  authenticate(): void {
    // Only a server asks who shows a certificate.
  }

  enrol(): void {
    // Only a server makes certificates.
  }

  issued(_link: Link, issued: IssuedCertificate): void {
    this.#storing = this.#options.trust?.store(issued);
  }

  introduced(): void {
    // Only a server is introduced to; a client introduces itself.
  }

  knownAsAioc(link: Link): boolean {
    return this.#options.peerKinds.knownAsAioc(link);
  }

  onAccepted(link: Link): void {
    this.peer.receiveFrom(link);
    this.#options.setPhase({ kind: 'connected' });
  }

  established(link: Link, peerKind: IdentifiedKind): void {
    const { registry, peerKinds, setPhase, log, traffic } = this.#options;
    this.#backoff.reset();
    // An aioc that tells its largest message also says when another client has taken the name.
    const isSilentServer = peerKind.kind === 'aioc' && peerKind.hello.messageMaxBytes === undefined;
    this.#conflict.established({ isSilentServer });
    this.#lastAddress = link.connection.remoteAddress;
    peerKinds.learn(link, this.peer, peerKind);
    if (peerKind.kind === 'aioc') {
      this.peer.instance = peerKind.hello.instance;
      registry.setDisplayName(this.peer, peerKind.hello.name);
    }
    if (!this.peer.connect(link)) return peerKinds.logLateIdentification(this.peer, peerKind);
    setPhase({ kind: 'connected' });
    const kind = peerKind.kind === 'aioc' ? `aioc ${peerKind.hello.version}` : 'Python';
    log.event(`connected to ${this.peer.address} (${kind})`, { peerName: this.peer.name });
    traffic.connected(this.peer);
    traffic.ping(this.peer).catch(() => undefined);
  }

  over(link: Link, ending: SessionEnding): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    const { log, traffic } = this.#options;
    if (this.peer.disconnect(link, 'away', ending.reason)) traffic.disconnected(this.peer, ending.reason);
    this.#onOver();
    if (this.#stopped) return;
    if (this.#storing !== undefined) {
      this.#reconnectWithCertificate(this.#storing);
      return;
    }
    const conflict = this.#conflict.ended(ending);
    const reason = conflict?.reason ?? this.#reasonOf(ending);
    log.event(`${ending.state === 'refused' ? 'refused' : 'not connected'}: ${reason}`, {
      peerName: this.peer.name,
      warning: true,
    });
    if (ending.refusal?.code === 'declined' || !this.#options.reconnects) this.#giveUp(reason);
    else if (conflict !== undefined) this.#scheduleRetry(reason, conflict.delayMs);
    else
      this.#scheduleRetry(
        reason,
        this.#wasRefusedByUser(ending) ? LIMITS.reconnectAfterRefusalMs : undefined,
      );
  }

  #reconnectWithCertificate(storing: Promise<void>): void {
    this.#storing = undefined;
    const isCurrent = this.#currentCall();
    storing.then(
      () => {
        this.#options.log.event('got a certificate of our own', { peerName: this.peer.name });
        if (isCurrent()) this.#dial();
      },
      (error: Error) => {
        if (isCurrent()) this.#scheduleRetry(error.message);
      },
    );
  }

  #reasonOf(ending: SessionEnding): string {
    if (this.#wasRefusedByUser(ending)) return 'the other side closed without letting us in';
    const { refusal } = ending;
    const { clock } = this.#options.ports;
    if (refusal?.code === 'no-certificate') return noCertificate(refusal, clock.wallNow());
    if (ending.from !== 'enrolling') return ending.reason;
    return `it gave us no certificate (${ending.reason}): does it have one under our name already? If so, delete that there`;
  }

  /** Closed on us while its user was being asked, and not at once: somebody said no. */
  #wasRefusedByUser(ending: SessionEnding): boolean {
    if (!ending.whileWaiting || this.#waitingSince === undefined) return false;
    return this.#options.ports.clock.now() - this.#waitingSince >= HUMAN_REFUSAL_MS;
  }

  #giveUp(reason: string): void {
    this.peer.become('refused', reason);
    this.#options.setPhase({ kind: 'refused', reason });
  }

  #scheduleRetry(reason: string, delayMs = this.#backoff.next()): void {
    const { clock } = this.#options.ports;
    this.peer.become('away', reason);
    this.#options.setPhase({ kind: 'retrying', reason, retryAtMs: clock.wallNow() + delayMs });
    this.#retry = clock.after(delayMs, () => this.#dial());
  }
}

/** What the server says about it, and how far our clock is from its own, where that is far. */
function noCertificate({ reason, wallNowMs }: Refusal, ownWallNowMs: number): string {
  const skew = wallNowMs === undefined ? undefined : clockSkew(ownWallNowMs - wallNowMs);
  return ['it gave us no certificate', reason, skew].filter((part) => part !== undefined).join(': ');
}

type DialCredentials = Partial<Awaited<ReturnType<ClientTrust['credentials']>>>;
