import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeDurably } from '../base/atomic-file.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Randomness, TlsSettings } from '../base/ports.ts';
import { exists, readSmallFile } from '../base/read-small-file.ts';
import { fingerprintOf, fingerprintWords } from './fingerprint.ts';
import { makeSelfSigned } from './keys-and-certificates.ts';

const CERTIFICATE_FILE = 'certificate.pem';
const KEY_FILE = 'key.pem';

/** The certificate that aioc presents to peers in the chat, by which they recognise it. */
export interface Identity extends TlsSettings {
  readonly fingerprint: string;
  readonly words: string;
}

export interface IdentityOptions {
  /** The state directory; the identity is in its `identity/`. Created (0700) if missing. */
  readonly directory: string;
  /** The name in a new certificate; an existing certificate keeps its own. */
  readonly commonName: string;
  readonly wallNowMs: number;
  readonly random: Randomness;
  /** There is none yet, and making one takes a moment: called before it, and when it is made. */
  readonly onMaking?: (isMaking: boolean) => void;
}

/**
 * Loads the identity from the state directory, or creates it at the first start. It is never replaced silently, since
 * peers know it: an unusable identity is an error that says what to do.
 * @throws AiocError AIOC_STATE_DIRECTORY
 */
export async function loadOrMakeIdentity(options: IdentityOptions): Promise<Identity> {
  const home = join(options.directory, 'identity');
  try {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    if (!(await exists(home))) await makeIdentity(home, options);
    return await loadIdentity(home);
  } catch (error) {
    if (error instanceof AiocError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(
      `cannot use the state directory: ${reason}. Check its permissions, or choose another`,
      error,
    );
  }
}

/**
 * Creates the pair in a temporary directory and renames it, so that a crash leaves nothing incomplete. If two processes
 * start at once, both use the pair of the first.
 */
async function makeIdentity(home: string, options: IdentityOptions): Promise<void> {
  options.onMaking?.(true);
  const pair = await makeSelfSigned(options);
  options.onMaking?.(false);
  const temporary = `${home}.new-${options.random.bytes(8).toString('hex')}`;
  await mkdir(temporary, { mode: 0o700 });
  try {
    await writeDurably(join(temporary, KEY_FILE), pair.privateKeyPem);
    await writeDurably(join(temporary, CERTIFICATE_FILE), pair.certificatePem);
    await syncDirectory(temporary);
    await rename(temporary, home);
    await syncDirectory(options.directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Renaming onto a directory with contents fails: another process was first.
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** The dates do not matter: peers know the fingerprint, and a clock may be wrong. */
async function loadIdentity(home: string): Promise<Identity> {
  const certificatePem = await readSmall(home, CERTIFICATE_FILE);
  const privateKeyPem = await readSmall(home, KEY_FILE);
  const startAfresh = `Restore both from a backup, or move ${home} away to start with a new identity (peers will see new words)`;
  let certificate: X509Certificate;
  let matches: boolean;
  try {
    certificate = new X509Certificate(certificatePem);
    matches = certificate.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch (error) {
    throw unusable(`the certificate or the key in ${home} is damaged. ${startAfresh}`, error);
  }
  if (!matches) throw unusable(`the key in ${home} does not belong to the certificate there. ${startAfresh}`);
  const fingerprint = fingerprintOf(certificate.raw);
  return { certificatePem, privateKeyPem, fingerprint, words: fingerprintWords(fingerprint) };
}

async function readSmall(home: string, name: string): Promise<string> {
  const path = join(home, name);
  const file = await readSmallFile(path, LIMITS.identityFileBytes);
  if (file === undefined)
    throw unusable(
      `${path} is missing. Restore it from a backup, or move ${home} away to start with a new identity`,
    );
  if (file === 'too-large') throw unusable(`${path} is too large`);
  if (name === KEY_FILE && (file.mode & 0o077) !== 0)
    throw unusable(`the key ${path} can be read by others on this machine. Run: chmod 600 '${path}'`);
  return file.text;
}

function unusable(what: string, cause?: unknown): AiocError {
  const message = `${what.charAt(0).toUpperCase()}${what.slice(1)}.`;
  return new AiocError('AIOC_STATE_DIRECTORY', message, cause === undefined ? {} : { cause });
}
