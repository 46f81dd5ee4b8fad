import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { realClock, realRandomness } from '../../../engine/base/real-ports.ts';
import { KnownPeers } from '../../../engine/peers/known-peers.ts';
import { Side } from '../../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../../helpers/simulated-world.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const random = realRandomness();

async function opened(file: string, owner = 'me'): Promise<KnownPeers> {
  const known = new KnownPeers({ file, owner, random, clock: realClock() });
  await known.load();
  return known;
}

const fileIn = (t: TestContext): string => join(tempDir(t), 'deep', 'known.json');

test('what was learned is there after a restart, and what was unlearned is not', async (t) => {
  const file = fileIn(t);
  const known = await opened(file);
  known.add('a 1');
  known.add('b 2');
  known.delete('a 1');
  await known.saved();
  assert.equal(readFileSync(file, 'utf8'), '{"format":1,"known_as_aioc":["me b 2"]}');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const again = await opened(file);
  assert.deepEqual([again.has('a 1'), again.has('b 2')], [false, true]);
});

test('a second start in the same run does not bring back what was unlearned since', async (t) => {
  const file = fileIn(t);
  mkdirSync(dirname(file));
  writeFileSync(file, '{"format":1,"known_as_aioc":["me a 1"]}');
  const known = await opened(file);
  known.delete('a 1');
  await known.saved();
  writeFileSync(file, '{"format":1,"known_as_aioc":["me a 1"]}');
  await known.load();
  assert.equal(known.has('a 1'), false);
});

for (const [what, text] of [
  ['no JSON', '{"format":1,"known_as'],
  ['something else', '[1]'],
  ['null', 'null'],
  ['a list of other things', '{"format":1,"known_as_aioc":[1,null,{}]}'],
] as const) {
  test(`a file with ${what} in it is begun anew`, async (t) => {
    const file = fileIn(t);
    mkdirSync(dirname(file));
    writeFileSync(file, text);
    const known = await opened(file);
    known.add('a 1');
    await known.saved();
    assert.equal((await opened(file)).has('a 1'), true);
    assert.equal(readFileSync(file, 'utf8'), '{"format":1,"known_as_aioc":["me a 1"]}');
  });
}

test('a file of a newer version is not used, and left as it is', async (t) => {
  const file = fileIn(t);
  mkdirSync(dirname(file));
  const newer = '{"format":2,"known_as_aioc":["me a 1"]}';
  writeFileSync(file, newer);
  const known = await opened(file);
  assert.equal(known.has('a 1'), false);
  known.add('b 2');
  await known.saved();
  assert.equal(known.has('b 2'), true);
  assert.equal(readFileSync(file, 'utf8'), newer);
});

test('connectors of one user keep theirs in one file, each its own, also at the same moment', async (t) => {
  const file = fileIn(t);
  const owners = ['one', 'two', 'three'];
  const all = await Promise.all(owners.map((owner) => opened(file, owner)));
  for (let number = 0; number < 10; number += 1) {
    for (const [index, known] of all.entries()) known.add(`c${number} ${index}`);
    await all[number % 3]?.saved();
  }
  await Promise.all(all.map((known) => known.saved()));
  const again = await Promise.all(owners.map((owner) => opened(file, owner)));
  for (const [index, known] of again.entries()) {
    for (let number = 0; number < 10; number += 1) {
      assert.equal(known.has(`c${number} ${index}`), true);
      assert.equal(known.has(`c${number} ${(index + 1) % 3}`), false);
    }
  }
});

test('a directory that cannot be written is no reason to fail', async () => {
  const known = await opened('/dev/null/aioc/known.json');
  known.add('a 1');
  await known.saved();
  assert.equal(known.has('a 1'), true);
});

test('the longest unseen is forgotten first, and thousands at once are few writings', async (t) => {
  const file = fileIn(t);
  const known = await opened(file);
  for (let number = 0; number < LIMITS.peersRemembered; number += 1) known.add(`c${number} -`);
  known.add('c0 -');
  known.add('new -');
  await known.saved();
  assert.deepEqual([known.has('c0 -'), known.has('c1 -'), known.has('c2 -')], [true, false, true]);
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { known_as_aioc: string[] };
  assert.equal(kept.known_as_aioc.length, LIMITS.peersRemembered);
});

test('a server that starts again knows its clients as aioc', async (t) => {
  const [serverState, clientState] = [tempDir(t), tempDir(t)];
  const run = async (configuredAs: string, delayMs: number): Promise<Side> => {
    const world = simulatedWorld();
    world.network.certificateOfDialler = { fingerprint: 'aa', claimedName: configuredAs };
    world.network.onDial = (client) => {
      client.latencyMs = delayMs;
    };
    const server = new Side(world, { role: 'server', configuredAs: 'server', stateDirectory: serverState });
    const client = new Side(world, { role: 'client', configuredAs, stateDirectory: clientState });
    // The files are the real ones, so their time is, too.
    await server.connector.start();
    await client.connector.start();
    await world.clock.until(() => server.peers[0]?.kind === 'aioc');
    await client.connector.stop({ hard: true });
    await server.connector.stop({ hard: true });
    return server;
  };
  const taken = (side: Side): boolean => side.log.some(({ text }) => text.includes('(Python)'));
  assert.equal(taken(await run('edge-1', 1_000)), true, 'never seen before');
  assert.equal(taken(await run('edge-1', 1_000)), false, 'seen by the run before');
  assert.equal(taken(await run('edge-2', 1_000)), true, 'somebody else');
  assert.equal(taken(await run('edge-1', 1_000)), false, 'both are kept');
});
