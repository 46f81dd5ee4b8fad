import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificatePaths } from '../../../engine/security/certificate-paths.ts';
import { CertificateUses } from '../../../engine/security/certificate-uses.ts';
import { random } from '../../helpers/certificates-directory.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const BOB = 'b'.repeat(64);

interface Using {
  readonly clock: SimulatedClock;
  readonly uses: CertificateUses;
  readonly names: Set<string>;
  readonly file: string;
  readonly troubles: string[];
  /** What the file says of bob; undefined without a file. */
  bobInFile(): number | undefined;
  /** Another one with the same file, as after a restart. */
  again(): CertificateUses;
}

function using(t: TestContext): Using {
  const clock = new SimulatedClock();
  const places = certificatePaths(tempDir(t));
  mkdirSync(places.clients, { recursive: true });
  const names = new Set(['bob', 'carol']);
  const troubles: string[] = [];
  const options = { places, random, clock, names: async () => names };
  const file = join(places.clients, '.uses/uses.json');
  return {
    ...{ clock, names, file, troubles },
    uses: new CertificateUses({ ...options, onTrouble: (text) => void troubles.push(text) }),
    again: () => new CertificateUses(options),
    bobInFile: () => {
      if (!existsSync(file)) return undefined;
      const { uses } = JSON.parse(readFileSync(file, 'utf8')) as {
        uses: { name: string; last_ms: number }[];
      };
      return uses.find(({ name }) => name === 'bob')?.last_ms;
    },
  };
}

test('a last use survives a restart: the time of the last moment of the connection', async (t) => {
  const { clock, uses, again } = using(t);
  uses.connected('bob', BOB);
  await clock.pass(20_000);
  uses.disconnected('bob');
  const endedMs = clock.wallNow();
  await clock.pass(5_000);
  await uses.close();
  const read = await again().read();
  assert.deepEqual(read.get('bob'), { fingerprint: BOB, atMs: endedMs });
  assert.equal(read.get('carol'), undefined);
});

test('a thousand connections in a minute are two writes', async (t) => {
  const { clock, uses, file } = using(t);
  const files = new Set<number>();
  for (let at = 0; at < 1_000; at += 1) {
    uses.connected(at % 2 === 0 ? 'bob' : 'carol', BOB);
    uses.disconnected(at % 2 === 0 ? 'bob' : 'carol');
    await clock.pass(60);
    if (at % 100 === 1) {
      await waitFor(() => existsSync(file), { what: 'the first write' });
      files.add(statSync(file).ino);
    }
  }
  assert.equal(files.size, 1, 'written once, at the beginning');
  const before = statSync(file).ino;
  await clock.pass(60_000);
  await waitFor(() => statSync(file).ino !== before, { what: 'the second write' });
});

test('a connection of days is noted every hour, so that a crash does not lose it', async (t) => {
  const { clock, uses, bobInFile } = using(t);
  uses.connected('bob', BOB);
  await clock.pass(0);
  await waitFor(() => bobInFile() !== undefined, { what: 'the first write' });
  await clock.pass(3_600_000);
  await waitFor(() => bobInFile() === clock.wallNow(), { what: 'the write after an hour' });
  await uses.close();
});

test('a client whose certificate is gone is forgotten', async (t) => {
  const { uses, names, bobInFile, again } = using(t);
  uses.connected('bob', BOB);
  await uses.close();
  assert.notEqual(bobInFile(), undefined);
  names.delete('bob');
  uses.connected('carol', BOB);
  await uses.close();
  assert.deepEqual([...(await again().read()).keys()], ['carol']);
});

test('a damaged file counts as empty and is replaced; that of a newer aioc is left alone', async (t) => {
  const { uses, file, again, bobInFile } = using(t);
  uses.connected('bob', BOB);
  await uses.close();
  for (const text of ['', '{', 'null', '{"version":1,"uses":[{"name":"bob","sha256":5}]}']) {
    writeFileSync(file, text);
    assert.equal((await again().read()).size, 0, text);
  }
  uses.connected('bob', BOB);
  await uses.close();
  assert.notEqual(bobInFile(), undefined);
  const newer = '{"version":2,"uses":{}}';
  writeFileSync(file, newer);
  uses.connected('bob', BOB);
  await uses.close();
  assert.equal(readFileSync(file, 'utf8'), newer);
});

test('a disk that cannot be written is one warning, and no failure; the use is written when it can be', async (t) => {
  const { uses, troubles, file, bobInFile, clock } = using(t);
  writeFileSync(dirname(file), 'a file in the way');
  uses.connected('bob', BOB);
  await uses.close();
  uses.connected('bob', BOB);
  await uses.close();
  assert.equal(troubles.length, 1, String(troubles));
  assert.match(troubles[0] ?? '', /^when clients were last connected cannot be saved: /);
  assert.notEqual(uses.of('bob'), undefined);
  rmSync(dirname(file));
  const lateMs = clock.wallNow();
  await uses.close();
  assert.equal(bobInFile(), lateMs);
});

test('what cannot be read is unknown, and no failure', async (t) => {
  const { file, again } = using(t);
  mkdirSync(file, { recursive: true });
  assert.equal((await again().read()).size, 0);
});
