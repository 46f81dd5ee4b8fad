import { generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type forge from 'node-forge';
import type { Randomness, TlsSettings } from '../base/ports.ts';

/**
 * Keys and signatures come from OpenSSL (node:crypto), and node-forge only builds certificates of our own: whatever a peer
 * presents is parsed by OpenSSL alone, since forge's parsers have a history of holes.
 */
const RSA_BITS = 2048;
const DAY_MS = 86_400_000;
/** The other machine's clock may be behind ours: by a wrong time zone, or since its battery is empty. */
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
  /** In this order; also the issuer, since every certificate here signs itself. */
  readonly subject: readonly SubjectField[];
  readonly keys: KeyPair;
  readonly wallNowMs: number;
  readonly validDays: number;
  readonly random: Randomness;
  /** X.509 v3 extensions as node-forge takes them. */
  readonly extensions: readonly object[];
}

/** An RSA-2048 key pair, made off this thread (0.1 to 0.3 s). */
export async function makeKeyPair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generate('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKeyPem: publicKey, privateKeyPem: privateKey };
}

/** 32 random hex digits: a subject that no other certificate has, as Python's trust store needs. */
export function uniqueOrganization(random: Randomness): string {
  return random.bytes(UNIQUE_ORGANIZATION_BYTES).toString('hex');
}

/**
 * A positive serial number of 158 random bits, in hex. It tells certificates apart; it is never an identity. Its first
 * byte is never zero: OpenSSL refuses a number with more leading zeros than it needs.
 */
export function serialNumber(random: Randomness): string {
  const bytes = Buffer.from(random.bytes(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/**
 * The extensions of a certificate that is a leaf and nothing else: it can neither sign another one (which is how
 * version 1 certificates let one client pose as another) nor serve any purpose but TLS, in either role.
 * @param name - What the certificate speaks for; it stands in subjectAltName as a URI.
 */
export function leafExtensions(name: string): object[] {
  return [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', clientAuth: true, serverAuth: true },
    { name: 'subjectAltName', altNames: [{ type: 6, value: `urn:aioc:${encodeURIComponent(name)}` }] },
  ];
}

/** Builds and signs (SHA-256) a self-signed X.509 v3 certificate. */
export async function buildCertificate(spec: CertificateSpec): Promise<string> {
  // Loaded only here: it is nearly half of the engine's code, and most processes never build a certificate.
  const { default: forge } = await import('node-forge');
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(spec.keys.publicKeyPem);
  certificate.serialNumber = serialNumber(spec.random);
  certificate.validity.notBefore = new Date(spec.wallNowMs - CLOCK_MARGIN_MS);
  certificate.validity.notAfter = new Date(spec.wallNowMs + spec.validDays * DAY_MS);
  const fields = spec.subject.map(({ name, value }) => ({
    name,
    value,
    // A country is a PrintableString by its definition; the others may hold any letter.
    valueTagClass: name === 'countryName' ? forge.asn1.Type.PRINTABLESTRING : forge.asn1.Type.UTF8,
  }));
  // The types call it a class, but it is the ASN.1 type of the value.
  const subject = fields as unknown as forge.pki.CertificateField[];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([...spec.extensions]);
  // What forge hands over is a digest, and what it asks for is the signature of what that is of.
  const signer = {
    sign: () => {
      const signed = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1');
      // By OpenSSL: in JavaScript it takes 0.1 s of this thread.
      return sign('sha256', signed, spec.keys.privateKeyPem).toString('latin1');
    },
  };
  certificate.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

/** A new key pair and a certificate by which a peer can recognise it for the next ten years. */
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
