import { link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_MODE, PUBLIC_MODE, replaceDurably, syncDirectory } from '../base/atomic-file.ts';
import { AiocError } from '../base/errors.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness, TlsSettings } from '../base/ports.ts';
import { exists } from '../base/read-small-file.ts';
import { realClock } from '../base/real-ports.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import type { EnrolmentTerms } from '../protocol/enrolment.ts';
import { checkClientName } from '../protocol/names.ts';
import { type CertificateFacts, keyBelongs, meetsTerms, readCertificate } from './certificate-facts.ts';
import {
  type CertificatePaths,
  certificatePaths,
  certificatesError,
  DEFAULT_NAME,
  inDirectory,
} from './certificate-paths.ts';
import { makeDirectoryCertificate } from './directory-certificates.ts';
import { pinnedCertificates } from './pinned-server.ts';
import {
  type Credentials,
  readCredentials,
  readStored,
  readStoredCertificate,
} from './stored-certificates.ts';

export interface ClientCertificatesOptions {
  /** certificates_directory_path */
  readonly directory: string;
  /** client_name */
  readonly name: string;
  readonly random: Randomness;
  wallNow(): number;
  /** Never uses the shared default certificate. */
  readonly isStrict?: boolean;
  /** For waiting for other connectors of the same name. Default: the machine's clock. */
  readonly clock?: Clock;
}

export interface ClientCredentials extends Credentials {
  /** True while this client has no certificate of its own and can only request one. */
  readonly isDefault: boolean;
  /** The server's pinned certificate file, which may have several certificates. */
  readonly serverCertificatePem: string;
  /** SHA-256 of each certificate that the server may present. */
  readonly serverFingerprints: readonly string[];
}

/** Beside a proposed certificate that the server has accepted, while it replaces this client's own. */
const ACCEPTED_SUFFIX = '.accepted';

/** The directory of certificates that a client created and the server has not accepted yet. Python ignores it. */
const PROPOSED = '.proposed';

/**
 * The client part of a certificates directory (PROTOCOL §5), created by Python or aioc. Several connectors with the
 * same name may share a directory, each for another server: they share one certificate and use a lock.
 */
export class ClientCertificates {
  readonly #options: ClientCertificatesOptions;
  readonly #places: CertificatePaths;
  readonly #queue = new SerialQueue();

  /** @throws AiocError AIOC_NAME_BAD */
  constructor(options: ClientCertificatesOptions) {
    checkClientName(options.name);
    this.#options = options;
    this.#places = certificatePaths(options.directory);
  }

  /**
   * Loads the certificate that this client presents, its own or else the default one, and the server's pinned
   * certificate.
   *
   * @param options `onAnyDay`: accept certificates that are not valid now, since the clock may be wrong
   * @throws AiocError AIOC_CERTIFICATES
   */
  async load({ onAnyDay = false }: { readonly onAnyDay?: boolean } = {}): Promise<ClientCredentials> {
    await this.#completeRenewal();
    return this.#turn(async () => {
      const { name, wallNow, isStrict = false } = this.#options;
      const isDefault = !(await exists(this.#own(name).certificate));
      if (isDefault && isStrict)
        throw certificatesError(
          `${name} has no certificate of its own, and with security: strict it uses no other. ${HOW_TO_JOIN}`,
        );
      const credentials = await readCredentials(this.#own(isDefault ? DEFAULT_NAME : name), {
        wallNowMs: onAnyDay ? undefined : wallNow(),
        remedy: isDefault ? this.#howToGetOne() : howToStartAfresh(name),
      });
      const serverCertificatePem =
        (await readStored(this.#places.pinned)) ?? (await readStored(this.#places.pinnedOld));
      if (serverCertificatePem === undefined)
        throw certificatesError(`${this.#places.pinned} is missing. ${this.#howToGetOne()}`);
      const serverFingerprints = pinnedCertificates(serverCertificatePem, this.#places.pinned);
      return { ...credentials, isDefault, serverCertificatePem, serverFingerprints };
    });
  }

  /**
   * Stores the certificate and key that a server issued to this client (Python's way). Their dates are not checked,
   * since the server sends them only once.
   *
   * @throws AiocError AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATE_BAD, AIOC_CERTIFICATES
   */
  store(pair: TlsSettings): Promise<void> {
    return this.#change(async () => {
      await this.#checkNone();
      this.#check(pair);
      await this.#write(this.#own(this.#options.name), pair);
    });
  }

  /**
   * Creates a key pair and certificate to send to an aioc server; call `adopt` when the server has accepted it. Until
   * then every call returns the same one, also after a restart. Otherwise a lost answer would lock this client out.
   *
   * @param terms the server's; undefined if it tells none
   * @throws AiocError AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATES
   */
  propose(terms?: EnrolmentTerms): Promise<Credentials> {
    return this.#change(async () => {
      await this.#checkNone();
      return this.#propose(terms);
    });
  }

  /** The earlier proposal if it meets the terms, or a new one. */
  async #propose(terms: EnrolmentTerms | undefined): Promise<Credentials> {
    const { random, wallNow, name } = this.#options;
    const earlier = await this.#proposed();
    if (earlier !== undefined && meetsTerms(readCertificate(earlier.certificatePem), terms, wallNow()))
      return earlier;
    const made = await makeDirectoryCertificate(name, {
      random,
      wallNowMs: wallNow(),
      validDays: terms?.days,
    });
    await mkdir(join(this.#places.own, PROPOSED), { recursive: true, mode: 0o700 });
    await this.#write(this.#proposal(), made);
    return readCredentials(this.#proposal(), { wallNowMs: wallNow(), remedy: howToStartAfresh(name) });
  }

  /**
   * Makes the proposed certificate this client's own. If another connector of the same name already did so, nothing
   * changes.
   *
   * @throws AiocError AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES
   */
  adopt(): Promise<void> {
    return this.#change(async () => {
      const proposed = await this.#proposed();
      if (proposed === undefined && (await exists(this.#own(this.#options.name).certificate))) return;
      await this.#checkNone();
      if (proposed === undefined)
        throw new AiocError(
          'AIOC_CERTIFICATE_MISSING',
          `no certificate was proposed for ${this.#options.name}`,
        );
      const own = this.#own(this.#options.name);
      const proposal = this.#proposal();
      // After a crash in between, the proposal is complete until the certificate is in place.
      await rm(own.key, { force: true });
      await link(proposal.key, own.key);
      await rename(proposal.certificate, own.certificate);
      await rm(proposal.key, { force: true });
      await syncDirectory(this.#places.own);
    });
  }

  /**
   * Creates the key pair and certificate that shall replace this client's own; call `adoptRenewal` when the server has
   * accepted it. Until then every call returns the same one.
   *
   * @param options `isDue`: also if more than a third of its life is left
   * @returns undefined if it is too early
   * @throws AiocError AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES
   */
  proposeRenewal(
    terms: EnrolmentTerms,
    { isDue }: { readonly isDue: boolean },
  ): Promise<Credentials | undefined> {
    return this.#change(async () => {
      const { name } = this.#options;
      const own = await readStoredCertificate(this.#own(name).certificate);
      if (own === undefined)
        throw new AiocError('AIOC_CERTIFICATE_MISSING', `${name} has no certificate of its own to renew`);
      return isDue || this.#endsSoon(own) ? this.#propose(terms) : undefined;
    });
  }

  /** Less than a third of its life is left. */
  #endsSoon({ notBeforeMs, notAfterMs }: CertificateFacts): boolean {
    return notAfterMs - this.#options.wallNow() < (notAfterMs - notBeforeMs) / 3;
  }

  /** Makes the certificate of `proposeRenewal` this client's own. @throws AiocError AIOC_CERTIFICATES */
  adoptRenewal(): Promise<void> {
    return this.#change(async () => {
      if ((await this.#proposed()) === undefined) return;
      const { random } = this.#options;
      await replaceDurably(this.#accepted, '', { mode: PRIVATE_MODE, random });
      await this.#replaceOwn();
    });
  }

  /** Completes what a crash has left of `adoptRenewal`. */
  async #completeRenewal(): Promise<void> {
    if (!(await exists(this.#accepted))) return;
    await this.#change(async () => {
      if (await exists(this.#accepted)) await this.#replaceOwn();
    });
  }

  /** Key and certificate cannot be replaced at once; the mark says that both are to be. */
  async #replaceOwn(): Promise<void> {
    const own = this.#own(this.#options.name);
    const proposal = this.#proposal();
    if (await exists(proposal.key)) await rename(proposal.key, own.key);
    if (await exists(proposal.certificate)) await rename(proposal.certificate, own.certificate);
    await syncDirectory(this.#places.own);
    await rm(this.#accepted, { force: true });
  }

  get #accepted(): string {
    return `${this.#proposal().certificate}${ACCEPTED_SUFFIX}`;
  }

  /** Returns to the default certificate. @returns false if this client had none of its own */
  remove(): Promise<boolean> {
    return this.#change(async () => {
      const own = this.#own(this.#options.name);
      const had = await exists(own.certificate);
      // The certificate first: clients, including Python's, use their own if it exists.
      const proposal = this.#proposal();
      for (const path of [this.#accepted, own.certificate, own.key, proposal.certificate, proposal.key])
        await rm(path, { force: true });
      if (had) await syncDirectory(this.#places.own);
      return had;
    });
  }

  async #checkNone(): Promise<void> {
    if (!(await exists(this.#places.own)))
      throw certificatesError(`${this.#places.own} is missing. ${this.#howToGetOne()}`);
    if (!(await exists(this.#own(this.#options.name).certificate))) return;
    throw new AiocError(
      'AIOC_CERTIFICATE_EXISTS',
      `${this.#options.name} already has its own certificate; delete_client_certificate on the client returns to the default one`,
    );
  }

  #check(pair: TlsSettings): void {
    const certificate = readCertificate(pair.certificatePem);
    if (!keyBelongs(certificate, pair.privateKeyPem))
      throw new AiocError(
        'AIOC_CERTIFICATE_BAD',
        'the key from the server is damaged or does not belong to the certificate from it',
      );
  }

  /** The key first: clients, including Python's, only check for the certificate. */
  async #write(paths: PairPaths, pair: TlsSettings): Promise<void> {
    const { random } = this.#options;
    await replaceDurably(paths.key, pair.privateKeyPem, { mode: PRIVATE_MODE, random });
    await replaceDurably(paths.certificate, pair.certificatePem, { mode: PUBLIC_MODE, random });
  }

  /** The earlier proposal, if it can still be used. */
  async #proposed(): Promise<Credentials | undefined> {
    const paths = this.#proposal();
    const options = { wallNowMs: this.#options.wallNow(), remedy: '' };
    return readCredentials(paths, options).catch((error: unknown) => {
      if (error instanceof AiocError) return undefined;
      throw error;
    });
  }

  #own(name: string): PairPaths {
    return { certificate: join(this.#places.own, `${name}.pem`), key: join(this.#places.own, `${name}.key`) };
  }

  #proposal(): PairPaths {
    const stem = join(this.#places.own, PROPOSED, this.#options.name);
    return { certificate: `${stem}.pem`, key: `${stem}.key` };
  }

  #howToGetOne(): string {
    return `${HOW_TO_JOIN}. Or copy certificates/client from the server's machine to ${this.#places.root}; to create it there, run: aioc create_certificates DIR`;
  }

  #change<T>(action: () => Promise<T>): Promise<T> {
    const { name, clock = realClock() } = this.#options;
    return this.#turn(async () => {
      if (!(await exists(this.#places.own))) return action();
      return withFileLock({ path: join(this.#places.own, `.${name}.lock`), clock }, action);
    });
  }

  #turn<T>(action: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => inDirectory(this.#places, action));
  }
}

interface PairPaths {
  readonly certificate: string;
  readonly key: string;
}

const HOW_TO_JOIN =
  'Ask the operator of the server for an invitation (aioc invite), and run here: aioc join CODE';

function howToStartAfresh(name: string): string {
  return `Restore it from a backup, or start again: delete_client_certificate for ${name} on the server, and on this client`;
}
