import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { contentOf, type DerElement, readElement, readElements, TAG } from './der.ts';

/** What OpenSSL's names for a certificate's own fields do not tell, read off its DER. */
export interface CertificateStructure {
  /** The subject's RDNs, in order, without the SEQUENCE around them. */
  readonly subject: Buffer;
  /** The same of whom it says has signed it. */
  readonly issuer: Buffer;
  /** 1 or 3. */
  readonly version: number;
  /** It says of itself that it signs no other certificate: basicConstraints is there and does not say CA. */
  readonly isLeaf: boolean;
}

const BASIC_CONSTRAINTS = Buffer.from('551d13', 'hex');

/**
 * Walks a certificate down to its subject and its basicConstraints. Everything else is OpenSSL's to read.
 *
 * @param der at most LIMITS.identityFileBytes
 * @throws AiocError AIOC_CERTIFICATE_BAD
 */
export function readStructure(der: Buffer): CertificateStructure {
  if (der.length > LIMITS.identityFileBytes) {
    throw new AiocError(
      'AIOC_CERTIFICATE_BAD',
      `the certificate is larger than ${LIMITS.identityFileBytes} bytes`,
    );
  }
  const [toBeSigned] = readElements(contentOf(readElement(der), TAG.sequence));
  const fields = readElements(contentOf(toBeSigned, TAG.sequence));
  const explicit = fields[0]?.tag === TAG.version ? fields.shift() : undefined;
  const version = explicit === undefined ? 0 : (readElement(explicit.content).content[0] ?? 0);
  // serial number, signature algorithm, issuer, validity, subject
  const issuer = contentOf(fields[2], TAG.sequence);
  const subject = contentOf(fields[4], TAG.sequence);
  return { subject, issuer, version: version + 1, isLeaf: saysLeaf(fields) };
}

function saysLeaf(fields: readonly DerElement[]): boolean {
  const extensions = fields.find(({ tag }) => tag === TAG.extensions);
  if (extensions === undefined) return false;
  const constraints = readElements(contentOf(readElement(extensions.content), TAG.sequence))
    .map((extension) => readElements(contentOf(extension, TAG.sequence)))
    .filter(([id]) => id?.tag === TAG.objectIdentifier && id.content.equals(BASIC_CONSTRAINTS));
  const [only] = constraints;
  if (only === undefined || constraints.length > 1) return false;
  const value = readElement(contentOf(only.at(-1), TAG.octetString));
  // DER leaves out what is false, so a certificate that is no authority says nothing at all in there.
  return value.tag === TAG.sequence && value.content.length === 0;
}
