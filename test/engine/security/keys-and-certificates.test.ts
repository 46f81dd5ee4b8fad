import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import {
  buildCertificate,
  leafExtensions,
  makeKeyPair,
  makeSelfSigned,
  serialNumber,
} from '../../../engine/security/keys-and-certificates.ts';

const realRandom = realRandomness();

const NOW = Date.UTC(2026, 5, 1, 12, 0, 0);
const DAY = 86_400_000;

test('a self-made certificate is a signed version 3 leaf for TLS in both roles, valid ten years', async () => {
  const pair = await makeSelfSigned({ commonName: 'zoë', wallNowMs: NOW, random: realRandom });
  const certificate = new X509Certificate(pair.certificatePem);
  assert.ok(certificate.verify(certificate.publicKey), 'its signature is its own');
  assert.ok(certificate.checkPrivateKey(createPrivateKey(pair.privateKeyPem)));
  assert.equal(certificate.ca, false);
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  assert.match(certificate.subject, /^O=[0-9a-f]{32}\nCN=zoë$/);
  assert.equal(certificate.issuer, certificate.subject);
  assert.equal(certificate.subjectAltName, 'URI:urn:aioc:zo%C3%AB');
  assert.deepEqual(certificate.keyUsage?.slice().sort(), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  assert.equal(Date.parse(certificate.validFrom), NOW - 86_400_000);
  assert.equal(Date.parse(certificate.validTo), NOW + 3650 * DAY);
  const der = certificate.raw.toString('hex');
  assert.ok(der.includes('a003020102'), 'version 3');
  assert.ok(der.includes('06092a864886f70d01010b'), 'SHA-256 with RSA');
  assert.ok(der.includes('0603551d130101ff04023000'), 'basicConstraints, critical, no CA');
  assert.ok(der.includes('0603551d0f0101ff040403'), 'keyUsage, critical');
});

test('the builder makes certificates of the other kind too: subject, days and extensions are given', async () => {
  const keys = await makeKeyPair();
  const pem = await buildCertificate({
    subject: [
      { name: 'countryName', value: 'US' },
      { name: 'organizationName', value: 'abc' },
    ],
    keys,
    wallNowMs: NOW,
    validDays: 3,
    random: realRandom,
    extensions: leafExtensions('client_1'),
  });
  const certificate = new X509Certificate(pem);
  assert.equal(certificate.subject, 'C=US\nO=abc');
  assert.equal(Date.parse(certificate.validTo), NOW + 3 * DAY);
});

test('serial numbers are positive, at most 20 bytes, and differ', () => {
  const serials = Array.from({ length: 100_000 }, () => serialNumber(realRandom));
  assert.deepEqual(
    serials.filter((serial) => !/^[0-7][0-9a-f]{39}$/.test(serial)),
    [],
  );
  assert.equal(new Set(serials).size, serials.length);
});

test('each of the 158 random bits of a serial number is set as often as not', () => {
  const [COUNT, BITS] = [2_000, 158];
  const ones = Array.from({ length: BITS }, () => 0);
  for (let count = 0; count < COUNT; count += 1) {
    const serial = BigInt(`0x${serialNumber(realRandom)}`);
    for (let bit = 0; bit < BITS; bit += 1)
      ones[bit] = (ones[bit] ?? 0) + Number((serial >> BigInt(bit)) & 1n);
  }
  // Eleven standard deviations.
  for (const [bit, count] of ones.entries())
    assert.ok(Math.abs(count - COUNT / 2) < 250, `bit ${bit}: ${count}`);
});

test('a serial number keeps its leading bits in the certificate', async () => {
  const bytes = Buffer.alloc(20, 0xff);
  const certificate = new X509Certificate(
    await buildCertificate({
      subject: [{ name: 'commonName', value: 'a' }],
      keys: await makeKeyPair(),
      wallNowMs: NOW,
      validDays: 1,
      random: { ...realRandom, bytes: () => bytes },
      extensions: [],
    }),
  );
  assert.equal(certificate.serialNumber, `7F${'FF'.repeat(19)}`);
});
