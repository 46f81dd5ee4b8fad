import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import stableStringify from 'fast-json-stable-stringify';
import { PRIVATE_MODE, replaceDurably } from '../base/atomic-file.ts';
import { LIMITS } from '../base/limits.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';

/** The format of the file. A newer one is left alone and not used. */
const FORMAT = 1;

export interface KnownPeersOptions {
  /** Where it is kept over restarts, together with what the other connectors of this user know. */
  readonly file: string;
  /** Which connector this is, in one word. */
  readonly owner: string;
  readonly random: Randomness;
  readonly clock: Clock;
}

/**
 * The identities that have shown themselves as aioc (engine/peers/PROTOCOL.md, “The probe”), over restarts too. It only ever says how long to wait
 * for an answer and never whom to trust, so a file that is missing, damaged, old or of another machine does no harm:
 * who is not in it is taken for Python by its silence, and who is in it and is Python now says so when it is asked.
 */
export class KnownPeers {
  readonly #options: KnownPeersOptions;
  /** The longest unseen first. */
  readonly #identities = new Set<string>();
  /** What the file does not have yet: true to be added, false to be taken out. */
  readonly #changes = new Map<string, boolean>();
  #loaded = false;
  #saving: Promise<void> | undefined;

  constructor(options: KnownPeersOptions) {
    this.#options = options;
  }

  has(identity: string): boolean {
    return this.#identities.has(identity);
  }

  add(identity: string): void {
    const known = this.#identities.delete(identity);
    this.#identities.add(identity);
    // Its place among the others is worth no writing.
    if (known) return;
    const [longestUnseen] = this.#identities;
    if (this.#identities.size > LIMITS.peersRemembered && longestUnseen !== undefined)
      this.#identities.delete(longestUnseen);
    this.#save(identity, true);
  }

  delete(identity: string): void {
    if (this.#identities.delete(identity)) this.#save(identity, false);
  }

  /** Reads the file, once; from then on the memory is newer than it. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    const prefix = `${this.#options.owner} `;
    const entries = (await this.#read().catch(() => undefined)) ?? [];
    for (const entry of entries)
      if (entry.startsWith(prefix)) this.#identities.add(entry.slice(prefix.length));
  }

  /** Resolves when the file is as the memory is, or cannot be made so. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  /** One writing at a time, however many clients come at once. */
  #save(identity: string, added: boolean): void {
    this.#changes.set(identity, added);
    this.#saving ??= this.#write()
      // The next run has to learn it again.
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
    }
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

  /** The entries of all connectors, the oldest first; undefined for a file that is none of ours to change. */
  async #read(): Promise<string[] | undefined> {
    const file = await readSmallFile(this.#options.file, LIMITS.knownPeersBytes);
    if (file === undefined || file === 'too-large') return [];
    const { format, known_as_aioc: entries } = contentsOf(file.text);
    if (typeof format === 'number' && format > FORMAT) return undefined;
    return Array.isArray(entries) ? entries.filter((entry) => typeof entry === 'string') : [];
  }
}

/** What is damaged is begun anew. */
function contentsOf(text: string): { readonly format?: unknown; readonly known_as_aioc?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}
