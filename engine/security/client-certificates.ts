import { link, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_MODE, PUBLIC_MODE, replaceDurably, syncDirectory } from '../base/atomic-file.ts';
import { AiocError } from '../base/errors.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness, TlsSettings } from '../base/ports.ts';
import { exists } from '../base/read-small-file.ts';
import { realClock } from '../base/real-ports.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { checkClientName } from '../protocol/names.ts';
import { keyBelongs, readCertificate } from './certificate-facts.ts';
import {
  type CertificatePaths,
  certificatePaths,
  certificatesError,
  DEFAULT_NAME,
  inDirectory,
} from './certificate-paths.ts';
import { makeDirectoryCertificate } from './directory-certificates.ts';
import { pinnedCertificates } from './pinned-server.ts';
import { type Credentials, readCredentials, readStored } from './stored-certificates.ts';

export interface ClientCertificatesOptions {
  /** certificates_directory_path */
  readonly directory: string;
  /** client_name */
  readonly name: string;
  readonly random: Randomness;
  wallNow(): number;
  /** For the waiting for other connectors of the same name; the machine's own otherwise. */
  readonly clock?: Clock;
}

export interface ClientCredentials extends Credentials {
  /** True while this client has none of its own: it can then only ask for one. */
  readonly isDefault: boolean;
  /** The server's certificate as it lies there, which may be several. */
  readonly serverCertificatePem: string;
  /** SHA-256 of each certificate that the server may show. */
  readonly serverFingerprints: readonly string[];
}

/** What a client has made for itself and the server has not accepted yet lies here, out of Python's sight. */
const PROPOSED = '.proposed';

/**
 * One client's half of a certificates directory (PROTOCOL §5), Python's or ours. Several connectors may have the same
 * name in the same directory, each for another server of a mesh: they have one certificate, and take turns here.
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
   * What this client shows to the server, its own certificate or else the default one, and what it wants to see.
   *
   * @param options `onAnyDay`: says nothing of certificates that are not valid now, since the clock may be wrong
   * @throws AiocError AIOC_CERTIFICATES
   */
  load({ onAnyDay = false }: { readonly onAnyDay?: boolean } = {}): Promise<ClientCredentials> {
    return this.#turn(async () => {
      const { name, wallNow } = this.#options;
      const isDefault = !(await exists(this.#own(name).certificate));
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
   * Keeps the certificate and key that a server has made for this client (Python's way), whatever the clock says: the
   * server gives them once.
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
   * A key pair and certificate that this client makes itself, to send the certificate to an aioc server and call
   * `adopt` when it has accepted. Until then every call gives the same one, also after a restart: an answer that was lost
   * would else shut this client out for good.
   *
   * @throws AiocError AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATES
   */
  propose(): Promise<Credentials> {
    return this.#change(async () => {
      await this.#checkNone();
      const { random, wallNow, name } = this.#options;
      const earlier = await this.#proposed();
      if (earlier !== undefined) return earlier;
      const made = await makeDirectoryCertificate(name, { random, wallNowMs: wallNow() });
      await mkdir(join(this.#places.own, PROPOSED), { recursive: true, mode: 0o700 });
      await this.#write(this.#proposal(), made);
      return readCredentials(this.#proposal(), { wallNowMs: wallNow(), remedy: howToStartAfresh(name) });
    });
  }

  /**
   * What was proposed is this client's own certificate from now on. A connector of the same name may have been quicker;
   * then it is so already.
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
      // Whatever of it a crash leaves undone, the proposal is whole until the certificate is in its place.
      await rm(own.key, { force: true });
      await link(proposal.key, own.key);
      await rename(proposal.certificate, own.certificate);
      await rm(proposal.key, { force: true });
      await syncDirectory(this.#places.own);
    });
  }

  /** Back to the default certificate. @returns false when this client had none of its own */
  remove(): Promise<boolean> {
    return this.#change(async () => {
      const own = this.#own(this.#options.name);
      const had = await exists(own.certificate);
      // The certificate first: it is what makes a client, Python's too, use its own.
      for (const path of [own.certificate, own.key, this.#proposal().certificate, this.#proposal().key])
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
      `${this.#options.name} has a certificate of its own already; delete_client_certificate on the client goes back to the default one`,
    );
  }

  #check(pair: TlsSettings): void {
    const context = readCertificate(pair.certificatePem);
    if (!keyBelongs(context, pair.privateKeyPem))
      throw new AiocError(
        'AIOC_CERTIFICATE_BAD',
        'the key from the server is damaged or does not belong to the certificate from it',
      );
  }

  /** The key first: a client, Python's too, looks for the certificate only. */
  async #write(paths: PairPaths, pair: TlsSettings): Promise<void> {
    const { random } = this.#options;
    await replaceDurably(paths.key, pair.privateKeyPem, { mode: PRIVATE_MODE, random });
    await replaceDurably(paths.certificate, pair.certificatePem, { mode: PUBLIC_MODE, random });
  }

  /** An earlier proposal, unless it is of no use any more. */
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
    return `Copy certificates/client from the server's machine to ${this.#places.root}; there it is made by: aioc create_certificates DIR`;
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

function howToStartAfresh(name: string): string {
  return `Restore it from a backup, or start afresh: delete_client_certificate for ${name} on the server, and on this client`;
}
