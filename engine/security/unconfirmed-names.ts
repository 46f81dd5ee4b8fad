import { mkdir, readdir, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE_MODE, replaceDurably, syncDirectory } from '../base/atomic-file.ts';
import { systemCode } from '../base/errors.ts';
import { FairPlaces } from '../base/fair-places.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';
import type { CertificatePaths } from './certificate-paths.ts';

/** A name whose certificate has never connected. */
export interface UnconfirmedName {
  readonly name: string;
  /** The address that requested it. */
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface UnconfirmedNamesOptions {
  readonly places: CertificatePaths;
  readonly random: Randomness;
  /** Maximum number of names; default: LIMITS.unconfirmedCertificates. */
  readonly maxNames?: number | undefined;
}

/**
 * Names whose certificates have never connected: the client may have missed the answer, or somebody with the shared
 * default certificate has made the name up. One file for each, beside the certificates; Python ignores it. Call all but
 * `confirm` while no other server changes the directory.
 */
export class UnconfirmedNames {
  readonly #directory: string;
  readonly #random: Randomness;
  readonly #maxNames: number;
  /** What was read of the files, to choose the one that must go. */
  #known = new Map<string, UnconfirmedName>();

  constructor({ places, random, maxNames = LIMITS.unconfirmedCertificates }: UnconfirmedNamesOptions) {
    this.#directory = join(places.clients, '.unconfirmed');
    this.#random = random;
    this.#maxNames = maxNames;
  }

  /** undefined for every other name. */
  async of(name: string): Promise<UnconfirmedName | undefined> {
    const file = await readSmallFile(join(this.#directory, name), LIMITS.identityFileBytes);
    if (file === undefined) return undefined;
    const { address, sinceMs } = contentOf(file === 'too-large' ? '' : file.text);
    return { name, address, sinceMs };
  }

  async add({ name, address, sinceMs }: UnconfirmedName): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    this.#known.set(name, { name, address, sinceMs });
    const text = `${JSON.stringify({ address, since_ms: sinceMs })}\n`;
    await replaceDurably(join(this.#directory, name), text, { mode: PRIVATE_MODE, random: this.#random });
  }

  /** Its certificate has connected, or is gone. Costs one call of the system for a name that is confirmed. */
  async confirm(name: string): Promise<void> {
    try {
      await unlink(join(this.#directory, name));
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EROFS', 'EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return;
      throw error;
    }
    await syncDirectory(this.#directory);
  }

  async names(): Promise<string[]> {
    try {
      return (await readdir(this.#directory)).filter((file) => !file.startsWith('.'));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** Forgets names that have no certificate any more. @returns the others */
  async prune(isThere: (name: string) => boolean): Promise<string[]> {
    const kept: string[] = [];
    for (const name of await this.names()) {
      if (isThere(name)) kept.push(name);
      else await rm(join(this.#directory, name), { force: true });
    }
    return kept;
  }

  /** Another server of the directory may change an entry; then this one only chooses by what it was. */
  async #entries(names: readonly string[]): Promise<UnconfirmedName[]> {
    const entries: UnconfirmedName[] = [];
    for (const name of names)
      entries.push(this.#known.get(name) ?? (await this.of(name)) ?? { name, address: '', sinceMs: 0 });
    this.#known = new Map(entries.map((entry) => [entry.name, entry]));
    return entries;
  }

  /** The name that must go so that another one has a place: the oldest of the address that has the most. */
  async surplus(names: readonly string[], address: string): Promise<string | undefined> {
    if (names.length < this.#maxNames) return undefined;
    const entries = await this.#entries(names);
    entries.sort((one, other) => one.sinceMs - other.sinceMs);
    const places = new FairPlaces<string>({ places: Number.POSITIVE_INFINITY });
    for (const entry of entries) places.add(entry.name, entry);
    const requested = '';
    places.add(requested, { address });
    return places.heaviest((name) => name !== requested);
  }
}

function contentOf(text: string): { readonly address: string; readonly sinceMs: number } {
  try {
    const { address, since_ms: sinceMs } = JSON.parse(text) as Record<string, unknown>;
    if (typeof address === 'string' && typeof sinceMs === 'number') return { address, sinceMs };
  } catch {
    // A file that a crash or a user damaged: the name may be requested again.
  }
  return { address: '', sinceMs: 0 };
}
