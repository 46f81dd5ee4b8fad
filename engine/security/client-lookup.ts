import { AiocError } from '../base/errors.ts';
import { isClientName } from '../protocol/names.ts';
import { type CertificateFacts, datesFault, readCertificate } from './certificate-facts.ts';
import { linksOfHash } from './certificate-links.ts';
import { type CertificatePaths, isDefaultName } from './certificate-paths.ts';
import { checkClientCertificate, nameIn } from './client-certificate-check.ts';
import type { ClientRegister } from './client-register.ts';
import { whyUnknown } from './link-checks.ts';
import { readStoredCertificate } from './stored-certificates.ts';
import type { UnconfirmedNames } from './unconfirmed-names.ts';

/** The client that a presented certificate identifies. `reason` is a sentence for the log and for the peer's user. */
export type Trust =
  | { readonly who: 'client'; readonly name: string }
  /** May request its own certificate, and nothing else. */
  | { readonly who: 'default' }
  | { readonly who: 'nobody'; readonly reason: string };

export interface ClientLookupOptions {
  readonly places: CertificatePaths;
  readonly register: ClientRegister;
  readonly unconfirmed: UnconfirmedNames;
  wallNow(): number;
  /** Runs `action` after other changes of the directory. */
  readonly change: <T>(action: () => Promise<T>) => Promise<T>;
}

/**
 * Decides which client a certificate identifies, from the current files: a link with its subject's hash must point to a
 * file with exactly this certificate, and the map must have the name. TLS has already proved that the peer has the key.
 * Serial numbers, and files without a link, never decide. Only reads, so it never waits for a certificate request; what
 * follows from a first connection with a certificate is written afterwards.
 */
export class ClientLookup {
  readonly #options: ClientLookupOptions;

  constructor(options: ClientLookupOptions) {
    this.#options = options;
  }

  async trusted(der: Buffer): Promise<Trust> {
    const { places, register, unconfirmed } = this.#options;
    let certificate: CertificateFacts;
    try {
      certificate = readCertificate(der);
    } catch (error) {
      if (!(error instanceof AiocError)) throw error;
      return nobody(error.message);
    }
    const names = await this.namesOf(certificate);
    const renewed = names.length === 0 ? await this.#nameOfRenewal(certificate) : undefined;
    if (names.length === 0 && renewed === undefined)
      return nobody(await whyUnknown(places, await register.map(), certificate));
    const fault = datesFault(certificate, this.#options.wallNow());
    if (fault !== undefined) return nobody(`its certificate ${fault}`);
    if (renewed !== undefined) return this.#replaceBy(renewed, certificate);
    if (names.some(isDefaultName)) return { who: 'default' };
    const map = await register.map();
    const name = names.find((candidate) => map.has(candidate)) ?? (await this.#putBack(names, certificate));
    if (name === undefined) return nobody(`its certificate is an old certificate of ${names[0]}`);
    await unconfirmed.confirm(name);
    return { who: 'client', name };
  }

  /** The names whose linked file has exactly this certificate: usually one; several if files were copied. */
  async namesOf(certificate: CertificateFacts): Promise<string[]> {
    const { places, register } = this.#options;
    const names: string[] = [];
    for (const { name } of await linksOfHash(places.links, certificate.subjectHash)) {
      if (name === undefined) continue;
      const stored = await readStoredCertificate(register.certificatePath(name)).catch(() => undefined);
      if (stored?.fingerprint === certificate.fingerprint) names.push(name);
    }
    return names;
  }

  /** The client that has made this certificate to replace its own (engine/peers/PROTOCOL.md, “Renewal”). */
  async #nameOfRenewal(certificate: CertificateFacts): Promise<string | undefined> {
    const { register } = this.#options;
    const name = nameIn(certificate);
    if (name === undefined || !isClientName(name)) return undefined;
    const renewal = await register.renewalOf(name);
    if (renewal?.fingerprint !== certificate.fingerprint || !(await register.map()).has(name))
      return undefined;
    return name;
  }

  /** It has connected with its new certificate, so the old one ends. If that fails, its next connection does it. */
  #replaceBy(name: string, certificate: CertificateFacts): Trust {
    const { register, change } = this.#options;
    change(async () => {
      const renewal = await register.renewalOf(name);
      if (renewal?.fingerprint === certificate.fingerprint && (await register.map()).has(name))
        await register.replace(name, certificate);
    }).catch(() => undefined);
    return { who: 'client', name };
  }

  /** Restores the map entry of our certificate if a Python server removed it. Returns the name, or undefined. */
  async #putBack([name]: readonly string[], certificate: CertificateFacts): Promise<string | undefined> {
    const { register, change, wallNow } = this.#options;
    if (name === undefined) return undefined;
    try {
      checkClientCertificate(certificate, { name, wallNowMs: wallNow() });
    } catch {
      return undefined;
    }
    return (await change(() => register.putBack(name, certificate))) ? name : undefined;
  }
}

function nobody(reason: string): Trust {
  return { who: 'nobody', reason };
}
