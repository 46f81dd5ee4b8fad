import { AiocError } from '../base/errors.ts';
import type { Clock } from '../base/ports.ts';
import type { EnrolmentRequest, EnrolmentTerms, IssuedCertificate } from '../protocol/enrolment.ts';
import { meetsTerms, readCertificate } from './certificate-facts.ts';
import { provesKey } from './enrolment-proof.ts';
import { EnrolmentTurns } from './enrolment-turns.ts';
import { KeyStock } from './key-stock.ts';
import type { KeyPair } from './keys-and-certificates.ts';
import type { ServerCertificates } from './server-certificates.ts';

/** The connection over which a certificate is requested. */
export interface EnrolmentOrigin {
  readonly address: string;
  /**
   * What it presented in TLS: the shared default certificate; its own, unknown one, which needs an invitation; or the
   * valid one that it renews.
   */
  readonly presented: 'default' | 'unknown' | 'own';
  /** See enrolmentKeyingMaterial. */
  readonly keyingMaterial: Buffer | undefined;
  isOpen(): boolean;
}

/** An invitation that a client uses. */
export interface InvitationUse {
  /** As sent. */
  readonly secret: string;
  readonly name: string;
  /** The client's certificate: it may send the same request again, since it may have missed the answer. */
  readonly fingerprint: string;
  readonly address: string;
}

/** One-time invitations: see Invitations. */
export interface InvitationUser {
  /**
   * Runs `accept` if this is an unused invitation for that name, and uses it up if `accept` succeeds.
   *
   * @throws AiocError AIOC_INVITATION, which does not say what is wrong with it; or the error of `accept`
   */
  redeem(invitation: InvitationUse, accept: () => Promise<void>): Promise<void>;
}

export interface EnrolmentOptions {
  readonly certificates: ServerCertificates;
  readonly terms: EnrolmentTerms;
  readonly clock: Clock;
  /** default_certificate. Default: true. */
  readonly allowsDefault?: boolean;
  /** Default: keys that are made when the first one is needed. */
  readonly keys?: KeyStock;
  /** Absent: every invitation is refused. */
  readonly invitations?: InvitationUser;
}

/** Answers certificate requests at a server in mutual TLS. */
export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #turns: EnrolmentTurns;
  readonly #keys: KeyStock;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.#turns = new EnrolmentTurns(options.clock);
    this.#keys = options.keys ?? new KeyStock();
  }

  /** Whether the holder of the shared default certificate may request one of its own. */
  get allowsDefault(): boolean {
    return this.#options.allowsDefault ?? true;
  }

  get terms(): EnrolmentTerms {
    return this.#options.terms;
  }

  /**
   * Accepts the client's own certificate, if the client proves that it has the key; otherwise makes a key and a
   * certificate for it, as Python expects.
   *
   * @throws AiocError why this name receives no certificate
   */
  answer(request: EnrolmentRequest, origin: EnrolmentOrigin): Promise<IssuedCertificate> {
    return this.#turns.run(origin, () => this.#answer(request, origin));
  }

  async #answer(request: EnrolmentRequest, origin: EnrolmentOrigin): Promise<IssuedCertificate> {
    const { name, certificatePem, proof, invitation } = request;
    if (certificatePem === undefined || proof === undefined) {
      if (origin.presented !== 'default') throw noInvitation();
      return this.#issue(name, origin);
    }
    const { certificates, terms } = this.#options;
    const certificate = readCertificate(certificatePem);
    const { keyingMaterial, address } = origin;
    if (keyingMaterial === undefined || !provesKey(certificate, proof, keyingMaterial))
      throw new AiocError(
        'AIOC_CERTIFICATE_BAD',
        'the client has not proved that it has the key of this certificate',
      );
    if (!meetsTerms(certificate, terms, certificates.wallNow()))
      throw new AiocError(
        'AIOC_CERTIFICATE_BAD',
        `the certificate is valid for too long: this server accepts ${terms.days} days`,
      );
    if (origin.presented === 'own') {
      await certificates.renew(name, certificatePem);
      return { certificatePem };
    }
    const accept = (): Promise<void> =>
      certificates.accept(name, certificatePem, { address, isInvited: invitation !== undefined });
    if (invitation === undefined) await accept();
    else {
      const { invitations } = this.#options;
      if (invitations === undefined) throw noInvitation();
      await invitations.redeem(
        { secret: invitation, name, fingerprint: certificate.fingerprint, address },
        accept,
      );
    }
    return { certificatePem };
  }

  /** A client that has lost patience meanwhile gets no certificate: its name stays free. */
  #issue(name: string, { address, isOpen }: EnrolmentOrigin): Promise<IssuedCertificate> {
    const keys = async (): Promise<KeyPair> => {
      const key = await this.#keys.take();
      if (isOpen()) return key;
      this.#keys.giveBack(key);
      throw new AiocError('AIOC_CANCELLED', 'the connection has closed');
    };
    return this.#options.certificates.issue(name, { address, keys });
  }
}

/** The same for every reason, so that nobody learns by guessing. */
export function noInvitation(): AiocError {
  return new AiocError('AIOC_INVITATION', 'this invitation is not valid: ask for a new one (aioc invite)');
}
