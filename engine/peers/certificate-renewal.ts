import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import { renewalFrame } from '../protocol/enrolment.ts';
import { enrolmentKeyingMaterial } from '../security/enrolment-proof.ts';
import type { Link } from './link.ts';
import type { IdentifiedKind } from './session-types.ts';
import type { TrafficLog } from './traffic-log.ts';
import type { ClientTrust } from './trust.ts';

export interface CertificateRenewalOptions {
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly trust: ClientTrust;
  /** The name of this client on the wire. */
  readonly wireName: string;
  /** The server's name, for the log. */
  readonly peerName: () => string;
  /** The new certificate is stored: connect again with it. */
  readonly onRenewed: (link: Link) => void;
}

/** An attempt by hand, which waits for the result. */
interface Attempt {
  readonly resolve: () => void;
  readonly reject: (error: AiocError) => void;
}

/**
 * Renews a client's certificate over the established connection to an aioc server (engine/peers/PROTOCOL.md, “Renewal”):
 * when a third of its life is left, or when the user asks for it.
 */
export class CertificateRenewal {
  readonly #options: CertificateRenewalOptions;
  #link: Link | undefined;
  /** The server's terms; undefined if it does not renew certificates. */
  #days: number | undefined;
  #timer: Timer | undefined;
  #attempts: Attempt[] = [];
  #isRunning = false;

  constructor(options: CertificateRenewalOptions) {
    this.#options = options;
  }

  /** Messages flow: looks at the certificate now, and every day. */
  established(link: Link, peerKind: IdentifiedKind): void {
    this.#link = link;
    this.#days = peerKind.kind === 'aioc' ? peerKind.hello.certificateDays : undefined;
    this.#look();
  }

  /** Renews now. Resolves when the new certificate is stored. @throws AiocError why not */
  now(): Promise<void> {
    const link = this.#link;
    if (link === undefined)
      throw new AiocError(
        'AIOC_PEER_AWAY',
        'the certificate is renewed over the connection to the server, and there is none now',
      );
    if (this.#days === undefined)
      throw new AiocError(
        'AIOC_COMMAND',
        'the server does not renew certificates: it is Python, or an older aioc. Delete the certificate on both sides to request a new one',
      );
    return new Promise((resolve, reject) => {
      this.#attempts.push({ resolve, reject });
      this.#begin(link, true);
    });
  }

  /** The server has accepted the new certificate. */
  accepted(link: Link): void {
    const { trust, log, peerName, onRenewed } = this.#options;
    trust.adoptRenewal?.().then(
      () => {
        log.event('renewed this client’s certificate', { peerName: peerName() });
        for (const { resolve } of this.#end()) resolve();
        onRenewed(link);
      },
      (error: unknown) => this.#failed(toAiocError(error)),
    );
  }

  refused(reason: string): void {
    this.#failed(
      new AiocError('AIOC_REFUSED_BY_PEER', `the server did not renew the certificate: ${reason}`),
    );
  }

  /** The connection has ended. */
  over(): void {
    this.#timer?.cancel();
    this.#link = undefined;
    for (const { reject } of this.#end())
      reject(new AiocError('AIOC_PEER_AWAY', 'the connection ended before the certificate was renewed'));
  }

  #look(): void {
    this.#timer?.cancel();
    const link = this.#link;
    if (link === undefined || this.#days === undefined) return;
    this.#timer = this.#options.clock.after(LIMITS.renewalCheckMs, () => this.#look());
    this.#begin(link, false);
  }

  #begin(link: Link, isDue: boolean): void {
    const { trust, wireName } = this.#options;
    if (this.#isRunning || trust.proposeRenewal === undefined || this.#days === undefined) return;
    this.#isRunning = true;
    const keyingMaterial = enrolmentKeyingMaterial(link.connection, wireName);
    trust.proposeRenewal({ terms: { days: this.#days }, keyingMaterial, isDue }).then(
      (proposal) => {
        if (proposal === undefined) this.#isRunning = false;
        else if (this.#link === link) this.#send(link, proposal);
        if (proposal === undefined && this.#attempts.length > 0) this.#begin(link, true);
      },
      (error: unknown) => this.#failed(toAiocError(error)),
    );
  }

  #send(
    link: Link,
    { certificatePem, proof }: { readonly certificatePem: string; readonly proof?: Buffer },
  ): void {
    const { wireName } = this.#options;
    if (proof === undefined) return this.#failed(new AiocError('AIOC_INTERNAL', 'TLS exports nothing'));
    link.send(renewalFrame({ sourceId: wireName, certificatePem, proof }));
  }

  #failed(error: AiocError): void {
    const { log, peerName } = this.#options;
    log.event(`not renewed this client’s certificate: ${error.message}`, {
      peerName: peerName(),
      warning: true,
    });
    for (const { reject } of this.#end()) reject(error);
  }

  #end(): Attempt[] {
    this.#isRunning = false;
    return this.#attempts.splice(0);
  }
}
