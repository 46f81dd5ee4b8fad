import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import stableStringify from 'fast-json-stable-stringify';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { PRIVATE_MODE, readSmallFile, replaceDurably } from '../security/small-files.ts';

/** The format of the file. A newer one is left alone and not used. */
const FORMAT = 1;

export interface KnownAiocOptions {
  /** Where it is kept over restarts. */
  readonly file: string;
  readonly random: Randomness;
}

/**
 * The identities that have shown themselves as aioc (DESIGN §3), over restarts too. It only ever says how long to wait
 * for an answer and never whom to trust, so a file that is missing, damaged, old or of another machine does no harm:
 * who is not in it is taken for Python by its silence, and who is in it and is Python now says so when it is asked.
 */
export class KnownAioc {
  readonly #options: KnownAiocOptions;
  /** The longest unseen first. */
  readonly #identities = new Set<string>();
  #isNewer = false;
  #loaded = false;
  #changed = false;
  #saving: Promise<void> | undefined;

  constructor(options: KnownAiocOptions) {
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
    this.#save();
  }

  delete(identity: string): void {
    if (this.#identities.delete(identity)) this.#save();
  }

  /** Reads the file, once; from then on the memory is newer than it. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    try {
      const file = await readSmallFile(this.#options.file, LIMITS.knownAiocBytes);
      if (file === undefined || file === 'too-large') return;
      const { format, known_as_aioc: identities } = JSON.parse(file.text) as Partial<Contents>;
      this.#isNewer = typeof format === 'number' && format > FORMAT;
      if (this.#isNewer || !Array.isArray(identities)) return;
      for (const identity of identities.slice(-LIMITS.peersRemembered))
        if (typeof identity === 'string') this.#identities.add(identity);
    } catch {
      // It is learned anew.
    }
  }

  /** Resolves when the file is as the memory is, or cannot be made so. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  /** One writing at a time, however many clients come at once. */
  #save(): void {
    this.#changed = true;
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
  }

  async #write(): Promise<void> {
    const { file, random } = this.#options;
    while (this.#changed && !this.#isNewer) {
      this.#changed = false;
      const contents: Contents = { format: FORMAT, known_as_aioc: [...this.#identities] };
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await replaceDurably(file, stableStringify(contents), { mode: PRIVATE_MODE, random });
      } catch {
        // The next run has to learn it again.
      }
    }
  }
}

interface Contents {
  readonly format: number;
  readonly known_as_aioc: readonly string[];
}
