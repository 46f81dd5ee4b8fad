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
  /** For the waiting for other servers of the directory; the machine's own otherwise. */
  readonly clock?: Clock;
  /** max_certs */
  readonly maxCertificates?: number;
}

/** Whom a presented certificate stands for. `reason` is a sentence for the log and for the other side's user. */
export type Trust =
  | { readonly who: 'client'; readonly name: string }
  /** Somebody who may ask for a certificate of its own, and for nothing else. */
  | { readonly who: 'default' }
  | { readonly who: 'nobody'; readonly reason: string };

export interface ListedCertificate {
  readonly name: string;
  readonly fingerprint: string;
  readonly words: string;
  readonly notAfterMs: number;
  /** Why this one is let in no more; undefined while it is. */
  readonly fault: string | undefined;
}

/** The server's half of a certificates directory (PROTOCOL §5), Python's or ours. */
export class ServerCertificates {
  /** What a crash had left half done and was put right at the opening: sentences for the log. */
  readonly repaired: readonly string[];
  /** Which clients are refused although the list names them, and what to do about it: sentences for the log. */
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
   * Looks whether the directory can be used, and puts right what a crash left half done.
   *
   * @throws AiocError AIOC_CERTIFICATES
   */
  static open(options: ServerCertificatesOptions): Promise<ServerCertificates> {
    const places = certificatePaths(options.directory);
    return inDirectory(places, async () => {
      for (const path of [places.clients, places.links]) await checkDirectory(path, options.directory);
      const { random, clock = realClock() } = options;
      const register = new ClientRegister(places, { random, clock });
      // A directory that is in order may be one that cannot be written.
      const repair = (): Promise<string[]> => register.repair();
      const repaired = (await register.isUnfinished()) ? await register.alone(repair) : [];
      const warnings = await linkWarnings(places, await register.mapAtStart());
      return new ServerCertificates(options, { register, repaired, warnings });
    });
  }

  /**
   * The server's own certificate and key, valid or not: its clients look at their own clocks.
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
          remedy: `Restore it from a backup, or make new ones for the server and all clients in an empty directory: aioc create_certificates DIR (this one is ${directory})`,
        },
      ),
    );
  }

  /** Why the server's own certificate is not valid now; undefined when it is. @throws AiocError AIOC_CERTIFICATES */
  ownFault(): Promise<string | undefined> {
    const { serverCertificate } = this.#places;
    return inDirectory(this.#places, async () => {
      const context = await readStoredCertificate(serverCertificate);
      const fault = context === undefined ? undefined : datesFault(context, this.#options.wallNow());
      return fault && `the server's own certificate ${serverCertificate} ${fault}`;
    });
  }

  /**
   * Decides by the files as they are at this moment whom a certificate stands for: a link under its subject's hash must
   * point at a file that holds exactly this certificate, and the map must have the name. The caller knows from TLS that
   * the other end holds the key. Never by the serial number, and never by a file that no link points at.
   *
   * @param der the certificate exactly as presented
   * @throws AiocError AIOC_CERTIFICATES when the directory cannot be read
   */
  trusted(der: Buffer): Promise<Trust> {
    return this.#turn(async () => {
      let context: CertificateFacts;
      try {
        context = readCertificate(der);
      } catch (error) {
        if (!(error instanceof AiocError)) throw error;
        return nobody(error.message);
      }
      const names = await this.#namesOf(context);
      if (names.length === 0)
        return nobody(await whyUnknown(this.#places, await this.#register.map(), context));
      const fault = datesFault(context, this.#options.wallNow());
      if (fault !== undefined) return nobody(`its certificate ${fault}`);
      if (names.some(isDefaultName)) return { who: 'default' };
      const map = await this.#register.map();
      const name = names.find((candidate) => map.has(candidate)) ?? (await this.#putBack(names, context));
      return name === undefined
        ? nobody(`its certificate is that of ${names[0]}, which has none any more`)
        : { who: 'client', name };
    });
  }

  /** The name of a certificate of ours whose entry a Python server has lost, and which has it again; else undefined. */
  async #putBack([name]: readonly string[], context: CertificateFacts): Promise<string | undefined> {
    try {
      checkClientCertificate(context, this.#options.wallNow());
    } catch {
      return undefined;
    }
    const back =
      name !== undefined && (await this.#register.alone(() => this.#register.putBack(name, context)));
    return back ? name : undefined;
  }

  /**
   * Makes a key pair and a certificate for a Python client, which takes both from the server. The key is not kept here
   * (Python keeps `<name>.key`, and never reads it again).
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATE_LIMIT, AIOC_CERTIFICATES
   */
  async issue(name: string): Promise<TlsSettings> {
    // Asked before the expensive part, which must hold up nobody else, and again when the name is taken.
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
   * Takes a certificate that an aioc client has made itself, so that its key never leaves it. To send the same one
   * again is allowed: the answer to the first may have been lost.
   *
   * @throws AiocError as `issue`, and AIOC_CERTIFICATE_BAD
   */
  accept(name: string, certificatePem: string): Promise<void> {
    return this.#change(async () => {
      checkClientName(name);
      const context = readCertificate(certificatePem);
      checkClientCertificate(context, this.#options.wallNow());
      const map = await this.#register.map();
      if (map.has(name) && (await this.#namesOf(context)).includes(name)) return;
      await this.#checkFree(name);
      // Python's servers know a client by its serial number alone, and this directory may be one's again.
      if ([...map.values()].includes(context.serial) || (await this.#isSerialOfDefault(context.serial)))
        throw new AiocError(
          'AIOC_CERTIFICATE_BAD',
          'another certificate has the same serial number: make it anew',
        );
      await this.#register.add(name, context);
    });
  }

  /**
   * Ends the trust in a client's certificate; the caller closes its connection. With `removeOnlySymlink` the file stays,
   * and with it the name stays taken.
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES
   */
  remove(name: string, { removeOnlySymlink = false } = {}): Promise<void> {
    return this.#change(async () => {
      checkClientName(name);
      if (await this.#register.remove(name, removeOnlySymlink)) return;
      throw new AiocError('AIOC_CERTIFICATE_MISSING', `${name} has no certificate here`);
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
      const context = await readStoredCertificate(this.#register.certificatePath(name));
      if (context === undefined) return { ...unknown, fault: 'its certificate is missing' };
      const { fingerprint, words, notAfterMs } = context;
      const linked = (await this.#namesOf(context)).includes(name);
      const fault = linked
        ? datesFault(context, this.#options.wallNow())
        : 'no link points at its certificate';
      return { name, fingerprint, words, notAfterMs, fault };
    } catch (error) {
      if (!(error instanceof AiocError)) throw error;
      return { ...unknown, fault: error.message };
    }
  }

  /** The names whose linked file holds exactly this certificate: one, unless somebody has copied files about. */
  async #namesOf(context: CertificateFacts): Promise<string[]> {
    const names: string[] = [];
    for (const { name } of await linksOfHash(this.#places.links, context.subjectHash)) {
      if (name === undefined) continue;
      const stored = await readStoredCertificate(this.#register.certificatePath(name)).catch(() => undefined);
      if (stored?.fingerprint === context.fingerprint) names.push(name);
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
      `${map.size} clients have certificates, which is all that max_certs allows: delete one that is not needed, or raise max_certs`,
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
    // Copies without links lose the directory that holds nothing else.
    const isCopy = path === places.links && (await exists(places.serverCertificate));
    throw certificatesError(
      `${path} is missing. ${isCopy ? `A copy has lost its links. ${runRepair(places)}` : `To make a certificates directory: aioc create_certificates '${directory}'`}`,
    );
  }
  const { mode } = await stat(path);
  // Who can put a file there decides who is trusted.
  if ((mode & 0o002) !== 0)
    throw certificatesError(`everybody on this machine can write to ${path}. Run: chmod o-w '${path}'`);
}
