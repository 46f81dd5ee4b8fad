import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { settleDirectories } from '../../engine/connector/installed-directories.ts';
import { parseConfig } from '../../engine/index.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const CLIENT = { is_server: false, client_name: 'a-b', server_sockaddr: ['127.0.0.1', 10_673] };

interface Machine {
  /** The first aioconnectors' and ours, and 1.6.3's. */
  readonly tmp: string;
  readonly varTmp: string;
  settled(config: object): ReturnType<typeof settleDirectories>;
}

function machine(t: TestContext): Machine {
  const root = tempDir(t);
  const [tmp, varTmp] = [join(root, 'tmp'), join(root, 'var-tmp')] as const;
  for (const directory of [tmp, varTmp]) mkdirSync(directory);
  return {
    tmp,
    varTmp,
    settled: (config) => {
      const parsed = parseConfig(config, { source: 'c.json', role: 'manager' });
      // What stands for the usual directory in a configuration without one is the first of these here.
      const here = Object.fromEntries(
        Object.entries(parsed.config).map(([key, value]) => [
          key,
          value === '/tmp/aioconnectors' ? tmp : value,
        ]),
      ) as typeof parsed.config;
      return settleDirectories(
        { ...parsed, config: here },
        { source: 'c.json', usualDirectories: [tmp, varTmp] },
      );
    },
  };
}

function installServer(directory: string): void {
  mkdirSync(join(directory, 'certificates/server/server-cert'), { recursive: true });
  writeFileSync(join(directory, 'certificates/server/server-cert/server.pem'), '');
}

function installClient(directory: string): void {
  mkdirSync(join(directory, 'certificates/client/client-certs'), { recursive: true });
}

test('a 1.6.3 installation in its usual directory is used by a configuration without directories, and that is said', async (t) => {
  const { varTmp, settled } = machine(t);
  installServer(varTmp);
  const { config, notes } = await settled({ is_server: true });
  assert.equal(config.certificates_directory_path, varTmp);
  assert.equal(config.connector_files_dirpath, varTmp, 'its programs look for sockets there');
  assert.equal(config.default_logger_dirpath, varTmp);
  assert.equal(config.tokens_directory_path, varTmp);
  assert.deepEqual(notes, [
    `connector_files_dirpath is not set; using ${varTmp}, which contains certificates`,
  ]);
});

test('where both hold one, neither is guessed: both are named, and the key', async (t) => {
  const { tmp, varTmp, settled } = machine(t);
  for (const directory of [tmp, varTmp]) installServer(directory);
  const error = await rejectsWith(
    settled({ is_server: true }),
    'AIOC_CONFIG',
    /connector_files_dirpath: not set/,
  );
  assert.ok(
    error.message.includes(`${tmp} (certificates) and ${varTmp} (certificates); set it`),
    error.message,
  );
  assert.deepEqual((await settled({ is_server: true, connector_files_dirpath: tmp })).notes, []);
  assert.deepEqual(
    (await settled({ is_server: true, use_ssl: false })).notes,
    [],
    'no certificates are needed',
  );
});

test('messages that Python stored for this connector show where it lives, others’ do not', async (t) => {
  const { tmp, varTmp, settled } = machine(t);
  writeFileSync(join(varTmp, 'connector_disk_persistence_send_from_ab_to_peer_12700110673'), 'x');
  const { config, notes } = await settled({ ...CLIENT, use_ssl: false });
  assert.equal(config.connector_files_dirpath, varTmp);
  assert.match(notes.join(), /which contains messages that Python stored$/);
  assert.equal(
    (await settled({ ...CLIENT, client_name: 'other', use_ssl: false })).config.connector_files_dirpath,
    tmp,
  );
});

test('with the sockets’ directory named, the certificates alone are looked for', async (t) => {
  const { varTmp, settled } = machine(t);
  installClient(varTmp);
  const elsewhere = tempDir(t);
  const { config, notes } = await settled({ ...CLIENT, connector_files_dirpath: elsewhere });
  assert.equal(config.certificates_directory_path, varTmp);
  assert.equal(config.connector_files_dirpath, elsewhere);
  assert.match(
    notes.join(),
    /^certificates_directory_path is not set; using .*, which contains certificates/,
  );
  installClient(elsewhere);
  assert.equal(
    (await settled({ ...CLIENT, connector_files_dirpath: elsewhere })).config.certificates_directory_path,
    elsewhere,
  );
});

test('what a link leads to, which anybody may have made, is not looked into; nothing anywhere is as before', async (t) => {
  const { tmp, varTmp } = machine(t);
  installServer(varTmp);
  const link = join(tempDir(t), 'link');
  symlinkSync(varTmp, link);
  const parsed = parseConfig({ is_server: true }, { source: 'c.json', role: 'manager' });
  const { notes, config } = await settleDirectories(parsed, {
    source: 'c.json',
    usualDirectories: [tmp, link],
  });
  assert.deepEqual(notes, []);
  assert.equal(config.connector_files_dirpath, '/tmp/aioconnectors');
});
