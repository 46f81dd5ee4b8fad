import { AiocError } from '../base/errors.ts';
import { type CertificateFacts, datesFault } from './certificate-facts.ts';
import { readStructure } from './certificate-structure.ts';

const RSA_BITS_MIN = 2048;
const RSA_BITS_MAX = 4096;
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1']);

/**
 * Whether a certificate that a client has made itself may stand in the trust store: signed by itself (anything else
 * Python's TLS does not take from there), a version 3 leaf (or its holder could sign others, which Python would trust),
 * valid now, with a strong key of a size that does not keep the processor busy.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD
 */
export function checkClientCertificate(context: CertificateFacts, wallNowMs: number): void {
  const { x509, der } = context;
  const { version, isLeaf, subject, issuer } = readStructure(der);
  if (version !== 3 || !isLeaf || x509.ca)
    throw bad('could sign others: it must be of version 3, with basicConstraints CA:FALSE');
  const { asymmetricKeyType, asymmetricKeyDetails } = x509.publicKey;
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  const strong =
    (asymmetricKeyType === 'rsa' && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) ||
    (asymmetricKeyType === 'ec' && CURVES.has(asymmetricKeyDetails?.namedCurve ?? ''));
  if (!strong) throw bad(`has a key of a kind or size that is not used here: RSA of ${RSA_BITS_MIN} bits is`);
  // OpenSSL's own question, `checkIssued`, is whether it may sign certificates, which a leaf may not.
  if (!subject.equals(issuer) || !x509.verify(x509.publicKey)) throw bad('is not signed by itself');
  const fault = datesFault(context, wallNowMs);
  if (fault !== undefined) throw bad(fault);
}

function bad(what: string): AiocError {
  return new AiocError('AIOC_CERTIFICATE_BAD', `the certificate ${what}`);
}
