import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { PRIVATE_MODE, replaceDurably } from '../base/atomic-file.ts';
import { AiocError, toAiocError } from '../base/errors.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';

/** More than anybody accepts by hand. The one that was seen longest ago is forgotten first. */
export const KNOWN_MACHINES_MAX = 1_000;
/** `KNOWN_MACHINES_MAX` with the longest names and addresses. */
const FILE_BYTES = 1024 * 1024;

/** The file in a state directory. */
export function knownMachinesPath(stateDirectory: string): string {
  return join(stateDirectory, 'known-machines.json');
}

/** A machine of the chat that this user has accepted, or whose server this user has chatted with. */
export interface KnownMachine {
  /** What it was: a client that was accepted here, or the server at an address. */
  readonly role: 'client' | 'server';
  /** The name that it gave itself last. */
  readonly name: string;
  /** Of a client: the name in its certificate, by which it asks to be admitted. */
  readonly certificateName?: string;
  /** Of a server: the host and port by which it was dialled. */
  readonly address?: string;
  /** SHA-256 of its certificate, lower-case hex. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Milliseconds since 1970. */
  readonly lastMs: number;
}

type Seen = Omit<KnownMachine, 'sinceMs' | 'lastMs'>;

export interface KnownMachinesOptions {
  /** The file, shared with the other chats of this user. Without one, machines are known in this run only. */
  readonly file?: string;
  readonly clock: Pick<Clock, 'wallNow' | 'after' | 'now'>;
  readonly random: Randomness;
  /** The file cannot be written: a sentence for the log, once until it can. */
  readonly onTrouble?: (text: string) => void;
}

const VERSION = 1;
const FILE = z.object({
  version: z.literal(VERSION),
  machines: z.array(
    z.object({
      role: z.enum(['client', 'server']),
      name: z.string(),
      certificate_name: z.string().optional(),
      address: z.string().optional(),
      sha256: z.string(),
      since_ms: z.number(),
      last_ms: z.number(),
    }),
  ),
});

/**
 * The machines that the chat knows, by their certificates, kept in a file that only its user can read. It is read at each
 * question, so that what `aioc known forget` removes is unknown at once, to running programs as well.
 */
export class KnownMachines {
  readonly #options: KnownMachinesOptions;
  /** Without a file, or while it cannot be written: for this run. */
  #ofThisRun: readonly KnownMachine[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isTroubled = false;

  constructor(options: KnownMachinesOptions) {
    this.#options = options;
  }

  /**
   * The most recently seen first.
   *
   * @throws AiocError AIOC_STATE_DIRECTORY if the file cannot be used
   */
  async list(): Promise<readonly KnownMachine[]> {
    const stored = await this.#stored();
    const others = this.#ofThisRun.filter((one) => !stored.some((other) => isSame(one, other)));
    return [...stored, ...others].sort((a, b) => b.lastMs - a.lastMs);
  }

  /**
   * What is known of a client that asks, read once.
   *
   * @param name the one in its certificate: that another client has it, too, is no reason to trust this one
   * @throws AiocError AIOC_STATE_DIRECTORY
   */
  async recognise(client: {
    readonly fingerprint: string;
    readonly name: string;
  }): Promise<{ readonly isKnown: boolean; readonly isNameOfAnother: boolean }> {
    const clients = (await this.list()).filter(({ role }) => role === 'client');
    const isKnown = clients.some(({ fingerprint }) => fingerprint === client.fingerprint);
    const hasName = clients.some((one) => one.name === client.name || one.certificateName === client.name);
    return { isKnown, isNameOfAnother: hasName && !isKnown };
  }

  /** @throws AiocError AIOC_STATE_DIRECTORY */
  async server(address: string): Promise<KnownMachine | undefined> {
    return (await this.list()).find((one) => one.role === 'server' && one.address === address);
  }

  /** Remembers a machine, or its new name. Never rejects: what cannot be written is known in this run. */
  remember(machine: Seen): Promise<void> {
    return this.#see(machine, { isNew: true });
  }

  /** The same for a machine that is known already; another one is not remembered. */
  seen(machine: Seen): Promise<void> {
    return this.#see(machine, { isNew: false });
  }

  /** One after the other, so that a machine is seen after it was remembered. */
  #see(machine: Seen, { isNew }: { readonly isNew: boolean }): Promise<void> {
    const nowMs = this.#options.clock.wallNow();
    const change = (machines: readonly KnownMachine[]): readonly KnownMachine[] => {
      const known = machines.find((one) => isSame(one, machine));
      if (known === undefined && !isNew) return machines;
      const others = machines.filter((one) => one !== known);
      return [...others, { ...known, ...machine, sinceMs: known?.sinceMs ?? nowMs, lastMs: nowMs }];
    };
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#change(change);
        this.#ofThisRun = this.#ofThisRun.filter((one) => !isSame(one, machine));
        this.#isTroubled = false;
      } catch (error) {
        this.#ofThisRun = change(this.#ofThisRun).slice(-KNOWN_MACHINES_MAX);
        if (this.#options.file !== undefined) this.#tellTrouble(error);
      }
    });
    return this.#writing;
  }

  /**
   * Forgets the machines with this name, address or fingerprint.
   *
   * @returns those that were known
   * @throws AiocError AIOC_STATE_DIRECTORY
   */
  async forget(what: string): Promise<readonly KnownMachine[]> {
    const isMeant = ({ name, address, fingerprint }: KnownMachine): boolean =>
      name === what || address === what || fingerprint === what;
    const forgotten = (await this.list()).filter(isMeant);
    this.#ofThisRun = this.#ofThisRun.filter((one) => !isMeant(one));
    if (forgotten.length === 0) return [];
    try {
      await this.#change((machines) => machines.filter((one) => !isMeant(one)));
    } catch (error) {
      throw toAiocError(error, 'AIOC_STATE_DIRECTORY');
    }
    return forgotten;
  }

  /** Resolves when everything that was remembered is in the file. */
  async saved(): Promise<void> {
    await this.#writing;
  }

  #tellTrouble(error: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    const { message } = toAiocError(error, 'AIOC_STATE_DIRECTORY');
    this.#options.onTrouble?.(`known machines cannot be saved, so aioc will ask again: ${message}`);
  }

  async #change(change: (machines: readonly KnownMachine[]) => readonly KnownMachine[]): Promise<void> {
    const { file, clock, random } = this.#options;
    if (file === undefined) throw new AiocError('AIOC_STATE_DIRECTORY', 'there is no file');
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await withFileLock({ path: `${file}.lock`, clock }, async () => {
      const changed = [...change(await this.#stored())].sort((a, b) => a.lastMs - b.lastMs);
      const machines = changed
        .slice(-KNOWN_MACHINES_MAX)
        .map(({ role, name, certificateName, address, fingerprint, sinceMs, lastMs }) => ({
          ...{ role, name, sha256: fingerprint, since_ms: sinceMs, last_ms: lastMs },
          ...(certificateName !== undefined && { certificate_name: certificateName }),
          ...(address !== undefined && { address }),
        }));
      const text = `${JSON.stringify({ version: VERSION, machines }, undefined, 1)}\n`;
      await replaceDurably(file, text, { mode: PRIVATE_MODE, random });
    });
  }

  /** A damaged file is an error: if it counted as empty, a client would accept any server at a known address. */
  async #stored(): Promise<readonly KnownMachine[]> {
    const { file } = this.#options;
    if (file === undefined) return [];
    const read = await readSmallFile(file, FILE_BYTES);
    if (read === undefined) return [];
    const { success, data } = FILE.safeParse(read === 'too-large' ? undefined : contentOf(read.text));
    if (!success)
      throw new AiocError(
        'AIOC_STATE_DIRECTORY',
        `${file} is damaged, or of a newer aioc: move it away, and aioc asks about each machine again`,
      );
    return data.machines.map((row) => ({
      ...{
        role: row.role,
        name: row.name,
        fingerprint: row.sha256,
        sinceMs: row.since_ms,
        lastMs: row.last_ms,
      },
      ...(row.certificate_name !== undefined && { certificateName: row.certificate_name }),
      ...(row.address !== undefined && { address: row.address }),
    }));
  }
}

/** A server is known by its address: only one machine answers there. */
function isSame(
  one: Pick<KnownMachine, 'role' | 'address' | 'fingerprint'>,
  other: Pick<KnownMachine, 'role' | 'address' | 'fingerprint'>,
): boolean {
  if (one.role !== other.role) return false;
  return one.role === 'server' ? one.address === other.address : one.fingerprint === other.fingerprint;
}

function contentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
