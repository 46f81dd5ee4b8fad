import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { LIMITS } from '../../engine/base/limits.ts';
import { enrollingServer } from '../helpers/enrolments.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { runs } from '../helpers/runs.ts';

const derOf = (pem: string): Buffer => new X509Certificate(pem).raw;
/** More than may be unconfirmed. With AIOC_TEST_RUNS=15 there are 900, and the limit is that of a real server. */
const NAMES = runs(60);
const MAX_UNCONFIRMED = Math.min(40 * (NAMES / 60), LIMITS.unconfirmedCertificates);

/** The rate is another test's (enrolment-turns.test.ts); here all come at once, as over a long time. */
test(`${NAMES} made-up names neither fill the register nor keep an honest client out (S4b)`, async (t) => {
  const { certificates, makeCertificate, enrol } = await enrollingServer(t, {
    maxCertificates: 30,
    maxUnconfirmed: MAX_UNCONFIRMED,
  });
  const honest = await enrol('honest', { address: '10.0.1.1' });
  for (let index = 0; index < NAMES; index += 1) {
    const { certificatePem } = await makeCertificate(`made-up-${index}`);
    await certificates.accept(`made-up-${index}`, certificatePem, { address: `10.0.0.${index % 8}` });
  }
  const listed = await certificates.list();
  assert.equal(listed.length, MAX_UNCONFIRMED);
  assert.ok(listed.every(({ isUnconfirmed }) => isUnconfirmed));
  assert.deepEqual(await certificates.trusted(derOf(honest)), { who: 'client', name: 'honest' });
  const late = await enrol('late', { address: '10.0.0.3' });
  assert.deepEqual(await certificates.trusted(derOf(late)), { who: 'client', name: 'late' });
});

test('a name whose certificate never connected is free after 10 minutes; the certificate is valid until then (S4c)', async (t) => {
  const { clock, certificates, enrol, makeCertificate } = await enrollingServer(t);
  const burnt = await enrol('ann', { address: '10.0.0.66' });
  await rejectsWith(enrol('ann'), 'AIOC_CERTIFICATE_EXISTS', /request it again in 10 min/);
  await clock.pass(LIMITS.unconfirmedMs - 61_000);
  await rejectsWith(enrol('ann'), 'AIOC_CERTIFICATE_EXISTS', /request it again in 2 min/);
  await clock.pass(61_000);
  const own = await enrol('ann');
  assert.equal((await certificates.trusted(derOf(burnt))).who, 'nobody');
  assert.deepEqual(await certificates.trusted(derOf(own)), { who: 'client', name: 'ann' });
  await clock.pass(2 * LIMITS.unconfirmedMs);
  await rejectsWith(enrol('ann'), 'AIOC_CERTIFICATE_EXISTS', /already has a certificate/);

  const unconfirmed = await enrol('ben', { address: '10.0.0.66' });
  const { certificatePem } = await makeCertificate('ben');
  await certificates.accept('ben', certificatePem, { isInvited: true });
  assert.equal((await certificates.trusted(derOf(unconfirmed))).who, 'nobody', 'at once with an invitation');
  await clock.pass(2 * LIMITS.unconfirmedMs);
  await rejectsWith(enrol('ben'), 'AIOC_CERTIFICATE_EXISTS', /already has a certificate/);
});

test('a client that connects in time keeps its name, also over a restart of the server', async (t) => {
  const { clock, certificates, enrol } = await enrollingServer(t);
  const slow = await enrol('ann');
  await clock.pass(2 * LIMITS.unconfirmedMs);
  assert.deepEqual(await certificates.trusted(derOf(slow)), { who: 'client', name: 'ann' });
  await rejectsWith(enrol('ann'), 'AIOC_CERTIFICATE_EXISTS', /already has a certificate/);
  const [ann] = await certificates.list();
  assert.equal(ann?.isUnconfirmed, false);
});
