import { stat } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import type { Clock, Randomness, TlsSettings } from '../base/ports.ts';
import { exists } from '../base/read-small-file.ts';
import { realClock } from '../base/real-ports.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { checkClientName } from '../protocol/names.ts';
import { datesFault, readCertificate } from './certificate-facts.ts';
import { CertificateGrants, type GrantOptions } from './certificate-grants.ts';
import {
  type CertificatePaths,
  certificatePaths,
  certificatesError,
  inDirectory,
} from './certificate-paths.ts';
import { type CertificateUse, CertificateUses } from './certificate-uses.ts';
import { ClientLookup, type Trust } from './client-lookup.ts';
import { ClientRegister } from './client-register.ts';
import { makeDirectoryCertificate } from './directory-certificates.ts';
import { type KeyPair, makeKeyPair } from './keys-and-certificates.ts';
import { linkWarnings, runRepair } from './link-checks.ts';
import {
  type Credentials,
  isOfAnybody,
  readCredentials,
  readStoredCertificate,
  writableByAll,
} from './stored-certificates.ts';
import { UnconfirmedNames } from './unconfirmed-names.ts';

export interface ServerCertificatesOptions {
  /** certificates_directory_path */
  readonly directory: string;
  readonly random: Randomness;
  wallNow(): number;
  /** For waiting for other servers of the directory. Default: the machine's clock. */
  readonly clock?: Clock;
  /** max_certs */
  readonly maxCertificates?: number;
  /** Maximum number of certificates that have never connected; default: LIMITS.unconfirmedCertificates. */
  readonly maxUnconfirmed?: number;
  /** Called with a sentence for the log if the last uses of certificates cannot be saved. */
  readonly onTrouble?: (text: string) => void;
}

export interface ListedCertificate {
  readonly name: string;
  readonly fingerprint: string;
  readonly words: string;
  readonly notAfterMs: number;
  /** Why this client is rejected; undefined if it is not. */
  readonly fault: string | undefined;
  /** It has never connected with this certificate. */
  readonly isUnconfirmed: boolean;
  /** When its client was last connected with it, in milliseconds since 1970; undefined if that is not known. */
  readonly lastUseMs: number | undefined;
}

/** The server part of a certificates directory (PROTOCOL §5), created by Python or aioc. */
export class ServerCertificates {
  /** What was repaired at the opening after a crash: sentences for the log. */
  readonly repaired: readonly string[];
  /** Clients in the list that are rejected, and what to do: sentences for the log. */
  readonly warnings: readonly string[];
  /** When clients were last connected. */
  readonly uses: CertificateUses;
  readonly #options: ServerCertificatesOptions;
  readonly #places: CertificatePaths;
  readonly #register: ClientRegister;
  readonly #unconfirmed: UnconfirmedNames;
  readonly #lookup: ClientLookup;
  readonly #grants: CertificateGrants;
  readonly #queue = new SerialQueue();

  private constructor(
    options: ServerCertificatesOptions,
    parts: Pick<ServerCertificates, 'repaired' | 'warnings'> & { readonly register: ClientRegister },
  ) {
    this.#options = options;
    this.#places = certificatePaths(options.directory);
    this.#register = parts.register;
    const { random, wallNow, maxCertificates, clock = realClock(), onTrouble } = options;
    const { register } = parts;
    this.uses = new CertificateUses({
      ...{ places: this.#places, random, clock, names: async () => new Set((await register.map()).keys()) },
      ...(onTrouble !== undefined && { onTrouble }),
    });
    const unconfirmed = new UnconfirmedNames({
      places: this.#places,
      random,
      maxNames: options.maxUnconfirmed,
    });
    this.#unconfirmed = unconfirmed;
    this.#lookup = new ClientLookup({
      places: this.#places,
      register,
      unconfirmed,
      wallNow,
      change: (action) => this.#change(action),
    });
    const known = { register, unconfirmed, wallNow, lookup: this.#lookup };
    this.#grants = new CertificateGrants({
      ...known,
      ...(maxCertificates !== undefined && { maxCertificates }),
    });
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
   * Decides which client a certificate identifies: see ClientLookup. Never waits for certificate requests.
   *
   * @param der the certificate exactly as presented
   * @throws AiocError AIOC_CERTIFICATES if the directory cannot be read
   */
  trusted(der: Buffer): Promise<Trust> {
    return inDirectory(this.#places, () => this.#lookup.trusted(der));
  }

  /**
   * Creates a key pair and a certificate for a Python client, which receives both from the server. The key is not
   * stored here. (Python stores `<name>.key` and never reads it.)
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATE_LIMIT, AIOC_CERTIFICATES
   */
  async issue(
    name: string,
    { keys = makeKeyPair, ...options }: GrantOptions & { readonly keys?: () => Promise<KeyPair> } = {},
  ): Promise<TlsSettings> {
    // Checked before the expensive part, which needs no lock, and again when the name is added.
    await inDirectory(this.#places, () => this.#grants.checkMayRequest(name, options));
    const { random, wallNow } = this.#options;
    const made = await makeDirectoryCertificate(name, { random, wallNowMs: wallNow(), keys: await keys() });
    await this.#change(() => this.#grants.grant(name, readCertificate(made.certificatePem), options));
    return made;
  }

  /**
   * Accepts a certificate that an aioc client created, so that its key never leaves the client. A client may send the
   * same one again, since it may have missed the first answer.
   *
   * @throws AiocError as `issue`, and AIOC_CERTIFICATE_BAD
   */
  accept(name: string, certificatePem: string, options: GrantOptions = {}): Promise<void> {
    return this.#change(() => this.#grants.accept(name, certificatePem, options));
  }

  /**
   * Whether somebody with an invitation would get a certificate for this name now.
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATE_LIMIT, AIOC_CERTIFICATES
   */
  checkMayInvite(name: string): Promise<void> {
    return inDirectory(this.#places, () => this.#grants.checkMayRequest(name, { isInvited: true }));
  }

  /**
   * Accepts the certificate that shall replace a client's present one. Both are trusted until it has connected with the
   * new one.
   *
   * @throws AiocError AIOC_CERTIFICATE_BAD, AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES
   */
  renew(name: string, certificatePem: string): Promise<void> {
    return this.#change(() => this.#grants.renew(name, certificatePem));
  }

  /** Resolves when all changes so far are written. */
  idle(): Promise<void> {
    return this.#queue.idle();
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
      if (await this.#register.remove(name, removeOnlySymlink)) return this.#unconfirmed.confirm(name);
      throw new AiocError('AIOC_CERTIFICATE_MISSING', `${name} has no certificate`);
    });
  }

  wallNow(): number {
    return this.#options.wallNow();
  }

  /** Every name of the map, in alphabetical order. @throws AiocError AIOC_CERTIFICATES */
  list(): Promise<ListedCertificate[]> {
    return this.#turn(async () => {
      const names = [...(await this.#register.map()).keys()].sort();
      const unconfirmed = new Set(await this.#unconfirmed.names());
      const uses = await this.uses.read();
      const listed: ListedCertificate[] = [];
      for (const name of names) {
        const described = await this.#describe(name);
        const lastUseMs = lastUseOf(described.fingerprint, uses.get(name));
        listed.push({ ...described, isUnconfirmed: unconfirmed.has(name), lastUseMs });
      }
      return listed;
    });
  }

  async #describe(name: string): Promise<Omit<ListedCertificate, 'isUnconfirmed' | 'lastUseMs'>> {
    const unknown = { name, fingerprint: '', words: '', notAfterMs: 0 };
    try {
      checkClientName(name);
      const certificate = await readStoredCertificate(this.#register.certificatePath(name));
      if (certificate === undefined) return { ...unknown, fault: 'its certificate is missing' };
      const { fingerprint, words, notAfterMs } = certificate;
      const linked = (await this.#lookup.namesOf(certificate)).includes(name);
      const fault = linked
        ? datesFault(certificate, this.#options.wallNow())
        : 'no link points to its certificate';
      return { name, fingerprint, words, notAfterMs, fault };
    } catch (error) {
      if (!(error instanceof AiocError)) throw error;
      return { ...unknown, fault: error.message };
    }
  }

  #change<T>(action: () => Promise<T>): Promise<T> {
    return this.#turn(() => this.#register.alone(action));
  }

  #turn<T>(action: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => inDirectory(this.#places, action));
  }
}

/** The use of a certificate, and not of an earlier one of the same name. */
function lastUseOf(fingerprint: string, use: CertificateUse | undefined): number | undefined {
  return use?.fingerprint === fingerprint ? use.atMs : undefined;
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
  // Write access to this directory decides who is trusted.
  if (isOfAnybody(await stat(path))) throw writableByAll(path);
}
