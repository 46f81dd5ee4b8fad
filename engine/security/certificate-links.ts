import { readdir, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/**
 * A link `<hash>.<n> -> ../<name>.pem` of an OpenSSL trust store. OpenSSL looks for a certificate at `<hash>.0`,
 * `<hash>.1` … and stops at the first missing number. aioc does the same.
 */
export interface CertificateLink {
  readonly path: string;
  readonly hash: string;
  readonly number: number;
  /** The name of the certificate that it points to; undefined if it does not point to `../<name>.pem`. */
  readonly name: string | undefined;
  /** The target as written in the link; empty for a file. */
  readonly target: string;
}

const READ_TOGETHER = 32;

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

/** All links to the name's certificate, including links that OpenSSL does not find. */
export async function linksOfName(directory: string, name: string): Promise<CertificateLink[]> {
  const files = await readdir(directory);
  const found: CertificateLink[] = [];
  // A few at a time: there may be thousands, and each is a call of the system.
  for (let at = 0; at < files.length; at += READ_TOGETHER) {
    const reads = files.slice(at, at + READ_TOGETHER).map((file) => readLink(directory, file));
    for (const link of await Promise.all(reads)) if (link?.name === name) found.push(link);
  }
  return found;
}

/**
 * Links the first free number of the hash to the name's certificate.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD if too many certificates have the same subject
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
    `${LIMITS.certificatesPerHash} other certificates have the same subject: create a new certificate`,
  );
}

/**
 * Removes a link. The last link of the same hash is renamed to its number, so that OpenSSL finds the others at any
 * moment.
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
    // An operator may have copied a certificate here. OpenSSL finds it, but it has no client name.
    if (code !== 'EINVAL') throw error;
    target = '';
  }
  const [, hash = '', number = '-1'] = /^([0-9a-f]{8})\.([0-9]{1,6})$/.exec(file) ?? [];
  return { path, hash, target, number: Number(number), name: /^\.\.\/([^/]+)\.pem$/.exec(target)?.[1] };
}
