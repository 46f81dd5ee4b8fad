import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { TlsSettings } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';
import { type CertificateFacts, datesFault, keyBelongs, readCertificate } from './certificate-facts.ts';
import { certificatesError } from './certificate-paths.ts';

/** A certificate with its key, as this side shows it, and how a person recognises it. */
export interface Credentials extends TlsSettings {
  readonly fingerprint: string;
  readonly words: string;
}

/** The text of a file of the directory; undefined when it is not there. @throws AiocError AIOC_CERTIFICATES */
export async function readStored(path: string): Promise<string | undefined> {
  const file = await readSmallFile(path, LIMITS.identityFileBytes);
  if (file === 'too-large') throw certificatesError(`${path} is far too large to be what it should be`);
  return file?.text;
}

/** The certificate in a file; undefined when there is none. @throws AiocError AIOC_CERTIFICATES */
export async function readStoredCertificate(path: string): Promise<CertificateFacts | undefined> {
  const text = await readStored(path);
  if (text === undefined) return undefined;
  try {
    return readCertificate(text);
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
    throw certificatesError(`${path} cannot be used: ${error.message}. Restore it from a backup`, error);
  }
}

/**
 * Reads a certificate and its key and checks that they can be used together, and today.
 *
 * @param wallNowMs undefined: the dates are looked at another time. A clock can be set right while a program runs
 * @param remedy what to do when a file is missing, damaged or expired: a sentence without its full stop
 * @throws AiocError AIOC_CERTIFICATES
 */
export async function readCredentials(
  paths: { readonly certificate: string; readonly key: string },
  { wallNowMs, remedy }: { readonly wallNowMs: number | undefined; readonly remedy: string },
): Promise<Credentials> {
  const context = await readStoredCertificate(paths.certificate);
  if (context === undefined) throw certificatesError(`${paths.certificate} is missing. ${remedy}`);
  const privateKeyPem = await readKey(paths.key, remedy);
  if (!keyBelongs(context, privateKeyPem))
    throw certificatesError(
      `the key ${paths.key} is damaged or does not belong to ${paths.certificate}. ${remedy}`,
    );
  const fault = wallNowMs === undefined ? undefined : datesFault(context, wallNowMs);
  if (fault !== undefined && wallNowMs !== undefined) {
    // Of one that is not valid yet nothing is wrong with the file.
    const advice = wallNowMs < context.notBeforeMs ? '' : ` If it is: ${remedy}`;
    throw certificatesError(`the certificate ${paths.certificate} ${fault}${advice}`);
  }
  return {
    certificatePem: context.pem,
    privateKeyPem,
    fingerprint: context.fingerprint,
    words: context.words,
  };
}

async function readKey(path: string, remedy: string): Promise<string> {
  const file = await readSmallFile(path, LIMITS.identityFileBytes);
  if (file === undefined) throw certificatesError(`${path} is missing. ${remedy}`);
  if (file === 'too-large') throw certificatesError(`${path} is far too large to be a key. ${remedy}`);
  if ((file.mode & 0o077) !== 0)
    throw certificatesError(
      `the key ${path} can be read by others on this machine. Run: chmod 600 '${path}'`,
    );
  return file.text;
}
