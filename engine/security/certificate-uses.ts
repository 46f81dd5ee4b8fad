import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { PRIVATE_MODE, replaceDurably } from '../base/atomic-file.ts';
import { toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness, Timer } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';
import type { CertificatePaths } from './certificate-paths.ts';

export interface CertificateUsesOptions {
  readonly places: CertificatePaths;
  readonly random: Randomness;
  readonly clock: Clock;
  /** The names that have certificates: the others are forgotten. */
  readonly names: () => Promise<ReadonlySet<string>>;
  /** The file cannot be written: a sentence for the log, once until it can. */
  readonly onTrouble?: (text: string) => void;
}

/** When a client was last connected with a certificate. */
export interface CertificateUse {
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

const FILE = z.object({
  version: z.literal(1),
  uses: z.array(z.object({ name: z.string(), sha256: z.string(), last_ms: z.number() })),
});

/**
 * When each client was last connected with its certificate, kept in a file of the certificates directory that Python
 * ignores. It decides nothing, so it is written rarely: at most once in LIMITS.certificateUsesPauseMs however many
 * clients connect, once in LIMITS.certificateUsesRefreshMs while they stay connected, and at the end. A crash therefore
 * loses the last minute, or makes a long connection seem up to an hour shorter.
 *
 * A certificate that is not in the file may have been used before aioc wrote one, or at a Python server of the same
 * directory: nothing is known about it.
 */
export class CertificateUses {
  readonly #options: CertificateUsesOptions;
  readonly #directory: string;
  readonly #path: string;
  /** Fingerprints of the clients that are connected now. */
  readonly #connected = new Map<string, string>();
  /** Not yet in the file. */
  readonly #changes = new Map<string, CertificateUse>();
  #known: ReadonlyMap<string, CertificateUse> = new Map();
  #timer: Timer | undefined;
  /** When the timer fires, by the clock's `now`. */
  #dueMs = Number.POSITIVE_INFINITY;
  #writtenMs = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();
  #isTroubled = false;

  constructor(options: CertificateUsesOptions) {
    this.#options = options;
    this.#directory = join(options.places.clients, '.uses');
    this.#path = join(this.#directory, 'uses.json');
  }

  /** A client has connected with this certificate. */
  connected(name: string, fingerprint: string): void {
    this.#connected.set(name, fingerprint);
    this.#note(name, fingerprint);
  }

  disconnected(name: string): void {
    const fingerprint = this.#connected.get(name);
    if (fingerprint === undefined) return;
    this.#connected.delete(name);
    this.#note(name, fingerprint);
  }

  /** What is known of a name; undefined if nothing is. Its certificate may be another one now. */
  of(name: string): CertificateUse | undefined {
    return this.#changes.get(name) ?? this.#known.get(name);
  }

  /** Reads the file. One that cannot be read, and one of a newer aioc, count as empty. */
  async read(): Promise<ReadonlyMap<string, CertificateUse>> {
    this.#known = (await this.#stored().catch(() => undefined)) ?? new Map();
    return this.#known;
  }

  /** All clients are disconnected: writes what is not in the file yet. */
  async close(): Promise<void> {
    for (const name of [...this.#connected.keys()]) this.disconnected(name);
    this.#stopTimer();
    await this.#write();
  }

  #note(name: string, fingerprint: string): void {
    const { clock } = this.#options;
    this.#changes.set(name, { fingerprint, atMs: clock.wallNow() });
    this.#writeIn(this.#writtenMs + LIMITS.certificateUsesPauseMs - clock.now());
  }

  #writeIn(delayMs: number): void {
    const { clock } = this.#options;
    const dueMs = clock.now() + Math.max(0, delayMs);
    if (dueMs >= this.#dueMs) return;
    this.#stopTimer();
    this.#dueMs = dueMs;
    this.#timer = clock.after(Math.max(0, delayMs), () => this.#onTime());
  }

  #onTime(): void {
    const { clock } = this.#options;
    this.#writtenMs = clock.now();
    for (const [name, fingerprint] of this.#connected)
      this.#changes.set(name, { fingerprint, atMs: clock.wallNow() });
    this.#stopTimer();
    void this.#write();
    if (this.#connected.size > 0) this.#writeIn(LIMITS.certificateUsesRefreshMs);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Never rejects: what cannot be written is tried again with the next use. */
  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#changes.size === 0) return;
      try {
        await this.#change();
        this.#isTroubled = false;
      } catch (error) {
        if (this.#isTroubled) return;
        this.#isTroubled = true;
        const { message } = toAiocError(error, 'AIOC_CERTIFICATES');
        this.#options.onTrouble?.(`when clients were last connected cannot be saved: ${message}`);
      }
    });
    return this.#writing;
  }

  async #change(): Promise<void> {
    const { random, clock, names } = this.#options;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await withFileLock({ path: join(this.#directory, 'lock'), clock }, async () => {
      const stored = await this.#stored();
      // A newer aioc shares the directory.
      if (stored === undefined) return this.#changes.clear();
      const there = await names();
      const written = new Map([...this.#changes]);
      const uses = new Map([...stored, ...written].filter(([name]) => there.has(name)));
      const rows = [...uses].map(([name, use]) => ({ name, sha256: use.fingerprint, last_ms: use.atMs }));
      const text = `${JSON.stringify({ version: 1, uses: rows })}\n`;
      await replaceDurably(this.#path, text, { mode: PRIVATE_MODE, random });
      this.#known = uses;
      for (const [name, use] of written) if (this.#changes.get(name) === use) this.#changes.delete(name);
    });
  }

  /** undefined if a newer aioc has written it. */
  async #stored(): Promise<ReadonlyMap<string, CertificateUse> | undefined> {
    const file = await readSmallFile(this.#path, LIMITS.certificateUsesBytes);
    if (file === undefined || file === 'too-large') return new Map();
    const content = contentOf(file.text);
    const { success, data } = FILE.safeParse(content);
    if (!success) return isNewer(content) ? undefined : new Map();
    return new Map(data.uses.map(({ name, sha256, last_ms: atMs }) => [name, { fingerprint: sha256, atMs }]));
  }
}

function contentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNewer(content: unknown): boolean {
  const { version } = (content ?? {}) as { readonly version?: unknown };
  return typeof version === 'number' && version > 1;
}
