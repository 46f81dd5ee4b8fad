import { constants, type X509Certificate } from 'node:crypto';
import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls';
import { LIMITS } from '../base/limits.ts';
import type { PeerCertificate, TlsSettings } from '../base/ports.ts';
import { fingerprintOf } from './fingerprint.ts';

/** Forward secrecy and authenticated encryption only. The suites of TLS 1.3 are all of that kind and need no list. */
const CIPHERS = 'ECDHE+AESGCM:ECDHE+CHACHA20';

/**
 * No session tickets: a resumed session would carry the identity of the connection before it past a certificate that
 * has been removed since. No renegotiation: it would let a peer change its certificate halfway.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

/**
 * No issuer is trusted: fingerprints decide. Without this, Node reads the hundred and more certificates of the public
 * issuers before the first connection, which took a tenth of a second of each start.
 */
const ISSUERS: string[] = [];

/**
 * How a server speaks TLS. It asks for a certificate without requiring one, and accepts any: OpenSSL proves that the
 * peer holds the key, and *who* that is gets decided by the fingerprint, not by a chain of issuers. Mutual TLS is this
 * and `ServerCertificates.trusted` on what was shown: a chain would let whoever holds Python's shared default key sign
 * a certificate with another client's serial number.
 */
export function serverTlsOptions(settings: TlsSettings): TlsOptions {
  return {
    cert: settings.certificatePem,
    key: settings.privateKeyPem,
    ca: ISSUERS,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: SECURE_OPTIONS,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: LIMITS.identityTimeoutMs,
  };
}

/**
 * How a client speaks TLS: shows its certificate, and accepts any from the server, to be judged by fingerprint. In mutual
 * TLS nothing may be sent before `serverFault` has found nothing against it.
 */
export function clientTlsOptions(settings: TlsSettings): ConnectionOptions {
  return {
    cert: settings.certificatePem,
    key: settings.privateKeyPem,
    ca: ISSUERS,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    secureOptions: SECURE_OPTIONS,
    rejectUnauthorized: false,
  };
}

/** The certificate that the other end has shown and holds the key of; undefined when it showed none. Never throws. */
export function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  try {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    const der = certificate.raw;
    return { fingerprint: fingerprintOf(der), claimedName: claimedNameOf(certificate), der };
  } catch {
    // Whatever cannot be read is not a certificate that anybody could trust.
    return undefined;
  }
}

/**
 * The one common name of a certificate, or undefined when there is none, several, or one that no name here may be
 * (longer than LIMITS.nameLength, control characters). Node hands the subject out with such characters escaped, one
 * field a line, so that a line cannot be forged from within a value.
 */
export function claimedNameOf(certificate: X509Certificate): string | undefined {
  // The subject of a certificate may be as long as the handshake allows (100 KiB); Node says undefined for an empty one.
  const subject: string | undefined = certificate.subject;
  const lines = (subject ?? '').split('\n').filter((line) => /(^|[^\\] \+ )CN=/.test(line));
  const [line] = lines;
  if (line === undefined || lines.length > 1 || !line.startsWith('CN=')) return undefined;
  const escaped = line.slice('CN='.length);
  // An unescaped plus joins several fields in one: which of them would be the name?
  if (/(^|[^\\])(\\\\)*\+/.test(escaped) || /\\[0-9A-Fa-f]{2}/.test(escaped)) return undefined;
  const name = escaped.replace(/\\(.)/g, '$1');
  const usable = name.length > 0 && name.length <= LIMITS.nameLength && !/[\x00-\x1f\x7f-\x9f]/.test(name);
  return usable ? name : undefined;
}
