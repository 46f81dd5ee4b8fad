import { constants, type X509Certificate } from 'node:crypto';
import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls';
import { LIMITS } from '../base/limits.ts';
import type { PeerCertificate, TlsSettings } from '../base/ports.ts';
import { fingerprintOf } from './fingerprint.ts';

/** Only suites with forward secrecy and authenticated encryption. All suites of TLS 1.3 have both. */
const CIPHERS = 'ECDHE+AESGCM:ECDHE+CHACHA20';

/**
 * No session tickets: a resumed session would keep an identity whose certificate has been removed. No renegotiation: a
 * peer could change its certificate.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

/**
 * Fingerprints decide, so no issuer is trusted. Without this, Node reads its list of public issuers at the first
 * connection, which takes a tenth of a second.
 */
const ISSUERS: string[] = [];

/**
 * TLS options of a server. It requests a certificate but does not require one, and accepts any: OpenSSL proves that the
 * peer has the key, and the fingerprint decides who it is, not a chain of issuers. Mutual TLS adds
 * `ServerCertificates.trusted`. With a chain, anyone with Python's shared default key could sign a certificate with
 * another client's serial number.
 */
export function serverTlsOptions(settings: TlsSettings): TlsOptions {
  return {
    cert: settings.certificatePem,
    key: settings.privateKeyPem,
    ca: ISSUERS,
    minVersion: settings.minVersion ?? 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: SECURE_OPTIONS,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: LIMITS.identityTimeoutMs,
  };
}

/**
 * TLS options of a client. It presents its certificate and accepts any from the server; the fingerprint decides. With
 * mutual TLS, send nothing before `serverFault` has accepted the certificate.
 */
export function clientTlsOptions(settings: TlsSettings): ConnectionOptions {
  return {
    cert: settings.certificatePem,
    key: settings.privateKeyPem,
    ca: ISSUERS,
    minVersion: settings.minVersion ?? 'TLSv1.2',
    ciphers: CIPHERS,
    secureOptions: SECURE_OPTIONS,
    rejectUnauthorized: false,
  };
}

/** The certificate that the peer presented, and has the key of; undefined if there is none. Never throws. */
export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  try {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    const der = certificate.raw;
    const notAfterMs = Date.parse(certificate.validTo);
    const notBeforeMs = Date.parse(certificate.validFrom);
    const issuer = issuerOf(certificate);
    const claimedName = claimedNameOf(certificate);
    return { fingerprint: fingerprintOf(der), claimedName, notBeforeMs, notAfterMs, issuer, der };
  } catch {
    // A certificate that cannot be read cannot be trusted.
    return undefined;
  }
}

/**
 * The common name of a certificate; undefined if there is none, several, or one that is not allowed as a name (longer
 * than LIMITS.nameLength, control characters). Node returns the subject with one field per line and escapes such
 * characters, so a value cannot forge a line.
 */
export function claimedNameOf(certificate: X509Certificate): string | undefined {
  // A subject may be as long as the handshake allows (100 KiB). Node returns undefined for an empty one.
  const subject: string | undefined = certificate.subject;
  const lines = (subject ?? '').split('\n').filter((line) => /(^|[^\\] \+ )CN=/.test(line));
  const [line] = lines;
  if (line === undefined || lines.length > 1 || !line.startsWith('CN=')) return undefined;
  const escaped = line.slice('CN='.length);
  // An unescaped plus joins several fields; it is not clear which would be the name.
  if (/(^|[^\\])(\\\\)*\+/.test(escaped) || /\\[0-9A-Fa-f]{2}/.test(escaped)) return undefined;
  const name = escaped.replace(/\\(.)/g, '$1');
  const usable = name.length > 0 && name.length <= LIMITS.nameLength && !/[\x00-\x1f\x7f-\x9f]/.test(name);
  return usable ? name : undefined;
}

/** Of an issuer, so many characters are shown. */
const ISSUER_CHARACTERS = 200;

/** The name of the issuer, one line: `CN=ann, O=Example`; undefined for an empty one. */
function issuerOf(certificate: X509Certificate): string | undefined {
  const issuer: string | undefined = certificate.issuer;
  return issuer ? issuer.slice(0, ISSUER_CHARACTERS).replaceAll('\n', ', ') : undefined;
}
