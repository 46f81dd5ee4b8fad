import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { type CertificateLink, readLink } from './certificate-links.ts';
import type { CertificateMap } from './certificate-map.ts';
import { type CertificatePaths, isDefaultName } from './certificate-paths.ts';
import { isOfAnybody, readStoredCertificate, writableByAll } from './stored-certificates.ts';

/** An entry of the directory of links with a name in OpenSSL's form. */
export interface LinkEntry extends CertificateLink {
  /** A link, or a file in place of one, as after a copy without links. */
  readonly kind: 'link' | 'file' | 'other';
}

/** Every `<hash>.<n>` of the directory of links, in alphabetical order; empty if it is missing. */
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

/** Warnings at the start: clients in the list that are rejected. */
export async function linkWarnings(places: CertificatePaths, map: CertificateMap): Promise<string[]> {
  const entries = await linkEntries(places);
  const files = entries.filter(({ kind }) => kind === 'file').length;
  const linked = new Set(entries.map(({ name }) => name));
  const unlinked = [...map.keys()].filter((name) => !linked.has(name));
  const warnings: string[] = [];
  for (const name of map.keys()) {
    const path = join(places.clients, `${name}.pem`);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && isOfAnybody(info))
      warnings.push(`${name} is rejected: ${writableByAll(path).message}`);
  }
  if (files > 0)
    warnings.push(
      `${files} of the links in ${places.links} are files, probably after a copy without links, so their clients are rejected. ${runRepair(places)}`,
    );
  if (unlinked.length > 0)
    warnings.push(
      `no link in ${places.links} points to the certificates of ${listed(unlinked)}, so they are rejected. ${runRepair(places)}`,
    );
  return warnings;
}

/** Why a certificate without a link is rejected: the link was lost in a copy, or the certificate is unknown. */
export async function whyUnknown(
  places: CertificatePaths,
  map: CertificateMap,
  certificate: CertificateFacts,
): Promise<string> {
  const isSame = async (path: string): Promise<boolean> =>
    (await storedAt(path))?.fingerprint === certificate.fingerprint;
  const hasCopy = async (): Promise<boolean> =>
    (await linkEntries(places)).some(({ kind, hash }) => kind === 'file' && hash === certificate.subjectHash);
  const files = await namesIn(places.clients);
  const defaults = files.filter((file) => isDefaultName(file.slice(0, -'.pem'.length)));
  const named = [...map].filter(([, serial]) => isSerial(serial, certificate)).map(([name]) => name);
  for (const name of [...named, ...defaults.map((file) => file.slice(0, -'.pem'.length))]) {
    if (await isSame(join(places.clients, `${name}.pem`)))
      return (await hasCopy())
        ? `the link to its certificate is a file, probably after a copy without links. ${runRepair(places)}`
        : `the link to ${name}.pem is missing. ${runRepair(places)}`;
    if (map.has(name) && !files.includes(`${name}.pem`))
      return `its certificate ${name}.pem is missing in ${places.clients}. Restore it from a backup, or delete ${name}'s certificate on both sides`;
  }
  return 'its certificate is unknown or was deleted';
}

export function runRepair({ directory }: CertificatePaths): string {
  return `Run: aioc certificates repair '${directory}'`;
}

/** Whether the list has this certificate's serial number. */
export function isSerial(serial: string, certificate: CertificateFacts): boolean {
  return serial.toUpperCase() === certificate.serial;
}

/** The certificate in a file; undefined if it is missing or not readable. */
export async function storedAt(path: string): Promise<CertificateFacts | undefined> {
  try {
    return await readStoredCertificate(path);
  } catch (error) {
    if (error instanceof AiocError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

/** The names in a directory, in alphabetical order; empty if it is missing. */
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
