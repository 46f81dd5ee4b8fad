import { hostAndPort } from '../base/addresses.ts';
import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { MemoryBudget } from '../base/memory-budget.ts';
import type { Ports } from '../base/ports.ts';
import { ENROLMENT_PROTOCOL, type EnrolmentTerms, type IssuedCertificate } from '../protocol/enrolment.ts';
import { serverId } from '../protocol/names.ts';
import { enrolmentKeyingMaterial } from '../security/enrolment-proof.ts';
import { dial } from './dial/dial.ts';
import { DISCARDED_FILE } from './file-sink.ts';
import { Link } from './link.ts';
import type { LinkOwner, LinkTraffic } from './link-types.ts';
import { describeNetworkError } from './network-errors.ts';
import type { SessionEnding } from './session-types.ts';
import type { ClientTrust } from './trust.ts';

export interface EnrollingClientOptions {
  readonly ports: Pick<Ports, 'clock' | 'random' | 'network'>;
  readonly host: string;
  readonly port: number;
  /** The name to request a certificate for. */
  readonly wireName: string;
  readonly version: string;
  readonly trust: ClientTrust;
}

/** Connects to a server in mutual TLS once, to request a certificate, and does nothing else. */
export class EnrollingClient implements LinkOwner<Link> {
  readonly #options: EnrollingClientOptions;
  readonly #done: (result: Promise<void>) => void;
  #storing: Promise<void> | undefined;
  /** Why this side has ended the connection. */
  #failure: AiocError | undefined;
  #hasAsked = false;

  private constructor(options: EnrollingClientOptions, done: (result: Promise<void>) => void) {
    this.#options = options;
    this.#done = done;
  }

  /**
   * Resolves when the certificate is stored.
   *
   * @throws AiocError AIOC_CONNECT if nothing was requested; AIOC_REFUSED_BY_PEER with the server's reason;
   * AIOC_RESPONSE_LOST if there was no answer; and the errors of `trust`
   */
  static async enrol(options: EnrollingClientOptions): Promise<void> {
    const { tls } = await options.trust.credentials();
    await new Promise<void>((resolve) => new EnrollingClient(options, resolve).#connect(tls));
  }

  #connect(tls: Awaited<ReturnType<ClientTrust['credentials']>>['tls']): void {
    const { ports, host, port, wireName, version, trust } = this.#options;
    const connection = dial(ports, {
      host,
      port,
      tls,
      applicationProtocol: ENROLMENT_PROTOCOL,
      rejectionReason: (certificate) => trust.rejectionReason(certificate),
    });
    const nonce = ports.random.bytes(16).toString('hex');
    const link: Link = new Link({
      connection,
      clock: ports.clock,
      owner: this,
      traffic: NO_TRAFFIC,
      generation: 0,
      heartbeatOf: () => undefined,
      describe: describeNetworkError,
      session: {
        role: 'client',
        security: 'mutual-tls',
        enrols: true,
        sourceId: wireName,
        destinationId: serverId({ host, port }),
        hello: { version, name: wireName, instance: nonce, messageMaxBytes: LIMITS.messageBytes },
        nonce,
      },
    });
    link.start();
  }

  propose(link: Link, terms: EnrolmentTerms | undefined): void {
    const { trust, wireName } = this.#options;
    const keyingMaterial = enrolmentKeyingMaterial(link.connection, wireName);
    trust.propose({ terms, keyingMaterial }).then(
      (proposal) => {
        this.#hasAsked = true;
        link.proposed(proposal);
      },
      (error: unknown) => {
        this.#failure = toAiocError(error);
        link.cut(this.#failure.message);
      },
    );
  }

  issued(_link: Link, issued: IssuedCertificate): void {
    this.#storing = this.#options.trust.store(issued);
  }

  over(_link: Link, ending: SessionEnding): void {
    this.#done(this.#storing ?? Promise.reject(this.#failure ?? this.#errorOf(ending)));
  }

  #errorOf({ refusal, reason }: SessionEnding): AiocError {
    const { host, port } = this.#options;
    const server = hostAndPort(host, port);
    if (refusal !== undefined) return new AiocError('AIOC_REFUSED_BY_PEER', refusal.reason ?? reason);
    return this.#hasAsked
      ? new AiocError('AIOC_RESPONSE_LOST', `${server} did not answer the certificate request: ${reason}`)
      : new AiocError('AIOC_CONNECT', `${server}: ${reason}`);
  }

  knownAsAioc(): boolean {
    return true;
  }

  authenticate(): void {
    // Only a server authenticates clients.
  }

  enrol(): void {
    // Only a server issues certificates.
  }

  renewalAnswered(): void {
    // It has no certificate to renew.
  }

  introduced(): void {
    // Only a server admits clients.
  }

  onAccepted(): void {
    // No messages before it has a certificate.
  }

  established(): void {
    // As above.
  }
}

/** While a session enrols, it delivers nothing. */
const NO_TRAFFIC: LinkTraffic<Link> = {
  budget: new MemoryBudget(LIMITS.memoryBudgetBytes),
  forged: () => 'dropped',
  messages: () => 'dropped',
  file: async () => DISCARDED_FILE,
  acknowledged: () => undefined,
  onStreamAcks: () => undefined,
  transfer: () => undefined,
  pong: () => undefined,
  oversized: () => undefined,
  writable: () => undefined,
};
