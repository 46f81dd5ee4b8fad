import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { type CertificateLink, readLink } from './certificate-links.ts';
import type { CertificateMap } from './certificate-map.ts';
import { type CertificatePaths, isDefaultName } from './certificate-paths.ts';
import { readStoredCertificate } from './stored-certificates.ts';

/** What stands in the directory of links under a name of OpenSSL's form. */
export interface LinkEntry extends CertificateLink {
  /** A link, or the file that a copy without links leaves in its place. */
  readonly kind: 'link' | 'file' | 'other';
}

/** Every `<hash>.<n>` of the directory of links, in alphabetical order; none when it is missing. */
export async function linkEntries({ links }: CertificatePaths): Promise<LinkEntry[]> {
  const entries: LinkEntry[] = [];
  for (const file of await namesIn(links)) {
    const link = await readLink(links, file);
    if (link === undefined || link.number < 0) continue;
    const info = await lstat(link.path);
    const kind = info.isSymbolicLink() ? 'link' : info.isFile() ? 'file' : 'other';
    entries.push({ ...link, kind });
  }
  return entries;
}

/** What an operator should know at the start: clients that are refused although the list names them. */
export async function linkWarnings(places: CertificatePaths, map: CertificateMap): Promise<string[]> {
  const entries = await linkEntries(places);
  const files = entries.filter(({ kind }) => kind === 'file').length;
  const linked = new Set(entries.map(({ name }) => name));
  const unlinked = [...map.keys()].filter((name) => !linked.has(name));
  const warnings: string[] = [];
  if (files > 0)
    warnings.push(
      `${files} of the links in ${places.links} have become files, as a copy without links leaves them, and their clients are refused. ${runRepair(places)}`,
    );
  if (unlinked.length > 0)
    warnings.push(
      `no link in ${places.links} leads to the certificates of ${listed(unlinked)}, which are refused. ${runRepair(places)}`,
    );
  return warnings;
}

/** Why a certificate to which no link leads is refused: the copy of a directory has lost it, or it is not known at all. */
export async function whyUnknown(
  places: CertificatePaths,
  map: CertificateMap,
  context: CertificateFacts,
): Promise<string> {
  const isSame = async (path: string): Promise<boolean> =>
    (await storedAt(path))?.fingerprint === context.fingerprint;
  const hasCopy = async (): Promise<boolean> =>
    (await linkEntries(places)).some(({ kind, hash }) => kind === 'file' && hash === context.subjectHash);
  const files = await namesIn(places.clients);
  const defaults = files.filter((file) => isDefaultName(file.slice(0, -'.pem'.length)));
  const named = [...map].filter(([, serial]) => isSerial(serial, context)).map(([name]) => name);
  for (const name of [...named, ...defaults.map((file) => file.slice(0, -'.pem'.length))]) {
    if (await isSame(join(places.clients, `${name}.pem`)))
      return (await hasCopy())
        ? `the link to its certificate has become a file, as a copy without links leaves it. ${runRepair(places)}`
        : `no link leads to ${name}.pem any more. ${runRepair(places)}`;
    if (map.has(name) && !files.includes(`${name}.pem`))
      return `${name}.pem, its certificate, is missing in ${places.clients}. Restore it from a backup, or delete ${name}'s certificate on both sides`;
  }
  return 'its certificate is not known here, or was deleted';
}

export function runRepair({ directory }: CertificatePaths): string {
  return `Run: aioc certificates repair '${directory}'`;
}

/** Whether the list means this certificate. */
export function isSerial(serial: string, context: CertificateFacts): boolean {
  return serial.toUpperCase() === context.serial;
}

/** The certificate in a file; undefined where there is none that can be read. */
export async function storedAt(path: string): Promise<CertificateFacts | undefined> {
  try {
    return await readStoredCertificate(path);
  } catch (error) {
    if (error instanceof AiocError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** What is in a directory, in alphabetical order; nothing where there is none. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}

const LISTED_NAMES = 5;

function listed(names: readonly string[]): string {
  const more = names.length - LISTED_NAMES;
  return `${names.slice(0, LISTED_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
