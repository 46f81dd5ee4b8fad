import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { AiocError } from '../../engine/base/errors.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { realClock } from '../../engine/base/real-ports.ts';
import { Invitations } from '../../engine/security/invitations.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import {
  madeDirectory,
  random,
  type TestDirectory,
  testDirectory,
} from '../helpers/certificates-directory.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { runs } from '../helpers/runs.ts';
import { SimulatedClock } from '../helpers/simulated-clock.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const CERTIFICATE = 'a'.repeat(64);
/** 100,000 in `npm run campaign:properties`. */
const GUESSES = runs(10_000);

interface Inviting {
  readonly clock: SimulatedClock;
  readonly directory: TestDirectory;
  readonly invitations: Invitations;
  invite(name: string, hours?: number): Promise<string>;
  /** @returns whether the certificate was accepted just now */
  use(secret: string, more?: Partial<Parameters<Invitations['redeem']>[0]>): Promise<boolean>;
}

async function inviting(t: TestContext): Promise<Inviting> {
  const clock = new SimulatedClock(Date.now());
  const directory = testDirectory(tempDir(t));
  mkdirSync(directory.at('server/client-certs'), { recursive: true });
  const invitations = new Invitations({ directory: directory.directory, random, clock });
  return {
    clock,
    directory,
    invitations,
    invite: async (name, hours = 24) => (await invitations.create(name, hours)).secret.toString('base64url'),
    use: async (secret, more) => {
      let isAccepted = false;
      const use = { secret, name: 'bob', fingerprint: CERTIFICATE, address: '10.0.0.1', ...more };
      await invitations.redeem(use, async () => {
        isAccepted = true;
      });
      return isAccepted;
    },
  };
}

/** One sentence for every reason: a guess teaches nothing. */
const refused = (attempt: Promise<unknown>): Promise<unknown> =>
  rejectsWith(attempt, 'AIOC_INVITATION', /^this invitation is not valid: ask for a new one/);

test('an invitation lets its name in once; the same certificate may ask again, since it may have missed the answer', async (t) => {
  const { invite, use } = await inviting(t);
  const secret = await invite('bob');
  assert.equal(await use(secret), true);
  assert.equal(await use(secret), false, 'answered again, and nothing changes');
  await refused(use(secret, { fingerprint: 'b'.repeat(64) }));
});

test('two clients with the same invitation at the same moment: one gets in', async (t) => {
  const { invite, use } = await inviting(t);
  const secret = await invite('bob');
  const both = await Promise.allSettled(
    ['c', 'd'].map((one) => use(secret, { fingerprint: one.repeat(64) })),
  );
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('an invitation that is expired, for another name, replaced or withdrawn is refused', async (t) => {
  const { clock, invitations, invite, use } = await inviting(t);
  const short = await invite('bob', 1);
  await refused(use(short, { name: 'mallory' }));
  await clock.pass(3_600_001);
  await refused(use(short));
  const replaced = await invite('bob');
  const current = await invite('bob');
  await refused(use(replaced));
  assert.equal(await invitations.withdraw('bob'), true);
  assert.equal(await invitations.withdraw('bob'), false);
  await refused(use(current));
});

test('an invitation whose certificate is not accepted is not used up', async (t) => {
  const { invitations, invite, use } = await inviting(t);
  const secret = await invite('bob');
  const invitation = { secret, name: 'bob', fingerprint: CERTIFICATE, address: '10.0.0.1' };
  await assert.rejects(
    invitations.redeem(invitation, () => Promise.reject(new Error('the disk is full'))),
    /disk is full/,
  );
  assert.equal(await use(secret), true);
});

test('any number of guesses is refused without work on the disk, and the invited client still gets in', async (t) => {
  const { invitations, invite, use } = await inviting(t);
  const secret = await invite('bob');
  const guess = { name: 'bob', fingerprint: CERTIFICATE, address: '10.0.0.1' };
  const accept = (): Promise<never> => Promise.reject(new Error('a guess was right'));
  for (let guesses = 0; guesses < GUESSES; guesses += 1) {
    const attempt = invitations.redeem({ ...guess, secret: `guess ${guesses}` }, accept);
    const code = await attempt.then(String, (error: AiocError) => error.code);
    if (code !== 'AIOC_INVITATION') assert.fail(`guess ${guesses}: ${code}`);
  }
  assert.equal(await use(secret, { address: '10.0.0.1' }), true);
  assert.deepEqual(
    (await invitations.list()).map(({ name, isUsed }) => [name, isUsed]),
    [['bob', true]],
  );
});

test('the file has no secret, and only its owner may read it', async (t) => {
  const { directory, invite } = await inviting(t);
  const secret = await invite('bob');
  const path = directory.at('server/client-certs/.invitations.json');
  const text = readFileSync(path, 'utf8');
  assert.ok(!text.includes(secret));
  assert.ok(!text.includes(Buffer.from(secret, 'base64url').toString('hex')));
  assert.ok(text.includes(createHash('sha256').update(secret).digest('hex')));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('servers and commands that share a directory see each other’s invitations, each of which is used once', async (t) => {
  const { clock, directory, invitations, use } = await inviting(t);
  const other = new Invitations({ directory: directory.directory, random, clock });
  await refused(use('nothing yet'));
  const secret = (await other.create('bob', 24)).secret.toString('base64url');
  await Promise.all(Array.from({ length: 20 }, (_, index) => other.create(`client${index}`, 24)));
  assert.equal(await use(secret), true);
  assert.equal((await invitations.list()).length, 21);
  await refused(
    other.redeem({ secret, name: 'bob', fingerprint: 'e'.repeat(64), address: '::1' }, async () => undefined),
  );
});

test('there is a most, and a damaged file says what to do', async (t) => {
  const { directory, invitations, use } = await inviting(t);
  const path = directory.at('server/client-certs/.invitations.json');
  const stored = (name: string) => ({ name, secret_sha256: name, expires_ms: Date.now() * 2 });
  const many = Array.from({ length: LIMITS.invitations }, (_, index) => stored(`client${index}`));
  writeFileSync(path, JSON.stringify({ version: 1, invitations: many }));
  await rejectsWith(invitations.create('bob', 24), 'AIOC_INVITATION', /4096 invitations, the maximum/);
  writeFileSync(path, '{"version":1');
  await rejectsWith(use('secret'), 'AIOC_CERTIFICATES', /is damaged: delete it/);
});

test('an invitation is made while somebody else opens the directory, which clears away what a crash has left', async (t) => {
  const { directory } = await madeDirectory(t);
  const clock = realClock();
  const invitations = new Invitations({ directory, random, clock });
  const wallNow = (): number => Date.now();
  let isDone = false;
  const opening = (async () => {
    while (!isDone) await ServerCertificates.open({ directory, random, clock, wallNow });
  })();
  try {
    for (let at = 0; at < 60; at += 1) await invitations.create(`client${at}`, 1);
  } finally {
    isDone = true;
    await opening;
  }
  assert.equal((await invitations.list()).length, 60);
});
