import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import stableStringify from 'fast-json-stable-stringify';
import { PRIVATE_MODE, replaceDurably } from '../base/atomic-file.ts';
import { LIMITS } from '../base/limits.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';

/** The format of the file. A file of a newer format is neither read nor changed. */
const FORMAT = 1;

export interface KnownPeersOptions {
  /** The file, shared with the other connectors of this user. */
  readonly file: string;
  /** A short identifier of this connector. */
  readonly owner: string;
  readonly random: Randomness;
  readonly clock: Clock;
}

/**
 * The identities of peers that have identified themselves as aioc (engine/peers/PROTOCOL.md, “The probe”), kept across
 * restarts. It only decides how long to wait for an answer, never whether to trust a peer, so a missing, damaged,
 * outdated or copied file does no harm: an unlisted peer that stays silent counts as Python, and a listed peer that has
 * become Python says so when it is probed.
 */
export class KnownPeers {
  readonly #options: KnownPeersOptions;
  /** Least recently seen first. */
  readonly #identities = new Set<string>();
  /** Changes not yet in the file: true to add, false to remove. */
  readonly #changes = new Map<string, boolean>();
  #loaded = false;
  #saving: Promise<void> | undefined;
  /** Somebody waits until the file is written: no pauses. */
  #isUrgent = false;
  #endPause: () => void = () => undefined;

  constructor(options: KnownPeersOptions) {
    this.#options = options;
  }

  has(identity: string): boolean {
    return this.#identities.has(identity);
  }

  add(identity: string): void {
    const known = this.#identities.delete(identity);
    this.#identities.add(identity);
    // A new position in the order alone is not written.
    if (known) return;
    const [longestUnseen] = this.#identities;
    if (this.#identities.size > LIMITS.peersRemembered && longestUnseen !== undefined)
      this.#identities.delete(longestUnseen);
    this.#save(identity, true);
  }

  delete(identity: string): void {
    if (this.#identities.delete(identity)) this.#save(identity, false);
  }

  /** Reads the file, once; after that, memory is newer than the file. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    const prefix = `${this.#options.owner} `;
    const entries = (await this.#read().catch(() => undefined)) ?? [];
    for (const entry of entries)
      if (entry.startsWith(prefix)) this.#identities.add(entry.slice(prefix.length));
  }

  /** Resolves when the file matches memory, or cannot be written. */
  async saved(): Promise<void> {
    this.#isUrgent = true;
    this.#endPause();
    await this.#saving;
    this.#isUrgent = false;
  }

  /** One write at a time, and a pause after each, however many clients connect: each writes the whole file. */
  #save(identity: string, added: boolean): void {
    this.#changes.set(identity, added);
    this.#saving ??= this.#write()
      // The next run learns it again.
      .catch(() => this.#changes.clear())
      .finally(() => {
        this.#saving = undefined;
      });
  }

  async #write(): Promise<void> {
    const { file, clock } = this.#options;
    while (this.#changes.size > 0) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await withFileLock({ path: `${file}.lock`, clock }, () => this.#change());
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    const { clock } = this.#options;
    if (this.#isUrgent) return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(LIMITS.knownPeersPauseMs, resolve);
      this.#endPause = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #change(): Promise<void> {
    const { file, owner, random } = this.#options;
    const before = await this.#read();
    const entries = new Set(before ?? []);
    const changes = [...this.#changes];
    this.#changes.clear();
    if (before === undefined) return;
    for (const [identity, added] of changes) {
      entries.delete(`${owner} ${identity}`);
      if (added) entries.add(`${owner} ${identity}`);
    }
    const newest = [...entries].slice(-LIMITS.peersRemembered);
    const text = stableStringify({ format: FORMAT, known_as_aioc: newest });
    await replaceDurably(file, text, { mode: PRIVATE_MODE, random });
  }

  /** The entries of all connectors, oldest first; undefined if this version must not change the file. */
  async #read(): Promise<string[] | undefined> {
    const file = await readSmallFile(this.#options.file, LIMITS.knownPeersBytes);
    if (file === undefined || file === 'too-large') return [];
    const { format, known_as_aioc: entries } = contentsOf(file.text);
    if (typeof format === 'number' && format > FORMAT) return undefined;
    return Array.isArray(entries) ? entries.filter((entry) => typeof entry === 'string') : [];
  }
}

/** A damaged file counts as empty. */
function contentsOf(text: string): { readonly format?: unknown; readonly known_as_aioc?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}
