import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { contentOf, type DerElement, readElement, readElements, TAG } from './der.ts';

/** Fields of a certificate that Node does not expose, read from its DER. */
export interface CertificateStructure {
  /** The subject's RDNs in order, without the enclosing SEQUENCE. */
  readonly subject: Buffer;
  /** The issuer's RDNs, likewise. */
  readonly issuer: Buffer;
  /** 1 or 3. */
  readonly version: number;
  /** It may not sign other certificates: basicConstraints is present and does not say CA. */
  readonly isLeaf: boolean;
}

const BASIC_CONSTRAINTS = Buffer.from('551d13', 'hex');

/**
 * Reads a certificate's subject and basicConstraints. OpenSSL reads everything else.
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
  // DER omits false, so a certificate that is not a CA has an empty sequence.
  return value.tag === TAG.sequence && value.content.length === 0;
}
