import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AiocError } from '../../../engine/base/errors.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { readCertificate } from '../../../engine/security/certificate-facts.ts';
import { readStructure } from '../../../engine/security/certificate-structure.ts';
import { readElement, TAG, writeElement } from '../../../engine/security/der.ts';
import { subjectHash } from '../../../engine/security/subject-hash.ts';

interface Entry {
  readonly subject: string;
  readonly openssl_subject_hash: string;
  readonly serial: string;
  readonly sha256_fingerprint: string;
  readonly certificate_pem: string;
}

const vectors = join(import.meta.dirname, '../../vectors/certificates.json');
const { certificates } = JSON.parse(readFileSync(vectors, 'utf8')) as { certificates: Entry[] };

for (const entry of certificates) {
  test(`hash, serial and fingerprint are OpenSSL's: ${entry.subject}`, () => {
    const context = readCertificate(entry.certificate_pem);
    assert.equal(context.subjectHash, entry.openssl_subject_hash);
    assert.equal(context.serial, entry.serial);
    assert.equal(context.fingerprint, entry.sha256_fingerprint.replaceAll(':', '').toLowerCase());
    assert.deepEqual(
      readCertificate(context.der).fingerprint,
      context.fingerprint,
      'PEM and DER are the same',
    );
  });
}

/** A certificate's outermost structure around a subject; enough for the hash, which looks at nothing else. */
function withSubject(...names: Buffer[]): Buffer {
  const sequence = (...parts: Buffer[]): Buffer => writeElement(TAG.sequence, Buffer.concat(parts));
  const empty = sequence();
  const serial = writeElement(TAG.integer, Buffer.from([1]));
  return sequence(sequence(serial, empty, empty, empty, sequence(...names)), empty);
}

function attribute(tag: number, value: Buffer, type = '55040a'): Buffer {
  const oid = writeElement(TAG.objectIdentifier, Buffer.from(type, 'hex'));
  return writeElement(TAG.sequence, Buffer.concat([oid, writeElement(tag, value)]));
}

const name = (...attributes: Buffer[]): Buffer => writeElement(TAG.set, Buffer.concat(attributes));
const utf8 = (text: string): Buffer => attribute(TAG.utf8String, Buffer.from(text));

test('a name hashes the same in whichever string type, case and spacing it is written', () => {
  const plain = subjectHash(withSubject(name(utf8('café x'))));
  const latin1 = attribute(TAG.teletexString, Buffer.from('  CAF\xe9\t\n X ', 'latin1'));
  const bmp = attribute(TAG.bmpString, Buffer.from('café x', 'utf16le').swap16());
  assert.equal(subjectHash(withSubject(name(latin1))), plain);
  assert.equal(subjectHash(withSubject(name(bmp))), plain);
  assert.notEqual(
    subjectHash(withSubject(name(utf8('cafÉ x')))),
    plain,
    'only ASCII letters lose their case',
  );
});

test('the parts of one name have no order, names have', () => {
  const [a, b] = [utf8('aa'), attribute(TAG.utf8String, Buffer.from('b'), '550403')];
  assert.equal(subjectHash(withSubject(name(a, b))), subjectHash(withSubject(name(b, a))));
  assert.notEqual(subjectHash(withSubject(name(a), name(b))), subjectHash(withSubject(name(b), name(a))));
});

test('values that are no text count as they are; text that is none is refused', () => {
  const bits = (content: string): Buffer => attribute(0x03, Buffer.from(content));
  assert.notEqual(subjectHash(withSubject(name(bits('A')))), subjectHash(withSubject(name(bits('a')))));
  const wrong = [
    attribute(TAG.utf8String, Buffer.from([0xff])),
    attribute(TAG.bmpString, Buffer.from([0x00])),
    attribute(TAG.bmpString, Buffer.from([0xd8, 0x00])),
    attribute(TAG.universalString, Buffer.from([0x00, 0x11, 0x00, 0x00])),
  ];
  for (const value of wrong) assert.throws(() => subjectHash(withSubject(name(value))), isBad);
});

test('long and indefinite lengths, long tags and trailing bytes are not DER', () => {
  for (const hex of [
    '',
    '30',
    '3080',
    '308100',
    '30810100',
    '3082000100',
    '3085000000000100',
    '1f0100',
    '3002',
  ])
    assert.throws(() => readElement(Buffer.from(hex, 'hex')), isBad, hex);
  for (const length of [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000])
    assert.equal(readElement(writeElement(TAG.sequence, Buffer.alloc(length))).content.length, length);
});

test('damaged certificates are refused and nothing else happens, however deep they are nested', () => {
  const der = new X509Certificate(certificates[0]?.certificate_pem ?? '').raw;
  let tried = 0;
  const read = (bytes: Buffer): void => {
    tried += 1;
    try {
      assert.match(subjectHash(bytes), /^[0-9a-f]{8}$/);
      readStructure(bytes);
    } catch (error) {
      if (!isBad(error)) throw error;
    }
  };
  for (let cut = 0; cut < der.length; cut += 1) read(der.subarray(0, cut));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(der);
      for (const [at, value] of changes) bytes[at] = value;
      read(bytes);
    }),
    { numRuns: 3_000 },
  );
  read(Buffer.alloc(LIMITS.identityFileBytes, '3080', 'hex'));
  let nested: Buffer = Buffer.alloc(0);
  for (let depth = 0; depth < 10_000; depth += 1)
    nested = writeElement(TAG.sequence, nested).subarray(0, 60_000);
  read(nested);
  read(Buffer.alloc(LIMITS.identityFileBytes + 1));
  assert.ok(tried > 3_000);
});

function isBad(error: unknown): boolean {
  return error instanceof AiocError && error.code === 'AIOC_CERTIFICATE_BAD';
}
