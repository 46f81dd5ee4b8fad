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
  /** Reports what would be done, and changes nothing. */
  readonly isDryRun?: boolean;
}

export interface RepairReport {
  /** What was repaired, or would be; one sentence each. */
  readonly done: readonly string[];
  /** Problems that were not repaired, with what to do. */
  readonly left: readonly string[];
}

/**
 * Repairs a certificates directory after a copy that lost its links or modes. It never extends trust: a link is created
 * only to a certificate whose serial number is in the list, or in place of an earlier link to it. Nothing is added to
 * the list.
 *
 * @throws AiocError AIOC_CERTIFICATES if the directory is missing, its list is damaged, or it cannot be written
 */
export function repairCertificates(options: RepairOptions): Promise<RepairReport> {
  const places = certificatePaths(resolve(options.directory));
  return inDirectory(places, async () => {
    const hasServer = await exists(places.clients);
    if (!hasServer && !(await exists(places.client)))
      throw certificatesError(`${places.root} has neither certificates of a server nor of a client`);
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

/** One run, and its findings. */
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
      await this.#do(`create ${links}`, () => mkdir(links, { mode: 0o755 }).then(() => undefined));
    const known = await this.#known(map);
    const linked = new Set<string>();
    for (const entry of await linkEntries(this.#places)) {
      const name = await this.#repairEntry(entry, known);
      if (name !== undefined) linked.add(name);
    }
    await this.#closeGaps();
    for (const [name, certificate] of known) {
      if (linked.has(name)) continue;
      if (isDefaultName(name)) {
        this.left.push(
          `no link points to ${name}.pem, and it is not in the list: clients that present it cannot request a certificate. To allow it, run: ln -s '../${name}.pem' '${join(links, certificate.subjectHash)}.0'`,
        );
        continue;
      }
      await this.#do(`create the link to ${name}.pem`, () => addLink(links, certificate.subjectHash, name));
    }
    if (map.size > 0 || (await exists(this.#places.map))) return;
    const unknownFiles = (await namesIn(clients)).filter(
      (file) => file.endsWith('.pem') && !isDefaultName(file.slice(0, -'.pem'.length)),
    );
    if (unknownFiles.length > 0)
      this.left.push(`${this.#places.map} is missing, so no client is known: restore it from a backup`);
  }

  /** The certificates that may be linked: those in the list whose file matches, and the default ones. */
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
        return `the list has a name that is not valid for a client: ${toAiocError(error).message}`;
      }
    }
    const path = join(this.#places.clients, `${name}.pem`);
    const certificate = await storedAt(path);
    if (certificate === undefined)
      return `${path} is in the list, but missing or damaged: restore it from a backup, or delete ${name}'s certificate on both sides`;
    if (serial !== undefined && !isSerial(serial, certificate))
      return `${path} is not the certificate in the list (serial ${certificate.serial}, not ${serial}): it is not trusted`;
    known.set(name, certificate);
    return undefined;
  }

  /** @returns the name of the entry's certificate, after the repair if there was one */
  async #repairEntry(
    entry: LinkEntry,
    known: ReadonlyMap<string, CertificateFacts>,
  ): Promise<string | undefined> {
    const { path, hash, kind } = entry;
    if (kind === 'link' && entry.name !== undefined) {
      const isRight = known.get(entry.name)?.subjectHash === hash;
      if (!isRight)
        this.left.push(
          `${path} points to ${entry.name}.pem, whose hash is different: the link has no effect`,
        );
      return isRight ? entry.name : undefined;
    }
    const name = kind === 'file' ? await this.#nameOfCopy(path, known) : this.#nameOfTarget(entry, known);
    if (name === undefined || known.get(name)?.subjectHash !== hash) {
      this.left.push(`${path} matches no certificate in the list: it has no effect; delete it`);
      return undefined;
    }
    const was = kind === 'file' ? 'a file' : 'a wrong link';
    await this.#do(`replace ${path} (${was}) by the link to ${name}.pem`, () => this.#replace(path, name));
    return name;
  }

  async #nameOfCopy(path: string, known: ReadonlyMap<string, CertificateFacts>): Promise<string | undefined> {
    const copy = await storedAt(path);
    return [...known].find(([, { fingerprint }]) => fingerprint === copy?.fingerprint)?.[0];
  }

  /** For a link such as `/old/path/name.pem`. */
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

  /** OpenSSL stops at the first missing number. */
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
        await this.#do(`rename ${from}, which OpenSSL does not find, to ${to}`, () => rename(from, to));
      }
    }
  }

  /** Only the owner may read keys. Write access to a directory decides who is trusted. */
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
    await this.#do(`change the mode of ${path} from ${was} to ${is}`, () => chmod(path, mode));
  }

  /** Records a failure and continues with the other repairs. */
  async #do(what: string, action: () => Promise<void>): Promise<void> {
    try {
      if (this.#options.isDryRun !== true) await action();
      this.done.push(what);
    } catch (error) {
      this.left.push(`failed: ${what}: ${toAiocError(error).message}`);
    }
  }
}
