import { link, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import type { Randomness } from '../base/ports.ts';
import { type CertificateFacts, readCertificate } from './certificate-facts.ts';
import { addLink, linksOfName, removeLink } from './certificate-links.ts';
import { readMap, writeMap } from './certificate-map.ts';
import { type CertificatePlaces, isDefaultName } from './certificate-places.ts';
import { PUBLIC_MODE, replaceDurably, syncDirectory, UNFINISHED_PREFIX } from './small-files.ts';
import { readStored, readStoredCertificate } from './stored-certificates.ts';

/** What was begun is noted in a file of this name until it is done, so that a crash in between can be put right. */
const ADDING_PREFIX = '.adding-';
const REMOVING_PREFIX = '.removing-';
const ONLY_THE_LINK = 'link';
const EVERYTHING = 'everything';

/**
 * The three places that together make a client known: its certificate's file, the map, and the link. A client is
 * trusted only when it is in all of them, so a half-made or half-removed one never is. The caller sees to it that only
 * one of these functions runs at a time.
 */
export class ClientRegister {
  readonly #places: CertificatePlaces;
  readonly #random: Randomness;

  constructor(places: CertificatePlaces, random: Randomness) {
    this.#places = places;
    this.#random = random;
  }

  certificatePath(name: string): string {
    return join(this.#places.clients, `${name}.pem`);
  }

  /** `default`, `default1` …: Python's rule is that the file alone makes a name one of these. */
  async defaultNames(): Promise<string[]> {
    const files = await readdir(this.#places.clients);
    return files
      .filter((file) => file.endsWith('.pem'))
      .map((file) => file.slice(0, -'.pem'.length))
      .filter(isDefaultName);
  }

  /** @throws AiocError AIOC_CERTIFICATE_EXISTS when there is a file of that name; nothing is changed by a failure */
  async add(name: string, facts: CertificateFacts): Promise<void> {
    const note = this.#note(ADDING_PREFIX, name);
    await this.#write(note, facts.pem);
    try {
      await link(note, this.certificatePath(name));
      const map = await readMap(this.#places.map);
      await writeMap(this.#places.map, map.set(name, facts.serial), this.#random);
      await addLink(this.#places.links, facts.subjectHash, name);
    } catch (error) {
      await this.#undoAdding(name, facts);
      if (systemCode(error) !== 'EEXIST') throw error;
      throw certificateExists(name);
    }
    await this.#done(note);
  }

  /**
   * Removes the link first, which ends the trust, then the entry in the map and, unless `onlySymlink`, the files.
   *
   * @returns false when there was nothing to remove
   */
  async remove(name: string, onlySymlink: boolean): Promise<boolean> {
    const known = (await readMap(this.#places.map)).has(name);
    const links = await linksOfName(this.#places.links, name);
    const file = onlySymlink ? undefined : await readStored(this.certificatePath(name));
    if (!known && links.length === 0 && file === undefined) return false;
    const note = this.#note(REMOVING_PREFIX, name);
    await this.#write(note, onlySymlink ? ONLY_THE_LINK : EVERYTHING);
    await this.#strike(name);
    if (!onlySymlink) await this.#removeFiles(name);
    await this.#done(note);
    return true;
  }

  /** Finishes or takes back what a crash interrupted. @returns one sentence for each, for the log */
  async repair(): Promise<string[]> {
    const repaired: string[] = [];
    for (const file of await readdir(this.#places.clients)) {
      const path = join(this.#places.clients, file);
      if (file.startsWith(UNFINISHED_PREFIX)) await unlink(path);
      if (file.startsWith(ADDING_PREFIX)) {
        const name = file.slice(ADDING_PREFIX.length);
        await this.#undoAdding(name, readCertificate((await readStored(path)) ?? ''));
        repaired.push(`the certificate of ${name} had been made only half, and was taken back`);
      }
      if (file.startsWith(REMOVING_PREFIX)) {
        const name = file.slice(REMOVING_PREFIX.length);
        await this.#strike(name);
        if ((await readStored(path)) !== ONLY_THE_LINK) await this.#removeFiles(name);
        await this.#done(path);
        repaired.push(`the certificate of ${name} had been removed only half, and is gone now`);
      }
    }
    return repaired;
  }

  /** Takes back what `add` has done so far, and only that: what is not of this certificate is left alone. */
  async #undoAdding(name: string, facts: CertificateFacts): Promise<void> {
    const path = this.certificatePath(name);
    const stored = await readStoredCertificate(path);
    if (stored?.fingerprint === facts.fingerprint) {
      await this.#strike(name);
      await rm(path, { force: true });
    }
    await this.#done(this.#note(ADDING_PREFIX, name));
  }

  async #strike(name: string): Promise<void> {
    for (const found of await linksOfName(this.#places.links, name)) {
      await removeLink(this.#places.links, found);
    }
    const map = await readMap(this.#places.map);
    if (map.delete(name)) await writeMap(this.#places.map, map, this.#random);
  }

  async #removeFiles(name: string): Promise<void> {
    await rm(this.certificatePath(name), { force: true });
    // Python keeps each client's private key, although it needs it only once. We never do.
    await rm(join(this.#places.clients, `${name}.key`), { force: true });
    await syncDirectory(this.#places.clients);
  }

  #note(prefix: string, name: string): string {
    return join(this.#places.clients, `${prefix}${name}`);
  }

  #write(note: string, text: string): Promise<void> {
    return replaceDurably(note, text, { mode: PUBLIC_MODE, random: this.#random });
  }

  async #done(note: string): Promise<void> {
    await rm(note, { force: true });
    await syncDirectory(this.#places.clients);
  }
}

export function certificateExists(name: string): AiocError {
  return new AiocError(
    'AIOC_CERTIFICATE_EXISTS',
    `${name} has a certificate already. To make a new one, first delete it on the server: delete_client_certificate ${name}`,
  );
}
