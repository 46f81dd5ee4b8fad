import { createHash } from 'node:crypto';
import { mkdir, opendir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDurably, UNFINISHED_PREFIX } from '../base/atomic-file.ts';
import { LIMITS } from '../base/limits.ts';
import { PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import type { Randomness } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';
import { writeError } from './disk-errors.ts';
import type { WhenTaken } from './free-name.ts';
import { PARTIAL_PREFIX } from './safe-name.ts';

/** What is known of a transfer that was accepted and whose message is not settled. */
export interface TransferRecord {
  readonly peer: string;
  readonly id: string;
  readonly kind: 'file' | 'tree';
  /** The directory of its place, and of its partial file. */
  readonly directory: string;
  /** How many of the last parts of `directory` were created for it. */
  readonly madeParts: number;
  readonly name: string;
  readonly taken: WhenTaken;
  readonly sizeBytes: number | null;
  readonly sinceMs: number;
  /** Of the stream, when the record was written. */
  readonly doneBytes: number;
  /** Entries of a tree; 1 for a file. */
  readonly files: number;
  /** `placing`: it may have the name `as` already. */
  readonly state: 'partial' | 'complete' | 'placing' | 'placed';
  readonly as?: string;
  /** An empty file of that name was created to keep the name free: there are no hard links. */
  readonly isClaimed?: true;
  readonly leftOut?: { readonly count: number; readonly first: readonly (readonly [string, string])[] };
}

export interface TransferRecordsOptions {
  /** Created when the first record is written; only this user can enter it. */
  readonly directory: string;
  readonly random: Randomness;
}

/**
 * The records of transfers, one small file each: they outlive a kill at any moment, and say which partial files there are
 * without a search of the disk.
 */
export class TransferRecords {
  readonly #options: TransferRecordsOptions;
  readonly #records = new Map<string, TransferRecord>();
  #loaded: Promise<void> | undefined;

  constructor(options: TransferRecordsOptions) {
    this.#options = options;
  }

  async find(key: string): Promise<TransferRecord | undefined> {
    await this.#load();
    return this.#records.get(key);
  }

  /** By their keys. */
  async all(): Promise<ReadonlyMap<string, TransferRecord>> {
    await this.#load();
    return this.#records;
  }

  /**
   * Writes a record in the place of an older one.
   * @param isDurable waits until a power loss cannot undo it
   * @throws AiocError AIOC_FILE_WRITE
   */
  async write(key: string, record: TransferRecord, { isDurable = false } = {}): Promise<void> {
    await this.#load();
    this.#records.set(key, record);
    const path = this.#pathOf(key);
    const text = `${JSON.stringify(record)}\n`;
    try {
      await mkdir(this.#options.directory, { recursive: true, mode: PRIVATE_DIRECTORY });
      if (isDurable) await replaceDurably(path, text, { mode: MODE, random: this.#options.random });
      else {
        const unfinished = `${path}${UNFINISHED}`;
        await writeFile(unfinished, text, { mode: MODE });
        await rename(unfinished, path);
      }
    } catch (error) {
      throw writeError('the record of a transfer', error);
    }
  }

  async remove(key: string): Promise<void> {
    this.#records.delete(key);
    await rm(this.#pathOf(key), { force: true });
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#read();
    return this.#loaded;
  }

  async #read(): Promise<void> {
    const { directory } = this.#options;
    const entries = await opendir(directory).catch(() => undefined);
    if (entries === undefined) return;
    for await (const { name } of entries) {
      const key = KEY_IN_NAME.exec(name)?.[1];
      if (key === undefined) {
        // A run was killed while it wrote a record.
        if (name.startsWith(UNFINISHED_PREFIX) || name.endsWith(UNFINISHED))
          await rm(join(directory, name), { force: true });
        continue;
      }
      const record = await readRecord(join(directory, name));
      if (record === undefined) await rm(join(directory, name), { force: true });
      else this.#records.set(key, record);
    }
  }

  #pathOf(key: string): string {
    return join(this.#options.directory, `${key}.json`);
  }
}

/** Names the record and the partial file of a transfer, whatever characters its peer's name and its id have. */
export function transferKey(peerName: string, id: string): string {
  const digest = createHash('sha256').update(JSON.stringify([peerName, id]));
  return digest.digest('hex').slice(0, KEY_CHARACTERS);
}

export function partialName(key: string): string {
  return PARTIAL_PREFIX + key;
}

/** A record that cannot be read belongs to a crash; its partial file is found by its age. */
async function readRecord(path: string): Promise<TransferRecord | undefined> {
  const found = await readSmallFile(path, LIMITS.transferRecordBytes).catch(() => undefined);
  if (found === undefined || found === 'too-large') return undefined;
  try {
    const record = JSON.parse(found.text) as Partial<TransferRecord> | null;
    const texts = [record?.peer, record?.id, record?.directory, record?.name];
    const numbers = [record?.madeParts, record?.sinceMs, record?.doneBytes, record?.files];
    const isSound =
      texts.every((text) => typeof text === 'string') &&
      numbers.every(Number.isFinite) &&
      TAKEN.has(String(record?.taken)) &&
      STATES.has(String(record?.state)) &&
      (record?.kind === 'file' || record?.kind === 'tree');
    return isSound ? (record as TransferRecord) : undefined;
  } catch {
    return undefined;
  }
}

const STATES: ReadonlySet<string> = new Set(['partial', 'complete', 'placing', 'placed']);
const TAKEN: ReadonlySet<string> = new Set(['number', 'refuse', 'replace']);
const KEY_CHARACTERS = 24;
const KEY_IN_NAME = /^([0-9a-f]{24})\.json$/;
const UNFINISHED = '.new';
const MODE = 0o600;
