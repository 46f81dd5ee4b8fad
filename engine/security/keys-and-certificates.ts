import { generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type forge from 'node-forge';
import type { Randomness, TlsSettings } from '../base/ports.ts';

/**
 * OpenSSL (node:crypto) makes keys and signatures. node-forge only builds aioc's own certificates. Only OpenSSL parses
 * a peer's certificate, since forge's parsers have had vulnerabilities.
 */
const RSA_BITS = 2048;
const DAY_MS = 86_400_000;
/** The peer's clock may be behind, because of its time zone or an empty battery. */
const CLOCK_MARGIN_MS = DAY_MS;
const SELF_SIGNED_DAYS = 3650;
const SERIAL_BYTES = 20;
const UNIQUE_ORGANIZATION_BYTES = 16;

const generate = promisify(generateKeyPair);

export interface KeyPair {
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKeyPem: string;
  /** PKCS #8, PEM, not encrypted. */
  readonly privateKeyPem: string;
}

export interface SubjectField {
  readonly name: 'countryName' | 'organizationName' | 'commonName';
  readonly value: string;
}

export interface CertificateSpec {
  /** In this order; also the issuer, since every certificate here is self-signed. */
  readonly subject: readonly SubjectField[];
  readonly keys: KeyPair;
  readonly wallNowMs: number;
  readonly validDays: number;
  readonly random: Randomness;
  /** X.509 v3 extensions in node-forge's form. */
  readonly extensions: readonly object[];
}

/** Generates an RSA-2048 key pair in a thread of its own (0.1 to 0.3 s). */
export async function makeKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKeyPem: publicKey, privateKeyPem: privateKey };
}

/** 32 random hex digits, for a unique subject as Python's trust store needs. */
export function uniqueOrganization(random: Randomness): string {
  return random.bytes(UNIQUE_ORGANIZATION_BYTES).toString('hex');
}

/**
 * A positive serial number of 158 random bits, in hex. It is never an identity. Its first byte is not zero: OpenSSL
 * rejects unnecessary leading zeros.
 */
export function serialNumber(random: Randomness): string {
  const bytes = Buffer.from(random.bytes(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/**
 * The extensions of a leaf certificate: it cannot sign others (with version 1, one client could pose as another), and
 * is for TLS only, in either role.
 * @param name - The subject, in subjectAltName as a URI.
 */
export function leafExtensions(name: string): object[] {
  return [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', clientAuth: true, serverAuth: true },
    { name: 'subjectAltName', altNames: [{ type: 6, value: nameUri(name) }] },
  ];
}

export const URI_PREFIX = 'urn:aioc:';

/** How a certificate of aioc has a name in its subjectAltName. */
export function nameUri(name: string): string {
  return `${URI_PREFIX}${encodeURIComponent(name)}`;
}

/** Builds and signs (SHA-256) a self-signed X.509 v3 certificate. */
export async function buildCertificate(spec: CertificateSpec): Promise<string> {
  // Loaded on demand: it is nearly half of the engine's code, and few processes build a certificate.
  const { default: forge } = await import('node-forge');
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(spec.keys.publicKeyPem);
  certificate.serialNumber = serialNumber(spec.random);
  certificate.validity.notBefore = new Date(spec.wallNowMs - CLOCK_MARGIN_MS);
  certificate.validity.notAfter = new Date(spec.wallNowMs + spec.validDays * DAY_MS);
  const fields = spec.subject.map(({ name, value }) => ({
    name,
    value,
    // A country is a PrintableString by definition; the others may have any letter.
    valueTagClass: name === 'countryName' ? forge.asn1.Type.PRINTABLESTRING : forge.asn1.Type.UTF8,
  }));
  // The types expect a class; the value is an ASN.1 type.
  const subject = fields as unknown as forge.pki.CertificateField[];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([...spec.extensions]);
  // forge passes a digest and expects the signature of its data.
  const signer = {
    sign: () => {
      const signed = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1');
      // OpenSSL is used since JavaScript would block this thread for 0.1 s.
      return sign('sha256', signed, spec.keys.privateKeyPem).toString('latin1');
    },
  };
  certificate.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

/** Creates a key pair and a certificate that is valid for ten years. */
export async function makeSelfSigned(options: {
  readonly commonName: string;
  readonly wallNowMs: number;
  readonly random: Randomness;
}): Promise<TlsSettings> {
  const keys = await makeKeyPair();
  const certificatePem = await buildCertificate({
    subject: [
      { name: 'organizationName', value: uniqueOrganization(options.random) },
      { name: 'commonName', value: options.commonName },
    ],
    keys,
    wallNowMs: options.wallNowMs,
    validDays: SELF_SIGNED_DAYS,
    random: options.random,
    extensions: leafExtensions(options.commonName),
  });
  return { certificatePem, privateKeyPem: keys.privateKeyPem };
}
