import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { exists } from '../base/read-small-file.ts';
import { checkClientName } from '../protocol/names.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { checkClientCertificate } from './client-certificate-check.ts';
import type { ClientLookup } from './client-lookup.ts';
import { type ClientRegister, certificateExists } from './client-register.ts';
import { readStoredCertificate } from './stored-certificates.ts';
import type { UnconfirmedNames } from './unconfirmed-names.ts';

/** Who gets a certificate, beside the name. */
export interface GrantOptions {
  /** The address that requests it. */
  readonly address?: string;
  /** An invitation is a proof of who it is: the name counts as confirmed, and an unconfirmed one is replaced at once. */
  readonly isInvited?: boolean;
}

export interface CertificateGrantsOptions {
  readonly register: ClientRegister;
  readonly unconfirmed: UnconfirmedNames;
  readonly lookup: ClientLookup;
  wallNow(): number;
  /** max_certs */
  readonly maxCertificates?: number;
}

/**
 * Decides who gets a certificate, and enters it in the register. Call everything except `checkMayRequest` while no other
 * server changes the directory.
 *
 * A name whose certificate has never connected is unconfirmed. It does not count for max_certs, may be requested again
 * after LIMITS.unconfirmedMs, and goes when there are too many: so names that somebody makes up, or whose owner missed
 * the answer, keep nobody out for long.
 */
export class CertificateGrants {
  readonly #options: CertificateGrantsOptions;

  constructor(options: CertificateGrantsOptions) {
    this.#options = options;
  }

  /**
   * Checks what is known before a certificate is made.
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATE_LIMIT, AIOC_CERTIFICATES
   */
  async checkMayRequest(name: string, { isInvited = false }: GrantOptions): Promise<void> {
    checkClientName(name);
    const { register, unconfirmed } = this.#options;
    const map = await register.map();
    const former = map.has(name) ? await unconfirmed.of(name) : undefined;
    if (former === undefined) {
      if (map.has(name) || (await exists(register.certificatePath(name)))) throw certificateExists(name);
      return this.#checkLimit(map.size);
    }
    const ageMs = Math.abs(this.#options.wallNow() - former.sinceMs);
    if (isInvited || ageMs >= LIMITS.unconfirmedMs) return;
    const minutes = Math.ceil((LIMITS.unconfirmedMs - ageMs) / 60_000);
    throw new AiocError(
      'AIOC_CERTIFICATE_EXISTS',
      `a certificate for ${name} was requested a moment ago, and has not connected yet: request it again in ${minutes} min, or delete it on the server: delete_client_certificate ${name}`,
    );
  }

  /** Enters a certificate that this server has made. @throws AiocError as `checkMayRequest` */
  async grant(name: string, certificate: CertificateFacts, options: GrantOptions): Promise<void> {
    await this.checkMayRequest(name, options);
    const { register, unconfirmed } = this.#options;
    const isThere = (await register.map()).has(name);
    if (options.isInvited !== true) await this.#markUnconfirmed(name, options.address ?? '');
    try {
      if (isThere) await register.replace(name, certificate);
      else await register.add(name, certificate);
    } catch (error) {
      if (!isThere) await unconfirmed.confirm(name);
      throw error;
    }
    if (options.isInvited === true) await unconfirmed.confirm(name);
  }

  /**
   * Enters a certificate that a client has made. It may send the same one again, since it may have missed the answer.
   *
   * @throws AiocError as `checkMayRequest`, and AIOC_CERTIFICATE_BAD
   */
  async accept(name: string, certificatePem: string, options: GrantOptions): Promise<void> {
    const certificate = await this.#check(name, certificatePem);
    const { register, lookup } = this.#options;
    if ((await register.map()).has(name) && (await lookup.namesOf(certificate)).includes(name)) return;
    await this.checkMayRequest(name, options);
    await this.#checkSerial(certificate);
    await this.grant(name, certificate, options);
  }

  /**
   * Keeps the certificate with which a client, known by its present one, will connect from now on.
   *
   * @throws AiocError AIOC_CERTIFICATE_BAD, AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES
   */
  async renew(name: string, certificatePem: string): Promise<void> {
    const certificate = await this.#check(name, certificatePem);
    const { register, lookup } = this.#options;
    if (!(await register.map()).has(name))
      throw new AiocError('AIOC_CERTIFICATE_MISSING', `${name} has no certificate`);
    if ((await lookup.namesOf(certificate)).includes(name)) return;
    if ((await register.renewalOf(name))?.fingerprint === certificate.fingerprint) return;
    await this.#checkSerial(certificate);
    await register.addRenewal(name, certificate);
  }

  async #check(name: string, certificatePem: string): Promise<CertificateFacts> {
    checkClientName(name);
    const certificate = readCertificate(certificatePem);
    checkClientCertificate(certificate, { name, wallNowMs: this.#options.wallNow() });
    return certificate;
  }

  /** Python servers identify a client by its serial number alone, and one may use this directory later. */
  async #checkSerial({ serial }: CertificateFacts): Promise<void> {
    const { register } = this.#options;
    const isTaken = [...(await register.map()).values()].includes(serial);
    if (!isTaken && !(await this.#isSerialOfDefault(serial))) return;
    throw new AiocError(
      'AIOC_CERTIFICATE_BAD',
      'another certificate has the same serial number: create a new one',
    );
  }

  async #isSerialOfDefault(serial: string): Promise<boolean> {
    const { register } = this.#options;
    for (const name of await register.defaultNames()) {
      const stored = await readStoredCertificate(register.certificatePath(name));
      if (stored?.serial === serial) return true;
    }
    return false;
  }

  async #checkLimit(names: number): Promise<void> {
    const { maxCertificates = LIMITS.clientCertificates, unconfirmed } = this.#options;
    if (names < maxCertificates) return;
    const confirmed = names - (await unconfirmed.names()).length;
    if (confirmed < maxCertificates) return;
    throw new AiocError(
      'AIOC_CERTIFICATE_LIMIT',
      `${confirmed} clients have certificates, the maximum of max_certs: delete one that is not needed, or increase max_certs`,
    );
  }

  /** Written first: a name that a crash leaves marked without a certificate is only forgotten. */
  async #markUnconfirmed(name: string, address: string): Promise<void> {
    const { register, unconfirmed, wallNow } = this.#options;
    const map = await register.map();
    const others = (await unconfirmed.prune((other) => map.has(other))).filter((other) => other !== name);
    const surplus = await unconfirmed.surplus(others, address);
    if (surplus !== undefined) {
      await register.remove(surplus, false);
      await unconfirmed.confirm(surplus);
    }
    await unconfirmed.add({ name, address, sinceMs: wallNow() });
  }
}
