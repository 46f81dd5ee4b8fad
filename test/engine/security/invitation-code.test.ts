import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Invitation,
  invitationCode,
  readInvitationCode,
  SECRET_BYTES,
} from '../../../engine/security/invitation-code.ts';
import { runs } from '../../helpers/runs.ts';

const bytes = (count: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: count, maxLength: count }).map((array) => Buffer.from(array));
const parts = {
  host: fc.constantFrom('127.0.0.1', '::1', 'fe80::1%eth0', 'broker.example.org', 'x'.repeat(253)),
  port: fc.integer({ min: 1, max: 65_535 }),
  name: fc.constantFrom('bob', 'a:b_c-d', 'n'.repeat(128)),
  serverFingerprint: bytes(32).map((digest) => digest.toString('hex')),
  secret: bytes(SECRET_BYTES),
};
const invitations: fc.Arbitrary<Invitation> = fc.record(parts, { noNullPrototype: true });

test('an invitation is one word, and reads as what was written', () => {
  fc.assert(
    fc.property(invitations, (invitation) => {
      const code = invitationCode(invitation);
      assert.match(code, /^aioc1[0-9a-z]+$/);
      assert.deepEqual(readInvitationCode(code), invitation);
      const pasted = ` │ ${code.slice(0, 30).toUpperCase()} │\n │ ${code.slice(30)}  │\r\n`;
      assert.deepEqual(readInvitationCode(pasted), invitation);
    }),
    { numRuns: runs(200) },
  );
});

const SAMPLE = invitationCode({
  host: '192.0.2.7',
  port: 10_673,
  name: 'bob',
  serverFingerprint: randomBytes(32).toString('hex'),
  secret: randomBytes(SECRET_BYTES),
});

test('each single wrong, missing or additional letter is noticed', () => {
  const wrong = new Set<string>();
  for (let at = 'aioc1'.length; at < SAMPLE.length; at += 1) {
    wrong.add(SAMPLE.slice(0, at) + SAMPLE.slice(at + 1));
    wrong.add(SAMPLE.slice(0, at));
    for (const letter of ['7', 'z', 'u', '-'])
      if (SAMPLE[at] !== letter) wrong.add(SAMPLE.slice(0, at) + letter + SAMPLE.slice(at + 1));
    wrong.add(`${SAMPLE.slice(0, at)}7${SAMPLE.slice(at)}`);
  }
  wrong.delete(SAMPLE);
  for (const code of wrong)
    assert.throws(() => readInvitationCode(code), { code: 'AIOC_INVITATION', message: /typo/ }, code);
});

test('what is no invitation, or of a newer aioc, is called so', () => {
  for (const text of ['', 'hello', '-', '\0', 'x'.repeat(100_000)])
    assert.throws(() => readInvitationCode(text), { code: 'AIOC_INVITATION', message: /starts with aioc1/ });
  assert.throws(() => readInvitationCode(`aioc2${SAMPLE.slice(5)}`), { message: /newer aioc/ });
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      assert.throws(() => readInvitationCode(`aioc1${text}`), { code: 'AIOC_INVITATION' });
    }),
    { numRuns: runs(500) },
  );
});
