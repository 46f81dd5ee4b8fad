import { readdir, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/**
 * The directory of links `<hash>.<n> -> ../<name>.pem`, OpenSSL's form of a trust store: it looks for a certificate at
 * `<hash>.0`, `<hash>.1` … and stops at the first number that is missing. So do we.
 */
export interface CertificateLink {
  readonly path: string;
  readonly hash: string;
  readonly number: number;
  /** The name whose certificate it points at; undefined when it points at anything but `../<name>.pem`. */
  readonly name: string | undefined;
  /** What it points at, as it is written; empty for a file. */
  readonly target: string;
}

/** The links that OpenSSL finds for a subject hash, in its order. */
export async function linksOfHash(directory: string, hash: string): Promise<CertificateLink[]> {
  const links: CertificateLink[] = [];
  for (let number = 0; number < LIMITS.certificatesPerHash; number += 1) {
    const link = await readLink(directory, `${hash}.${number}`);
    if (link === undefined) break;
    links.push(link);
  }
  return links;
}

/** Every link that points at the name's certificate, also one that no search would find. */
export async function linksOfName(directory: string, name: string): Promise<CertificateLink[]> {
  const found: CertificateLink[] = [];
  for (const file of await readdir(directory)) {
    const link = await readLink(directory, file);
    if (link?.name === name) found.push(link);
  }
  return found;
}

/**
 * Points the first free number of the hash at the name's certificate.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD when far too many have the same subject
 */
export async function addLink(directory: string, hash: string, name: string): Promise<void> {
  for (let number = 0; number < LIMITS.certificatesPerHash; number += 1) {
    try {
      await symlink(`../${name}.pem`, join(directory, `${hash}.${number}`));
      return await syncDirectory(directory);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
  throw new AiocError(
    'AIOC_CERTIFICATE_BAD',
    `${LIMITS.certificatesPerHash} other certificates have the same subject as this one: make it anew`,
  );
}

/**
 * Removes a link. The last link of the same hash takes its number, by one rename, so that there is no moment at which
 * a gap hides the others from OpenSSL.
 */
export async function removeLink(directory: string, link: CertificateLink): Promise<void> {
  const last = (await linksOfHash(directory, link.hash)).at(-1);
  if (last === undefined || last.number <= link.number) await unlink(link.path);
  else await rename(last.path, link.path);
  await syncDirectory(directory);
}

export async function readLink(directory: string, file: string): Promise<CertificateLink | undefined> {
  const path = join(directory, file);
  let target: string;
  try {
    target = await readlink(path);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code === 'ENOENT') return undefined;
    // A certificate that an operator has copied there is found by OpenSSL, but it names nobody.
    if (code !== 'EINVAL') throw error;
    target = '';
  }
  const [, hash = '', number = '-1'] = /^([0-9a-f]{8})\.([0-9]{1,6})$/.exec(file) ?? [];
  return { path, hash, target, number: Number(number), name: /^\.\.\/([^/]+)\.pem$/.exec(target)?.[1] };
}
