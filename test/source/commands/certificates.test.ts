import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCertificate } from '../../../engine/security/certificate-facts.ts';
import { runCreateCertificates } from '../../../source/commands/certificates.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

test('create_certificates tells the server’s words and what to do next, and a second time refuses', async (t) => {
  const directory = tempDir(t);
  let printed = '';
  const print = (text: string): void => {
    printed += text;
  };
  assert.equal(await runCreateCertificates(directory, print), 0);
  const { words, fingerprint } = readCertificate(
    readFileSync(join(directory, 'certificates/server/server-cert/server.pem')),
  );
  for (const part of [words, fingerprint, JSON.stringify(directory), join(directory, 'certificates/client')])
    assert.ok(printed.includes(part), part);
  printed = '';
  await rejectsWith(runCreateCertificates(directory, print), 'AIOC_CERTIFICATES', /Move it away/);
  assert.equal(printed, '');
});
