import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { realClock, realRandomness } from '../../engine/base/real-ports.ts';
import { KnownMachines } from '../../engine/security/known-machines.ts';
import { acceptOne, chatMachines, isConnected, until } from '../helpers/chat-machines.ts';
import type { Side } from '../helpers/simulated-connectors.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Each side has a file of its own. */
function house(directory: string) {
  const { world, start } = chatMachines();
  const fileOf = (who: string): string => join(directory, `${who}.json`);
  const side = (role: 'server' | 'client', displayName: string, own: string = role): Promise<Side> =>
    start({ role, displayName, knownMachinesFile: fileOf(own) });
  const known = (who: string): KnownMachines =>
    new KnownMachines({ file: fileOf(who), clock: realClock(), random: realRandomness() });
  return { world, side, known };
}

async function clientOf(known: KnownMachines, fingerprint: string) {
  return (await known.list()).find((one) => one.role === 'client' && one.fingerprint === fingerprint);
}

test('a machine that was accepted once is admitted after a restart of both, and by the name that it gave itself', async (t) => {
  const { world, side, known } = house(tempDir(t));
  const server = await side('server', 'hub');
  const client = await side('client', 'ben at work');
  await acceptOne(world, server);
  await until(world, 'the connection', isConnected(client));
  await waitFor(async () => (await clientOf(known('server'), 'bb'))?.name === 'ben at work', {
    what: 'the name',
  });
  await waitFor(async () => (await known('client').server('127.0.0.1:10673')) !== undefined, { what: 'hub' });
  await Promise.all([server.connector.stop({ hard: true }), client.connector.stop({ hard: true })]);
  const again = await side('server', 'hub');
  const back = await side('client', 'ben at work');
  await until(world, 'the connection', isConnected(back));
  assert.equal(again.status.joinRequests.length, 0);
});

test('a machine that the running server is told to forget must ask again', async (t) => {
  const { world, side, known } = house(tempDir(t));
  const server = await side('server', 'hub');
  const client = await side('client', 'ben');
  await acceptOne(world, server);
  await until(world, 'the connection', isConnected(client));
  await client.connector.stop({ hard: true });
  await waitFor(async () => (await known('server').forget('ben')).length === 1, { what: 'it was known' });
  await side('client', 'ben');
  await until(world, 'a request', () => server.status.joinRequests.length === 1);
  assert.equal(server.status.joinRequests[0]?.warning, undefined);
});

test('another certificate under a known name is a newcomer, with a warning', async (t) => {
  const { world, side } = house(tempDir(t));
  const server = await side('server', 'hub');
  // It asks by the name in its certificate, and calls itself by another one later.
  const client = await side('client', 'ben at work');
  await acceptOne(world, server);
  await until(world, 'the connection', isConnected(client));
  await client.connector.stop({ hard: true });
  world.network.certificateOfDialler = { fingerprint: 'ee', claimedName: 'ben' };
  await side('client', 'ben', 'thief');
  await until(world, 'a request', () => server.status.joinRequests.length === 1);
  assert.match(server.status.joinRequests[0]?.warning ?? '', /another machine was admitted as "ben"/);
});

test('a client of a known address that meets another certificate stops, sends nothing, and says what to do', async (t) => {
  const { world, side, known } = house(tempDir(t));
  const server = await side('server', 'hub');
  const client = await side('client', 'ben');
  await acceptOne(world, server);
  await until(world, 'the connection', isConnected(client));
  await Promise.all([server.connector.stop({ hard: true }), client.connector.stop({ hard: true })]);
  world.network.certificateOfListener = { fingerprint: 'dd', claimedName: 'hub' };
  const thief = await side('server', 'hub', 'thief');
  const back = await side('client', 'ben');
  await until(world, 'the refusal', () => back.status.phase.kind === 'refused');
  const { phase } = back.status;
  assert.ok(phase.kind === 'refused' && phase.cause === 'certificate');
  assert.match(phase.reason, /not the machine that you know there as “hub”.*words-of-dd.*words-of-ff/);
  assert.match(phase.reason, /aioc known forget 127\.0\.0\.1:10673/);
  assert.equal(thief.status.joinRequests.length, 0, 'it has not even asked');
  assert.equal((await known('client').forget('127.0.0.1:10673')).length, 1);
  await back.engine.execute({ kind: 'dial.now' });
  await acceptOne(world, thief);
  await until(world, 'the connection', isConnected(back));
});

test('a client without a certificate is never known', async (t) => {
  const { world, side, known } = house(tempDir(t));
  world.network.certificateOfDialler = undefined;
  const server = await side('server', 'hub');
  const client = await side('client', 'ben');
  await acceptOne(world, server);
  await until(world, 'the connection', isConnected(client));
  await client.connector.stop({ hard: true });
  assert.deepEqual(await known('server').list(), []);
  await side('client', 'ben');
  await until(world, 'a request', () => server.status.joinRequests.length === 1);
});
