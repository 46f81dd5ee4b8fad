import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { realClock, realRandomness } from '../../../engine/base/real-ports.ts';
import { KNOWN_MACHINES_MAX, KnownMachines } from '../../../engine/security/known-machines.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const BEN = { role: 'client', name: 'ben', fingerprint: 'bb' } as const;
const HUB = { role: 'server', name: 'hub', address: '192.0.2.7:10673', fingerprint: 'cc' } as const;

function knownIn(file: string | undefined, troubles: string[] = []): KnownMachines {
  return new KnownMachines({
    ...(file !== undefined && { file }),
    clock: realClock(),
    random: realRandomness(),
    onTrouble: (text) => troubles.push(text),
  });
}

async function clientOf(known: KnownMachines, fingerprint: string) {
  return (await known.list()).find((one) => one.role === 'client' && one.fingerprint === fingerprint);
}

test('what one program remembers another one knows, until it is forgotten', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'state', 'known.json');
  const known = knownIn(file);
  await known.remember(BEN);
  await known.remember(HUB);
  const other = knownIn(file);
  assert.equal((await clientOf(other, 'bb'))?.name, 'ben');
  assert.equal(await clientOf(other, 'cc'), undefined, 'a server is not an accepted client');
  assert.equal((await other.server(HUB.address))?.fingerprint, 'cc');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(
    (await other.forget('ben')).map(({ name }) => name),
    ['ben'],
  );
  assert.equal(await clientOf(known, 'bb'), undefined, 'forgotten by the running program, too');
  assert.equal((await known.list()).length, 1);
});

test('a machine with a new name, and a server with a new certificate, replace what was known', async (t) => {
  const directory = tempDir(t);
  const known = knownIn(join(directory, 'known.json'));
  await known.remember(BEN);
  await known.remember({ ...BEN, name: 'benjamin' });
  await known.remember(HUB);
  await known.remember({ ...HUB, fingerprint: 'dd' });
  const all = await known.list();
  assert.deepEqual(all.map(({ name, fingerprint }) => `${name} ${fingerprint}`).sort(), [
    'benjamin bb',
    'hub dd',
  ]);
});

test('two programs that remember at once lose nothing', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'known.json');
  const [one, two] = [knownIn(file), knownIn(file)];
  const each = (known: KnownMachines, who: string) =>
    Promise.all(
      [1, 2, 3, 4].map((number) =>
        known.remember({ ...BEN, name: `${who}${number}`, fingerprint: `${who}${number}` }),
      ),
    );
  await Promise.all([each(one, 'a'), each(two, 'b')]);
  assert.equal((await one.list()).length, 8);
});

test('a damaged file is an error that names it, and is not written over', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'known.json');
  writeFileSync(file, '{"version":1,"machines":[{"na');
  const troubles: string[] = [];
  const known = knownIn(file, troubles);
  await assert.rejects(clientOf(known, 'bb'), {
    code: 'AIOC_STATE_DIRECTORY',
    message: /known\.json is damaged/,
  });
  await known.remember(BEN);
  assert.equal(readFileSync(file, 'utf8'), '{"version":1,"machines":[{"na');
  assert.match(troubles.join(), /known machines cannot be saved/);
});

test('a directory that cannot be written: machines are known in this run', async () => {
  const troubles: string[] = [];
  const known = knownIn('/dev/null/known.json', troubles);
  await known.remember(BEN);
  await known.remember(HUB);
  assert.equal((await clientOf(known, 'bb'))?.name, 'ben');
  assert.equal(troubles.length, 1);
  assert.equal((await known.forget('ben').catch(() => [])).length, 0);
});

test('there is a bound, and the one seen longest ago goes', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'known.json');
  const machine = (number: number) => ({
    ...{ role: 'client', name: `m${number}`, sha256: `f${number}`, since_ms: number, last_ms: number },
  });
  const machines = Array.from({ length: KNOWN_MACHINES_MAX }, (_, number) => machine(number));
  writeFileSync(file, JSON.stringify({ version: 1, machines }));
  const known = knownIn(file);
  await known.remember(BEN);
  assert.equal((await known.list()).length, KNOWN_MACHINES_MAX);
  assert.equal(await clientOf(known, 'f0'), undefined);
  assert.equal((await clientOf(known, 'bb'))?.name, 'ben');
});

test('a machine that is seen and not known stays unknown', async (t) => {
  const known = knownIn(join(tempDir(t), 'known.json'));
  await known.seen(BEN);
  assert.deepEqual(await known.list(), []);
});
