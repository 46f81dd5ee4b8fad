import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PRIVATE_MODE, PUBLIC_MODE, syncDirectory, writeDurably } from '../base/atomic-file.ts';
import { type AiocError, systemCode } from '../base/errors.ts';
import { ensureDirectory } from '../base/own-directory.ts';
import { readCertificate } from './certificate-facts.ts';
import {
  type CertificatePaths,
  certificatePaths,
  certificatesError,
  DEFAULT_NAME,
  inDirectory,
} from './certificate-paths.ts';
import { type MakingOptions, makeDirectoryCertificate } from './directory-certificates.ts';

/**
 * For a Python server that uses this directory later: it appends the line `O = …`, and cannot create certificates
 * without this file. Users may edit it. aioc does not use it.
 */
const REQUEST_TEMPLATE = `# How a Python connector makes a client's certificate. It adds the organization behind the last line.
[req]
default_md = sha256
default_bits = 2048
distinguished_name = subject
prompt = no

[subject]
C = US
`;

/** Never writable by others, whatever the umask: write access decides who is trusted. */
const DIRECTORY_MODE = 0o700;
/** By default, connectors also have their sockets here: root's are for every user, others for the group. */
const PLACE_MODE = process.geteuid?.() === 0 ? 0o711 : 0o750;

export interface CreatedCertificates {
  /** `<directory>/certificates`, absolute. */
  readonly root: string;
  /** Copy this directory unchanged to each client's machine. */
  readonly clientPart: string;
  /** SHA-256 of the server's certificate, and its words. */
  readonly serverFingerprint: string;
  readonly serverWords: string;
}

/**
 * Creates the files of PROTOCOL §5 below `directory`: the server's certificate, and the default certificate with which
 * clients request their own. The tree is built in a temporary directory and renamed, so it is complete or absent.
 *
 * @param directory certificates_directory_path; created if missing
 * @throws AiocError AIOC_CERTIFICATES if it already exists or cannot be written; AIOC_DIRECTORY if another user could
 * change its contents
 */
export function createCertificates(directory: string, options: MakingOptions): Promise<CreatedCertificates> {
  const places = certificatePaths(resolve(directory));
  return inDirectory(places, async () => {
    await refuseExisting(places);
    const use = { path: places.directory, key: 'certificates_directory_path', mode: PLACE_MODE };
    await ensureDirectory(use).catch((error: AiocError) => {
      throw error.code === 'AIOC_CONFIG' ? certificatesError(error.message, error) : error;
    });
    const draft = join(places.directory, `.certificates.new-${options.random.bytes(8).toString('hex')}`);
    try {
      const certificatePem = await writeTree(certificatePaths(draft), options);
      await syncDirectory(join(draft, 'certificates'));
      await place(join(draft, 'certificates'), places);
      await syncDirectory(places.directory);
      const { fingerprint, words } = readCertificate(certificatePem);
      return {
        root: places.root,
        clientPart: places.client,
        serverFingerprint: fingerprint,
        serverWords: words,
      };
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
}

/** An early check, before keys are generated; the rename is the decisive one. */
async function refuseExisting(places: CertificatePaths): Promise<void> {
  let entries: string[];
  try {
    entries = await readdir(places.root);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if (entries.length > 0) throw notEmpty(places);
}

async function place(draft: string, places: CertificatePaths): Promise<void> {
  try {
    await rename(draft, places.root);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
    throw notEmpty(places, error);
  }
}

function notEmpty(places: CertificatePaths, cause?: unknown): Error {
  return certificatesError(
    `${places.root} already exists and is not overwritten. Move it away, or choose another directory: aioc create_certificates DIR`,
    cause,
  );
}

/** @returns the server's certificate */
async function writeTree(places: CertificatePaths, options: MakingOptions): Promise<string> {
  const directories = [
    dirname(places.serverCertificate),
    places.clients,
    places.links,
    places.own,
    dirname(places.pinned),
  ];
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  const server = await makeDirectoryCertificate('server', options);
  await writeDurably(places.serverKey, server.privateKeyPem, PRIVATE_MODE);
  await writeDurably(places.serverCertificate, server.certificatePem, PUBLIC_MODE);
  await writeDurably(places.pinned, server.certificatePem, PUBLIC_MODE);
  const first = await makeDirectoryCertificate(DEFAULT_NAME, options);
  const file = `${DEFAULT_NAME}.pem`;
  await writeDurably(join(places.own, `${DEFAULT_NAME}.key`), first.privateKeyPem, PRIVATE_MODE);
  await writeDurably(join(places.own, file), first.certificatePem, PUBLIC_MODE);
  await writeDurably(join(places.clients, file), first.certificatePem, PUBLIC_MODE);
  const { subjectHash } = readCertificate(first.certificatePem);
  await symlink(`../${file}`, join(places.links, `${subjectHash}.0`));
  await writeDurably(places.requestTemplate, REQUEST_TEMPLATE, PUBLIC_MODE);
  for (const directory of [...directories, places.server, places.client]) await syncDirectory(directory);
  return server.certificatePem;
}
