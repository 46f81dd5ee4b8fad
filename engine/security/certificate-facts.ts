import { createPrivateKey, X509Certificate } from 'node:crypto';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { EnrolmentTerms } from '../protocol/enrolment.ts';
import { fingerprintOf, fingerprintWords } from './fingerprint.ts';
import { subjectHash } from './subject-hash.ts';

const DAY_MS = 86_400_000;

/** The fields of a certificate that aioc uses. */
export interface CertificateFacts {
  readonly x509: X509Certificate;
  readonly pem: string;
  readonly der: Buffer;
  /** SHA-256 of the DER, lower-case hex. Certificates are recognised only by this. */
  readonly fingerprint: string;
  readonly words: string;
  /** Upper-case hex, as OpenSSL prints it. A key in Python's map, never a proof of identity. */
  readonly serial: string;
  readonly subjectHash: string;
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Reads a certificate: DER, or the first one in a PEM text.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD
 */
export function readCertificate(source: string | Buffer): CertificateFacts {
  if (source.length > LIMITS.identityFileBytes)
    throw bad(`it is larger than ${LIMITS.identityFileBytes} bytes`);
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(source);
  } catch (error) {
    throw bad('it is damaged or not a certificate', error);
  }
  const der = x509.raw;
  const fingerprint = fingerprintOf(der);
  return {
    x509,
    pem: x509.toString(),
    der,
    fingerprint,
    words: fingerprintWords(fingerprint),
    serial: x509.serialNumber,
    subjectHash: subjectHash(der),
    notBeforeMs: Date.parse(x509.validFrom),
    notAfterMs: Date.parse(x509.validTo),
  };
}

/** Why the certificate is not valid at that time, as the end of a sentence about it; undefined if it is valid. */
export function datesFault(certificate: CertificateFacts, wallNowMs: number): string | undefined {
  const { notBeforeMs, notAfterMs, x509 } = certificate;
  // Written so that an unreadable date (NaN) is a fault too.
  const clock = `and this machine's clock says ${clockText(wallNowMs)}: check the clock`;
  if (!(wallNowMs <= notAfterMs)) return `expired on ${x509.validTo}, ${clock}`;
  if (!(wallNowMs >= notBeforeMs)) return `is valid only from ${x509.validFrom}, ${clock}`;
  return undefined;
}

/** Whether the certificate lives no longer than a server's terms allow, with a margin for clocks that differ. */
export function meetsTerms(
  { notAfterMs }: CertificateFacts,
  terms: EnrolmentTerms | undefined,
  wallNowMs: number,
): boolean {
  return (
    terms === undefined || notAfterMs <= wallNowMs + (terms.days + LIMITS.certificateMarginDays) * DAY_MS
  );
}

function clockText(wallNowMs: number): string {
  const time = new Date(wallNowMs);
  return Number.isNaN(time.getTime())
    ? 'nothing'
    : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Whether the private key (PEM, not encrypted) belongs to the certificate; false for a damaged key. */
export function keyBelongs(certificate: CertificateFacts, privateKeyPem: string): boolean {
  try {
    return certificate.x509.checkPrivateKey(createPrivateKey(privateKeyPem));
  } catch {
    return false;
  }
}

function bad(what: string, cause?: unknown): AiocError {
  return new AiocError('AIOC_CERTIFICATE_BAD', `the certificate cannot be used: ${what}`, { cause });
}
