import { AiocError } from '../base/errors.ts';
import { type CertificateFacts, datesFault } from './certificate-facts.ts';
import { readStructure } from './certificate-structure.ts';
import { nameUri, URI_PREFIX } from './keys-and-certificates.ts';

const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 4096;
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1']);

/**
 * Checks whether a certificate that a client created may be added to the trust store. It must be self-signed (Python's
 * TLS accepts nothing else there), a version 3 leaf (otherwise its holder could sign others, which Python would trust),
 * valid now, have a strong key of moderate size, and not be made for another name.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD
 */
export function checkClientCertificate(
  certificate: CertificateFacts,
  { name, wallNowMs }: { readonly name: string; readonly wallNowMs: number },
): void {
  const { x509, der } = certificate;
  const { version, isLeaf, subject, issuer } = readStructure(der);
  if (version !== 3 || !isLeaf || x509.ca)
    throw bad('could sign other certificates: it must have version 3 and basicConstraints CA:FALSE');
  const { asymmetricKeyType, asymmetricKeyDetails } = x509.publicKey;
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  const strong =
    (asymmetricKeyType === 'rsa' && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) ||
    (asymmetricKeyType === 'ec' && CURVES.has(asymmetricKeyDetails?.namedCurve ?? ''));
  if (!strong) throw bad(`has an unsupported kind or size of key: use RSA with ${RSA_BITS_MIN} bits`);
  // `checkIssued` would ask whether it may sign certificates, which a leaf may not.
  if (!subject.equals(issuer) || !x509.verify(x509.publicKey)) throw bad('is not signed by itself');
  const fault = datesFault(certificate, wallNowMs);
  if (fault !== undefined) throw bad(fault);
  const names = x509.subjectAltName ?? '';
  if (names.includes(URI_PREFIX) && names !== `URI:${nameUri(name)}`)
    throw bad(`was made for another name than ${name} (subjectAltName)`);
}

/** The name in the subjectAltName of a certificate that aioc has made: a claim, not a proof. */
export function nameIn({ x509 }: CertificateFacts): string | undefined {
  const prefix = `URI:${URI_PREFIX}`;
  const names = x509.subjectAltName ?? '';
  if (!names.startsWith(prefix)) return undefined;
  try {
    return decodeURIComponent(names.slice(prefix.length));
  } catch {
    return undefined;
  }
}

function bad(what: string): AiocError {
  return new AiocError('AIOC_CERTIFICATE_BAD', `the certificate ${what}`);
}
