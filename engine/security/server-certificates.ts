import { stat } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness, TlsSettings } from '../base/ports.ts';
import { exists } from '../base/read-small-file.ts';
import { realClock } from '../base/real-ports.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { checkClientName } from '../protocol/names.ts';
import { type CertificateFacts, datesFault, readCertificate } from './certificate-facts.ts';
import { linksOfHash } from './certificate-links.ts';
import {
  type CertificatePaths,
  certificatePaths,
  certificatesError,
  inDirectory,
  isDefaultName,
} from './certificate-paths.ts';
import { checkClientCertificate } from './client-certificate-check.ts';
import { ClientRegister, certificateExists } from './client-register.ts';
import { makeDirectoryCertificate } from './directory-certificates.ts';
import { linkWarnings, runRepair, whyUnknown } from './link-checks.ts';
import { type Credentials, readCredentials, readStoredCertificate } from './stored-certificates.ts';

export interface ServerCertificatesOptions {
  /** certificates_directory_path */
  readonly directory: string;
  readonly random: Randomness;
  wallNow(): number;
  /** For waiting for other servers of the directory. Default: the machine's clock. */
  readonly clock?: Clock;
  /** max_certs */
  readonly maxCertificates?: number;
}

/** The client that a presented certificate identifies. `reason` is a sentence for the log and for the peer's user. */
export type Trust =
  | { readonly who: 'client'; readonly name: string }
  /** May request its own certificate, and nothing else. */
  | { readonly who: 'default' }
  | { readonly who: 'nobody'; readonly reason: string };

export interface ListedCertificate {
  readonly name: string;
  readonly fingerprint: string;
  readonly words: string;
  readonly notAfterMs: number;
  /** Why this client is rejected; undefined if it is not. */
  readonly fault: string | undefined;
}

/** The server part of a certificates directory (PROTOCOL §5), created by Python or aioc. */
export class ServerCertificates {
  /** What was repaired at the opening after a crash: sentences for the log. */
  readonly repaired: readonly string[];
  /** Clients in the list that are rejected, and what to do: sentences for the log. */
  readonly warnings: readonly string[];
  readonly #options: ServerCertificatesOptions;
  readonly #places: CertificatePaths;
  readonly #register: ClientRegister;
  readonly #queue: SerialQueue;

  private constructor(
    options: ServerCertificatesOptions,
    parts: Pick<ServerCertificates, 'repaired' | 'warnings'> & { readonly register: ClientRegister },
  ) {
    this.#options = options;
    this.#places = certificatePaths(options.directory);
    this.#register = parts.register;
    this.#queue = new SerialQueue();
    this.repaired = parts.repaired;
    this.warnings = parts.warnings;
  }

  /**
   * Checks that the directory can be used, and repairs what a crash left unfinished.
   *
   * @throws AiocError AIOC_CERTIFICATES
   */
  static open(options: ServerCertificatesOptions): Promise<ServerCertificates> {
    const places = certificatePaths(options.directory);
    return inDirectory(places, async () => {
      for (const path of [places.clients, places.links]) await checkDirectory(path, options.directory);
      const { random, clock = realClock() } = options;
      const register = new ClientRegister(places, { random, clock });
      // Without repairs, the directory may be read-only.
      const repair = (): Promise<string[]> => register.repair();
      const repaired = (await register.isUnfinished()) ? await register.alone(repair) : [];
      const warnings = await linkWarnings(places, await register.mapAtStart());
      return new ServerCertificates(options, { register, repaired, warnings });
    });
  }

  /**
   * The server's certificate and key, even if it is not valid now: clients check it with their own clocks.
   *
   * @throws AiocError AIOC_CERTIFICATES
   */
  credentials(): Promise<Credentials> {
    const { serverCertificate, serverKey, directory } = this.#places;
    return inDirectory(this.#places, () =>
      readCredentials(
        { certificate: serverCertificate, key: serverKey },
        {
          wallNowMs: undefined,
          remedy: `Restore it from a backup, or create new certificates for the server and all clients in an empty directory: aioc create_certificates DIR (this one is ${directory})`,
        },
      ),
    );
  }

  /** Why the server's certificate is not valid now; undefined if it is. @throws AiocError AIOC_CERTIFICATES */
  ownFault(): Promise<string | undefined> {
    const { serverCertificate } = this.#places;
    return inDirectory(this.#places, async () => {
      const certificate = await readStoredCertificate(serverCertificate);
      const fault = certificate === undefined ? undefined : datesFault(certificate, this.#options.wallNow());
      return fault && `the server's own certificate ${serverCertificate} ${fault}`;
    });
  }

  /**
   * Decides which client a certificate identifies, from the current files: a link with its subject's hash must point to
   * a file with exactly this certificate, and the map must have the name. TLS has already proved that the peer has the
   * key. Serial numbers, and files without a link, never decide.
   *
   * @param der the certificate exactly as presented
   * @throws AiocError AIOC_CERTIFICATES if the directory cannot be read
   */
  trusted(der: Buffer): Promise<Trust> {
    return this.#turn(async () => {
      let certificate: CertificateFacts;
      try {
        certificate = readCertificate(der);
      } catch (error) {
        if (!(error instanceof AiocError)) throw error;
        return nobody(error.message);
      }
      const names = await this.#namesOf(certificate);
      if (names.length === 0)
        return nobody(await whyUnknown(this.#places, await this.#register.map(), certificate));
      const fault = datesFault(certificate, this.#options.wallNow());
      if (fault !== undefined) return nobody(`its certificate ${fault}`);
      if (names.some(isDefaultName)) return { who: 'default' };
      const map = await this.#register.map();
      const name = names.find((candidate) => map.has(candidate)) ?? (await this.#putBack(names, certificate));
      return name === undefined
        ? nobody(`its certificate is an old certificate of ${names[0]}`)
        : { who: 'client', name };
    });
  }

  /** Restores the map entry of our certificate if a Python server removed it. Returns the name, or undefined. */
  async #putBack([name]: readonly string[], certificate: CertificateFacts): Promise<string | undefined> {
    try {
      checkClientCertificate(certificate, this.#options.wallNow());
    } catch {
      return undefined;
    }
    const back =
      name !== undefined && (await this.#register.alone(() => this.#register.putBack(name, certificate)));
    return back ? name : undefined;
  }

  /**
   * Creates a key pair and a certificate for a Python client, which receives both from the server. The key is not
   * stored here. (Python stores `<name>.key` and never reads it.)
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATE_LIMIT, AIOC_CERTIFICATES
   */
  async issue(name: string): Promise<TlsSettings> {
    // Checked before the expensive part, which needs no lock, and again when the name is added.
    await this.#turn(() => this.#checkFree(name));
    const { random, wallNow } = this.#options;
    const made = await makeDirectoryCertificate(name, { random, wallNowMs: wallNow() });
    await this.#change(async () => {
      await this.#checkFree(name);
      await this.#register.add(name, readCertificate(made.certificatePem));
    });
    return made;
  }

  /**
   * Accepts a certificate that an aioc client created, so that its key never leaves the client. A client may send the
   * same one again, since it may have missed the first answer.
   *
   * @throws AiocError as `issue`, and AIOC_CERTIFICATE_BAD
   */
  accept(name: string, certificatePem: string): Promise<void> {
    return this.#change(async () => {
      checkClientName(name);
      const certificate = readCertificate(certificatePem);
      checkClientCertificate(certificate, this.#options.wallNow());
      const map = await this.#register.map();
      if (map.has(name) && (await this.#namesOf(certificate)).includes(name)) return;
      await this.#checkFree(name);
      // Python servers identify a client by its serial number alone, and one may use this directory later.
      if (
        [...map.values()].includes(certificate.serial) ||
        (await this.#isSerialOfDefault(certificate.serial))
      )
        throw new AiocError(
          'AIOC_CERTIFICATE_BAD',
          'another certificate has the same serial number: create a new one',
        );
      await this.#register.add(name, certificate);
    });
  }

  /**
   * Ends the trust in a client's certificate; the caller closes its connection. With `removeOnlySymlink` the file
   * remains, and the name stays taken.
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES
   */
  remove(name: string, { removeOnlySymlink = false } = {}): Promise<void> {
    return this.#change(async () => {
      checkClientName(name);
      if (await this.#register.remove(name, removeOnlySymlink)) return;
      throw new AiocError('AIOC_CERTIFICATE_MISSING', `${name} has no certificate`);
    });
  }

  /** Every name of the map, in alphabetical order. @throws AiocError AIOC_CERTIFICATES */
  list(): Promise<ListedCertificate[]> {
    return this.#turn(async () => {
      const names = [...(await this.#register.map()).keys()].sort();
      const listed: ListedCertificate[] = [];
      for (const name of names) listed.push(await this.#describe(name));
      return listed;
    });
  }

  async #describe(name: string): Promise<ListedCertificate> {
    const unknown = { name, fingerprint: '', words: '', notAfterMs: 0 };
    try {
      checkClientName(name);
      const certificate = await readStoredCertificate(this.#register.certificatePath(name));
      if (certificate === undefined) return { ...unknown, fault: 'its certificate is missing' };
      const { fingerprint, words, notAfterMs } = certificate;
      const linked = (await this.#namesOf(certificate)).includes(name);
      const fault = linked
        ? datesFault(certificate, this.#options.wallNow())
        : 'no link points to its certificate';
      return { name, fingerprint, words, notAfterMs, fault };
    } catch (error) {
      if (!(error instanceof AiocError)) throw error;
      return { ...unknown, fault: error.message };
    }
  }

  /** The names whose linked file has exactly this certificate: usually one; several if files were copied. */
  async #namesOf(certificate: CertificateFacts): Promise<string[]> {
    const names: string[] = [];
    for (const { name } of await linksOfHash(this.#places.links, certificate.subjectHash)) {
      if (name === undefined) continue;
      const stored = await readStoredCertificate(this.#register.certificatePath(name)).catch(() => undefined);
      if (stored?.fingerprint === certificate.fingerprint) names.push(name);
    }
    return names;
  }

  async #checkFree(name: string): Promise<void> {
    checkClientName(name);
    const map = await this.#register.map();
    if (map.has(name) || (await exists(this.#register.certificatePath(name)))) throw certificateExists(name);
    const { maxCertificates = LIMITS.clientCertificates } = this.#options;
    if (map.size < maxCertificates) return;
    throw new AiocError(
      'AIOC_CERTIFICATE_LIMIT',
      `${map.size} clients have certificates, the maximum of max_certs: delete one that is not needed, or increase max_certs`,
    );
  }

  async #isSerialOfDefault(serial: string): Promise<boolean> {
    for (const name of await this.#register.defaultNames()) {
      const stored = await readStoredCertificate(this.#register.certificatePath(name));
      if (stored?.serial === serial) return true;
    }
    return false;
  }

  #change<T>(action: () => Promise<T>): Promise<T> {
    return this.#turn(() => this.#register.alone(action));
  }

  #turn<T>(action: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => inDirectory(this.#places, action));
  }
}

function nobody(reason: string): Trust {
  return { who: 'nobody', reason };
}

async function checkDirectory(path: string, directory: string): Promise<void> {
  if (!(await exists(path))) {
    const places = certificatePaths(directory);
    // A copy without links also loses the directory of links.
    const isCopy = path === places.links && (await exists(places.serverCertificate));
    throw certificatesError(
      `${path} is missing. ${isCopy ? `The links were lost in a copy. ${runRepair(places)}` : `To make a certificates directory: aioc create_certificates '${directory}'`}`,
    );
  }
  const { mode } = await stat(path);
  // Write access to this directory decides who is trusted.
  if ((mode & 0o002) !== 0)
    throw certificatesError(`every user of this machine can write to ${path}. Run: chmod o-w '${path}'`);
}
