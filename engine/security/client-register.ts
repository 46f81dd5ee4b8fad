import { link, mkdir, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PUBLIC_MODE, replaceDurably, syncDirectory, UNFINISHED_PREFIX } from '../base/atomic-file.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { type FileLock, withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { addLink, linksOfName, removeLink } from './certificate-links.ts';
import {
  type CertificateMap,
  changeMap,
  checkMapOnce,
  isWrittenByPython,
  type MapFile,
  readMap,
} from './certificate-map.ts';
import { type CertificatePaths, isDefaultName } from './certificate-paths.ts';
import { storedAt } from './link-checks.ts';
import { readStored, readStoredCertificate } from './stored-certificates.ts';

/** Hold it whenever you write a file in the directory of clients: a repair removes files that look unfinished. */
export function directoryLock({ clients }: CertificatePaths, clock: Clock): FileLock {
  return { path: join(clients, '.lock'), clock };
}

/** Prefix of a file that exists during a change, so that the next start can repair it after a crash. */
const ADDING_PREFIX = '.adding-';
const REMOVING_PREFIX = '.removing-';
const REPLACING_PREFIX = '.replacing-';
/** The directory of certificates that clients have made to replace their own, and have not connected with. */
const RENEWALS = '.renewals';
const ONLY_THE_LINK = 'link';
const EVERYTHING = 'everything';

/**
 * The three places that make a client known: its certificate file, the map, and the link. A client is trusted only if
 * it is in all of them, so one that is half added or half removed is never trusted. Several servers may share the
 * directory: make every change inside `alone`.
 */
export class ClientRegister {
  readonly #places: CertificatePaths;
  readonly #random: Randomness;
  readonly #map: MapFile;

  constructor(
    places: CertificatePaths,
    { random, clock }: { readonly random: Randomness; readonly clock: Clock },
  ) {
    this.#places = places;
    this.#random = random;
    this.#map = { path: places.map, random, clock };
  }

  /** Runs `action` while no other aioc server changes the directory. */
  alone<T>(action: () => Promise<T>): Promise<T> {
    return withFileLock(directoryLock(this.#places, this.#map.clock), action);
  }

  /** The current map of names to certificates. @throws AiocError AIOC_CERTIFICATES */
  map(): Promise<CertificateMap> {
    return readMap(this.#map);
  }

  /** The same, and checks for a name that was entered twice by hand, which takes longer. */
  async mapAtStart(): Promise<CertificateMap> {
    const map = await readMap(this.#map);
    await checkMapOnce(this.#map);
    return map;
  }

  certificatePath(name: string): string {
    return join(this.#places.clients, `${name}.pem`);
  }

  /** `default`, `default1` …: as in Python, the file alone makes a name one of these. */
  async defaultNames(): Promise<string[]> {
    const files = await readdir(this.#places.clients);
    return files
      .filter((file) => file.endsWith('.pem'))
      .map((file) => file.slice(0, -'.pem'.length))
      .filter(isDefaultName);
  }

  /** @throws AiocError AIOC_CERTIFICATE_EXISTS if there is a file of that name; a failure changes nothing */
  async add(name: string, certificate: CertificateFacts): Promise<void> {
    const note = this.#note(ADDING_PREFIX, name);
    await this.#write(note, certificate.pem);
    try {
      await link(note, this.certificatePath(name));
      await changeMap(this.#map, (map) => map.set(name, certificate.serial) === map);
      await addLink(this.#places.links, certificate.subjectHash, name);
    } catch (error) {
      await this.#undoAdding(name, certificate);
      if (systemCode(error) !== 'EEXIST') throw error;
      throw certificateExists(name);
    }
    await this.#done(note);
  }

  /**
   * Restores a name in the map that a Python server of the same directory has removed. Such a server writes the map
   * from memory, without what others added since its start. This is done only if Python wrote the map last and the
   * certificate is acceptable. The caller has checked the link and the file.
   *
   * @returns whether the map has the name now
   */
  async putBack(name: string, certificate: CertificateFacts): Promise<boolean> {
    if (!(await isWrittenByPython(this.#map))) return false;
    let known = false;
    await changeMap(this.#map, (map) => {
      known = map.has(name);
      if (known || [...map.values()].includes(certificate.serial)) return false;
      map.set(name, certificate.serial);
      known = true;
      return true;
    });
    return known;
  }

  /**
   * Replaces a name's certificate. At every moment one of the two is trusted: the link to the new one is added first, and
   * takes effect with the file. A crash is completed by `repair`.
   */
  async replace(name: string, certificate: CertificateFacts): Promise<void> {
    const note = this.#note(REPLACING_PREFIX, name);
    await this.#write(note, certificate.pem);
    await this.#finishReplacing(name, certificate);
  }

  async #finishReplacing(name: string, certificate: CertificateFacts): Promise<void> {
    const { links } = this.#places;
    const { subjectHash, serial } = certificate;
    const hashes = (await linksOfName(links, name)).map(({ hash }) => hash);
    if (!hashes.includes(subjectHash)) await addLink(links, subjectHash, name);
    await this.#write(this.certificatePath(name), certificate.pem);
    await changeMap(this.#map, (map) => map.get(name) !== serial && map.set(name, serial) === map);
    for (const found of await linksOfName(links, name))
      if (found.hash !== subjectHash) await removeLink(links, found);
    // Python keeps each client's private key; that of the former certificate is of no use.
    await rm(join(this.#places.clients, `${name}.key`), { force: true });
    await this.#removeRenewal(name);
    await this.#done(this.#note(REPLACING_PREFIX, name));
  }

  /** Keeps the certificate that shall replace a name's own once it has connected; an earlier one is forgotten. */
  async addRenewal(name: string, certificate: CertificateFacts): Promise<void> {
    await mkdir(join(this.#places.clients, RENEWALS), { recursive: true, mode: 0o700 });
    await this.#write(this.#renewalPath(name), certificate.pem);
  }

  /** The certificate that shall replace a name's own. */
  async renewalOf(name: string): Promise<CertificateFacts | undefined> {
    return storedAt(this.#renewalPath(name));
  }

  async #removeRenewal(name: string): Promise<void> {
    await rm(this.#renewalPath(name), { force: true });
  }

  #renewalPath(name: string): string {
    return join(this.#places.clients, RENEWALS, `${name}.pem`);
  }

  /**
   * Removes the link first, which ends the trust, then the entry in the map and, unless `onlySymlink`, the files.
   *
   * @returns false if there was nothing to remove
   */
  async remove(name: string, onlySymlink: boolean): Promise<boolean> {
    if (!(await this.#hasAny(name, onlySymlink))) return false;
    const note = this.#note(REMOVING_PREFIX, name);
    await this.#write(note, onlySymlink ? ONLY_THE_LINK : EVERYTHING);
    await rm(this.#note(REPLACING_PREFIX, name), { force: true });
    await this.#removeRenewal(name);
    await this.#strike(name);
    if (!onlySymlink) await this.#removeFiles(name);
    await this.#done(note);
    return true;
  }

  async #hasAny(name: string, onlySymlink: boolean): Promise<boolean> {
    if ((await this.map()).has(name)) return true;
    if (!onlySymlink && (await readStored(this.certificatePath(name))) !== undefined) return true;
    return (await linksOfName(this.#places.links, name)).length > 0;
  }

  /** Whether a crash may have left a change unfinished, or another server is making one. */
  async isUnfinished(): Promise<boolean> {
    const begun = [ADDING_PREFIX, REMOVING_PREFIX, REPLACING_PREFIX, UNFINISHED_PREFIX];
    const files = await readdir(this.#places.clients);
    return files.some((file) => begun.some((prefix) => file.startsWith(prefix)));
  }

  /** Completes or reverts changes that a crash interrupted. @returns one sentence for each, for the log */
  async repair(): Promise<string[]> {
    const repaired: string[] = [];
    for (const file of await readdir(this.#places.clients)) {
      const path = join(this.#places.clients, file);
      if (file.startsWith(UNFINISHED_PREFIX)) await unlink(path);
      if (file.startsWith(ADDING_PREFIX)) {
        const name = file.slice(ADDING_PREFIX.length);
        await this.#undoAdding(name, readCertificate((await readStored(path)) ?? ''));
        repaired.push(`the certificate of ${name} was only half created, and was removed`);
      }
      if (file.startsWith(REPLACING_PREFIX)) {
        const name = file.slice(REPLACING_PREFIX.length);
        await this.#finishReplacing(name, readCertificate((await readStored(path)) ?? ''));
        repaired.push(`the certificate of ${name} was only half replaced, and is replaced now`);
      }
      if (file.startsWith(REMOVING_PREFIX)) {
        const name = file.slice(REMOVING_PREFIX.length);
        await this.#strike(name);
        if ((await readStored(path)) !== ONLY_THE_LINK) await this.#removeFiles(name);
        await this.#done(path);
        repaired.push(`the certificate of ${name} was only half removed, and is removed now`);
      }
    }
    return repaired;
  }

  /** Reverts what `add` has done so far for this certificate, and nothing else. */
  async #undoAdding(name: string, certificate: CertificateFacts): Promise<void> {
    const path = this.certificatePath(name);
    const stored = await readStoredCertificate(path);
    if (stored?.fingerprint === certificate.fingerprint) {
      await this.#strike(name);
      await rm(path, { force: true });
    }
    await this.#done(this.#note(ADDING_PREFIX, name));
  }

  async #strike(name: string): Promise<void> {
    for (const found of await linksOfName(this.#places.links, name)) {
      await removeLink(this.#places.links, found);
    }
    await changeMap(this.#map, (map) => map.delete(name));
  }

  async #removeFiles(name: string): Promise<void> {
    await rm(this.certificatePath(name), { force: true });
    // Python keeps each client's private key, although it is not needed again. aioc never does.
    await rm(join(this.#places.clients, `${name}.key`), { force: true });
    await syncDirectory(this.#places.clients);
  }

  #note(prefix: string, name: string): string {
    return join(this.#places.clients, `${prefix}${name}`);
  }

  async #write(note: string, text: string): Promise<void> {
    await replaceDurably(note, text, { mode: PUBLIC_MODE, random: this.#random });
  }

  async #done(note: string): Promise<void> {
    await rm(note, { force: true });
    await syncDirectory(this.#places.clients);
  }
}

export function certificateExists(name: string): AiocError {
  return new AiocError(
    'AIOC_CERTIFICATE_EXISTS',
    `${name} already has a certificate. To create a new one, first delete it on the server: delete_client_certificate ${name}`,
  );
}
