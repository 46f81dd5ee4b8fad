import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { TlsSettings } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';
import { type CertificateFacts, datesFault, keyBelongs, readCertificate } from './certificate-facts.ts';
import { certificatesError } from './certificate-paths.ts';

/** A certificate with its key and its fingerprint words. */
export interface Credentials extends TlsSettings {
  readonly fingerprint: string;
  readonly words: string;
  /** When it ends, in milliseconds since 1970. */
  readonly notAfterMs: number;
}

/** The text of a file of the directory; undefined if it does not exist. @throws AiocError AIOC_CERTIFICATES */
export async function readStored(path: string): Promise<string | undefined> {
  const text = await readTrusted(path, LIMITS.identityFileBytes);
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw certificatesError(`${path} is too large`);
  return text;
}

/** A file that exceeds its limit. */
interface TooLarge {
  readonly isTooLarge: true;
}

/**
 * The text of a file that decides who is trusted; undefined if it does not exist.
 *
 * @throws AiocError AIOC_CERTIFICATES if every user of the machine can write to it
 */
export async function readTrusted(path: string, limitBytes: number): Promise<string | TooLarge | undefined> {
  const file = await readSmallFile(path, limitBytes);
  if (file === undefined) return undefined;
  if (file === 'too-large') return { isTooLarge: true };
  if (isOfAnybody(file)) throw writableByAll(path);
  return file.text;
}

export function isOfAnybody({ mode }: { readonly mode: number }): boolean {
  return (mode & 0o002) !== 0;
}

export function writableByAll(path: string): AiocError {
  return certificatesError(`every user of this machine can write to ${path}. Run: chmod o-w '${path}'`);
}

/** The certificate in a file; undefined if it does not exist. @throws AiocError AIOC_CERTIFICATES */
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
 * Reads a certificate and its key, and checks that they belong together and are valid.
 *
 * @param wallNowMs undefined: the dates are checked later, since a clock can be corrected while the program runs
 * @param remedy what to do if a file is missing, damaged or expired: a sentence without its full stop
 * @throws AiocError AIOC_CERTIFICATES
 */
export async function readCredentials(
  paths: { readonly certificate: string; readonly key: string },
  { wallNowMs, remedy }: { readonly wallNowMs: number | undefined; readonly remedy: string },
): Promise<Credentials> {
  const certificate = await readStoredCertificate(paths.certificate);
  if (certificate === undefined) throw certificatesError(`${paths.certificate} is missing. ${remedy}`);
  const privateKeyPem = await readKey(paths.key, remedy);
  if (!keyBelongs(certificate, privateKeyPem))
    throw certificatesError(
      `the key ${paths.key} is damaged or does not belong to ${paths.certificate}. ${remedy}`,
    );
  const fault = wallNowMs === undefined ? undefined : datesFault(certificate, wallNowMs);
  if (fault !== undefined && wallNowMs !== undefined) {
    // A certificate that is not valid yet needs no new file.
    const advice = wallNowMs < certificate.notBeforeMs ? '' : ` If it is: ${remedy}`;
    throw certificatesError(`the certificate ${paths.certificate} ${fault}${advice}`);
  }
  return {
    certificatePem: certificate.pem,
    privateKeyPem,
    fingerprint: certificate.fingerprint,
    words: certificate.words,
    notAfterMs: certificate.notAfterMs,
  };
}

async function readKey(path: string, remedy: string): Promise<string> {
  const file = await readSmallFile(path, LIMITS.identityFileBytes);
  if (file === undefined) throw certificatesError(`${path} is missing. ${remedy}`);
  if (file === 'too-large') throw certificatesError(`${path} is too large for a key. ${remedy}`);
  if ((file.mode & 0o077) !== 0)
    throw certificatesError(
      `the key ${path} can be read by other users of this machine. Run: chmod 600 '${path}'`,
    );
  return file.text;
}
