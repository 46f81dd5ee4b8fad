import { sign, verify } from 'node:crypto';
import type { Connection } from '../base/ports.ts';
import type { CertificateFacts } from './certificate-facts.ts';

/** A label of our own, as RFC 5705 §4 allows without registration. */
const LABEL = 'EXPORTER-aioc-enrolment';
const KEYING_BYTES = 32;

/**
 * What both ends of a TLS connection, and nobody else, can derive from it (RFC 5705) for this name. A signature over it
 * proves that the signer has a key now, on this connection, and wants this name.
 *
 * @returns undefined without TLS
 */
export function enrolmentKeyingMaterial(connection: Connection, name: string): Buffer | undefined {
  return connection.exportKeyingMaterial({ bytes: KEYING_BYTES, label: LABEL, context: Buffer.from(name) });
}

/** The client's proof that it has the key of the certificate that it sends. */
export function proveKey(privateKeyPem: string, keyingMaterial: Buffer): Buffer {
  return sign('sha256', keyingMaterial, privateKeyPem);
}

/** Whether the sender of this certificate has its key. False for a damaged proof. */
export function provesKey(certificate: CertificateFacts, proof: Buffer, keyingMaterial: Buffer): boolean {
  try {
    return verify('sha256', keyingMaterial, certificate.x509.publicKey, proof);
  } catch {
    return false;
  }
}
