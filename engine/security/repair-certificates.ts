import { chmod, lstat, mkdir, rename, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PRIVATE_MODE, syncDirectory, UNFINISHED_PREFIX } from '../base/atomic-file.ts';
import { toAiocError } from '../base/errors.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { exists } from '../base/read-small-file.ts';
import { checkClientName } from '../protocol/names.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { addLink } from './certificate-links.ts';
import type { CertificateMap } from './certificate-map.ts';
import {
  type CertificatePaths,
  certificatePaths,
  certificatesError,
  inDirectory,
  isDefaultName,
} from './certificate-paths.ts';
import { ClientRegister } from './client-register.ts';
import { isSerial, type LinkEntry, linkEntries, namesIn, storedAt } from './link-checks.ts';

export interface RepairOptions {
  /** certificates_directory_path */
  readonly directory: string;
  readonly random: Randomness;
  readonly clock: Clock;
  /** Says what would be done, and does nothing. */
  readonly isDryRun?: boolean;
}

export interface RepairReport {
  /** What was put right (or would be), each a sentence. */
  readonly done: readonly string[];
  /** What is wrong and was left alone, with what to do about it. */
  readonly left: readonly string[];
}

/**
 * Puts a certificates directory right that was copied without its links, or with other modes. It trusts nobody who was
 * not trusted: a link is made only to a certificate that the list names by its serial number, or in place of what was
 * the link to it; nothing is ever added to the list.
 *
 * @throws AiocError AIOC_CERTIFICATES when there is no such directory, its list is damaged, or it can't be written
 */
export function repairCertificates(options: RepairOptions): Promise<RepairReport> {
  const places = certificatePaths(resolve(options.directory));
  return inDirectory(places, async () => {
    const hasServer = await exists(places.clients);
    if (!hasServer && !(await exists(places.client)))
      throw certificatesError(`${places.root} holds neither certificates of a server nor of a client`);
    const repair = new Repair(places, options);
    if (hasServer) {
      const register = new ClientRegister(places, options);
      const run = async (): Promise<void> => repair.links(await register.map());
      await (options.isDryRun ? run() : register.alone(run));
    }
    await repair.modes();
    return repair;
  });
}

/** One run, with what it has found so far. */
class Repair implements RepairReport {
  readonly done: string[] = [];
  readonly left: string[] = [];
  readonly #places: CertificatePaths;
  readonly #options: RepairOptions;

  constructor(places: CertificatePaths, options: RepairOptions) {
    this.#places = places;
    this.#options = options;
  }

  async links(map: CertificateMap): Promise<void> {
    const { links, clients } = this.#places;
    if (!(await exists(links)))
      await this.#do(`made ${links}`, () => mkdir(links, { mode: 0o755 }).then(() => undefined));
    const known = await this.#known(map);
    const linked = new Set<string>();
    for (const entry of await linkEntries(this.#places)) {
      const name = await this.#putRight(entry, known);
      if (name !== undefined) linked.add(name);
    }
    await this.#closeGaps();
    for (const [name, context] of known) {
      if (linked.has(name)) continue;
      if (isDefaultName(name)) {
        this.left.push(
          `no link leads to ${name}.pem, and the list does not name it: clients that show it get no certificate. If they may, run: ln -s '../${name}.pem' '${join(links, context.subjectHash)}.0'`,
        );
        continue;
      }
      await this.#do(`made the link to ${name}.pem`, () => addLink(links, context.subjectHash, name));
    }
    if (map.size > 0 || (await exists(this.#places.map))) return;
    const unknownFiles = (await namesIn(clients)).filter(
      (file) => file.endsWith('.pem') && !isDefaultName(file.slice(0, -'.pem'.length)),
    );
    if (unknownFiles.length > 0)
      this.left.push(
        `${this.#places.map} is missing, and without it no client is known: restore it from a backup`,
      );
  }

  /** The certificates that a link may lead to: those of the list whose file is the one that it means, and the default ones. */
  async #known(map: CertificateMap): Promise<Map<string, CertificateFacts>> {
    const known = new Map<string, CertificateFacts>();
    const files = (await namesIn(this.#places.clients)).filter((file) => file.endsWith('.pem'));
    const defaults = files.map((file) => file.slice(0, -'.pem'.length)).filter(isDefaultName);
    for (const name of [...map.keys(), ...defaults]) {
      const problem = await this.#take(name, map.get(name), known);
      if (problem !== undefined) this.left.push(problem);
    }
    return known;
  }

  async #take(
    name: string,
    serial: string | undefined,
    known: Map<string, CertificateFacts>,
  ): Promise<string | undefined> {
    if (serial !== undefined) {
      try {
        checkClientName(name);
      } catch (error) {
        return `the list has a name that no client can have: ${toAiocError(error).message}`;
      }
    }
    const path = join(this.#places.clients, `${name}.pem`);
    const context = await storedAt(path);
    if (context === undefined)
      return `${path} is missing or damaged, and the list names it: restore it from a backup, or delete ${name}'s certificate on both sides`;
    if (serial !== undefined && !isSerial(serial, context))
      return `${path} is another certificate (${context.serial}) than the one that the list names (${serial}): it is not trusted`;
    known.set(name, context);
    return undefined;
  }

  /** @returns the name that the entry stands for, now or when this is no dry run */
  async #putRight(
    entry: LinkEntry,
    known: ReadonlyMap<string, CertificateFacts>,
  ): Promise<string | undefined> {
    const { path, hash, kind } = entry;
    if (kind === 'link' && entry.name !== undefined) {
      const isRight = known.get(entry.name)?.subjectHash === hash;
      if (!isRight)
        this.left.push(
          `${path} leads to ${entry.name}.pem, which it does not stand for: nobody is trusted by it`,
        );
      return isRight ? entry.name : undefined;
    }
    const name = kind === 'file' ? await this.#nameOfCopy(path, known) : this.#nameOfTarget(entry, known);
    if (name === undefined || known.get(name)?.subjectHash !== hash) {
      this.left.push(
        `${path} stands for no certificate that the list names: nobody is trusted by it; delete it`,
      );
      return undefined;
    }
    const was = kind === 'file' ? 'a file' : 'a link to another place';
    await this.#do(`${path} was ${was}, and is the link to ${name}.pem`, () => this.#replace(path, name));
    return name;
  }

  async #nameOfCopy(path: string, known: ReadonlyMap<string, CertificateFacts>): Promise<string | undefined> {
    const copy = await storedAt(path);
    return [...known].find(([, { fingerprint }]) => fingerprint === copy?.fingerprint)?.[0];
  }

  /** Of a link like `/where/it/was/name.pem`. */
  #nameOfTarget({ target }: LinkEntry, known: ReadonlyMap<string, CertificateFacts>): string | undefined {
    const name = /([^/]+)\.pem$/.exec(target)?.[1];
    return name !== undefined && known.has(name) ? name : undefined;
  }

  async #replace(path: string, name: string): Promise<void> {
    const { links } = this.#places;
    const next = join(links, `${UNFINISHED_PREFIX}${this.#options.random.bytes(8).toString('hex')}`);
    await symlink(`../${name}.pem`, next);
    await rename(next, path);
    await syncDirectory(links);
  }

  /** OpenSSL stops at the first number that is missing. */
  async #closeGaps(): Promise<void> {
    const { links } = this.#places;
    const taken = new Map<string, number[]>();
    for (const { hash, number } of await linkEntries(this.#places))
      taken.set(
        hash,
        [...(taken.get(hash) ?? []), number].sort((one, other) => one - other),
      );
    for (const [hash, numbers] of taken) {
      for (const [free, number] of numbers.entries()) {
        if (number === free) continue;
        const [from, to] = [join(links, `${hash}.${number}`), join(links, `${hash}.${free}`)];
        await this.#do(`${from} was never found, and is ${to}`, () => rename(from, to));
      }
    }
  }

  /** Keys are their owner's alone, and who can write to a directory decides who is trusted. */
  async modes(): Promise<void> {
    const { serverKey, clients, links, own } = this.#places;
    const keysIn = async (directory: string): Promise<string[]> =>
      (await namesIn(directory)).filter((file) => file.endsWith('.key')).map((file) => join(directory, file));
    for (const path of [serverKey, ...(await keysIn(clients)), ...(await keysIn(own))])
      await this.#restrict(path, 0o077, PRIVATE_MODE);
    for (const path of [clients, links]) await this.#restrict(path, 0o002);
  }

  async #restrict(path: string, forbidden: number, instead?: number): Promise<void> {
    if (!(await exists(path))) return;
    const info = await lstat(path);
    if (info.isSymbolicLink() || (info.mode & forbidden) === 0) return;
    const mode = instead ?? info.mode & 0o777 & ~forbidden;
    const [was, is] = [info.mode & 0o777, mode].map((bits) => bits.toString(8));
    await this.#do(`${path} had mode ${was}, and has ${is}`, () => chmod(path, mode));
  }

  /** What can't be done is left, and does not keep the rest from being done. */
  async #do(what: string, action: () => Promise<void>): Promise<void> {
    try {
      if (this.#options.isDryRun !== true) await action();
      this.done.push(what);
    } catch (error) {
      this.left.push(`it could not be done that ${what}: ${toAiocError(error).message}`);
    }
  }
}
