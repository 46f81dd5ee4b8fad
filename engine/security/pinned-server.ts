import { AiocError } from '../base/errors.ts';
import { datesFault, readCertificate } from './certificate-facts.ts';
import { certificatesError } from './certificate-paths.ts';

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * The fingerprints of all certificates in a client's pinned file. It has several while a server changes its
 * certificate.
 *
 * @param path the file, for the error
 * @throws AiocError AIOC_CERTIFICATES
 */
export function pinnedCertificates(pem: string, path: string): string[] {
  try {
    const found = (pem.match(PEM_CERTIFICATE) ?? []).map((one) => readCertificate(one).fingerprint);
    if (found.length > 0) return found;
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
  }
  throw certificatesError(
    `${path} is damaged. Copy certificates/client/server-cert from the server's machine again`,
  );
}

/**
 * Why a client must not use the server that presented this certificate; undefined if it is a pinned one. TLS has proved
 * that the peer has its key. Issuers and host names do not count.
 *
 * @param der the certificate exactly as presented; undefined if there was none
 */
export function serverFault(
  der: Buffer | undefined,
  expected: { readonly serverFingerprints: readonly string[]; readonly wallNowMs: number },
): string | undefined {
  if (der === undefined) return 'the server presented no certificate';
  try {
    const certificate = readCertificate(der);
    if (!expected.serverFingerprints.includes(certificate.fingerprint))
      return `the server's certificate (${certificate.words}) is not the one in certificates/client/server-cert: this is another server, or someone is intercepting the connection. If the certificate was renewed, copy that file from the server's machine again`;
    const fault = datesFault(certificate, expected.wallNowMs);
    return fault === undefined ? undefined : `the server's certificate ${fault}`;
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
    return error.message;
  }
}
