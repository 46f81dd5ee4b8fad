import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../engine/base/limits.ts';
import { proveKey } from '../../engine/security/enrolment-proof.ts';
import { makeKeyPair } from '../../engine/security/keys-and-certificates.ts';
import { type EnrollingServer, enrollingServer } from '../helpers/enrolments.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';

async function isNobody({ certificates }: EnrollingServer): Promise<void> {
  assert.deepEqual(await certificates.list(), []);
}

test('a certificate whose key the client does not have is refused: the server’s own, and another client’s (S12)', async (t) => {
  const server = await enrollingServer(t);
  const { enrolment, origin, makeCertificate, directory } = server;
  const keyingMaterial = randomBytes(32);
  const { privateKeyPem } = await makeKeyPair();
  const foreign = [
    readFileSync(directory.at('server/server-cert/server.pem'), 'utf8'),
    (await makeCertificate('ann')).certificatePem,
  ];
  for (const certificatePem of foreign) {
    for (const proof of [proveKey(privateKeyPem, keyingMaterial), randomBytes(256), Buffer.alloc(0)]) {
      const request = { name: 'ann', certificatePem, proof };
      await rejectsWith(
        enrolment.answer(request, origin({ keyingMaterial })),
        'AIOC_CERTIFICATE_BAD',
        /has not proved that it has the key/,
      );
    }
  }
  await isNobody(server);
});

test('a proof of another connection, or for another name, is worth nothing', async (t) => {
  const server = await enrollingServer(t);
  const { enrolment, origin, makeCertificate } = server;
  const { certificatePem, privateKeyPem } = await makeCertificate('ann');
  // The name is a part of what TLS exports (enrolment-proof.ts), so another name has other bytes.
  const proof = proveKey(privateKeyPem, randomBytes(32));
  const request = { name: 'ann', certificatePem, proof };
  for (const keyingMaterial of [randomBytes(32), undefined])
    await rejectsWith(
      enrolment.answer(request, origin({ keyingMaterial })),
      'AIOC_CERTIFICATE_BAD',
      /has not proved/,
    );
  await isNobody(server);
});

test('a certificate without a proof is not taken: the server makes key and certificate, as for Python', async (t) => {
  const { enrolment, origin, makeCertificate } = await enrollingServer(t);
  const { certificatePem } = await makeCertificate('ann');
  const issued = await enrolment.answer({ name: 'ann', certificatePem }, origin());
  assert.notEqual(issued.certificatePem, certificatePem);
  assert.match(issued.privateKeyPem ?? '', /PRIVATE KEY/);
});

async function proved(
  t: TestContext,
  days: number,
): Promise<{ server: EnrollingServer; answer: Promise<unknown> }> {
  const server = await enrollingServer(t);
  const made = await server.makeCertificate('ann', days);
  const from = server.origin();
  const proof = proveKey(made.privateKeyPem, from.keyingMaterial ?? Buffer.alloc(0));
  const { certificatePem } = made;
  return { server, answer: server.enrolment.answer({ name: 'ann', certificatePem, proof }, from) };
}

test('a certificate that lives longer than the server’s terms is refused, with a margin of two days (row 3)', async (t) => {
  for (const days of [365 + LIMITS.certificateMarginDays + 1, 99_999]) {
    const { server, answer } = await proved(t, days);
    await rejectsWith(answer, 'AIOC_CERTIFICATE_BAD', /valid for too long: this server accepts 365 days/);
    await isNobody(server);
  }
  await (await proved(t, 366)).answer;
});

test('a certificate that was made for another name is refused (row 4)', async (t) => {
  const server = await enrollingServer(t);
  const { certificatePem, privateKeyPem } = await server.makeCertificate('mallory');
  const from = server.origin();
  const proof = proveKey(privateKeyPem, from.keyingMaterial ?? Buffer.alloc(0));
  await rejectsWith(
    server.enrolment.answer({ name: 'ann', certificatePem, proof }, from),
    'AIOC_CERTIFICATE_BAD',
    /made for another name than ann/,
  );
  await isNobody(server);
});

test('an unknown certificate gets nothing without an invitation, and no key of the server’s', async (t) => {
  const server = await enrollingServer(t);
  const from = server.origin({ presented: 'unknown' });
  await rejectsWith(
    server.enrolment.answer({ name: 'ann', invitation: 'x' }, from),
    'AIOC_INVITATION',
    /not valid/,
  );
  await isNobody(server);
});
