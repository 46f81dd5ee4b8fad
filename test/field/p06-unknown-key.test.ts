import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AiocError, parseConfig } from '../../engine/index.ts';
import { ConnectorManager } from '../../source/index.ts';
import { Daemon, runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function warningsOf(config: object): readonly string[] {
  return parseConfig(config, { source: 'c.json', role: 'manager' }).warnings;
}

function refusal(config: object): string {
  try {
    warningsOf(config);
    return '';
  } catch (error) {
    assert.ok(error instanceof AiocError && error.code === 'AIOC_CONFIG', String(error));
    return error.message;
  }
}

async function fileWith(t: TestContext, config: object): Promise<{ file: string; directory: string }> {
  const directory = tempDir(t);
  const file = join(directory, 'c.json');
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const whole = { connector_files_dirpath: directory, server_sockaddr, use_ssl: false, ...config };
  writeFileSync(file, JSON.stringify(whole));
  return { file, directory };
}

test('a daemon starts with a key that nobody knows, and warns of it once, with the nearest one', async (t) => {
  const { file, directory } = await fileWith(t, { recv_message_type: ['any'] });
  const daemon = new Daemon(t, ['--headless', file], directory);
  await daemon.ready();
  const warning = /recv_message_type: unknown key; did you mean recv_message_types\?/g;
  assert.equal(daemon.errors.match(warning)?.length, 1, daemon.errors);
  assert.equal(readFileSync(join(directory, 'aioconnectors.log'), 'utf8').match(warning)?.length, 1);
});

test('config check names it and exits 1', async (t) => {
  const { file, directory } = await fileWith(t, { recv_message_type: ['any'] });
  const { exitCode, output } = await runProgram(t, ['config', 'check', file], directory);
  assert.equal(exitCode, 1);
  assert.match(output, /warning: recv_message_type: unknown key; did you mean recv_message_types\?/);
});

test('a key that is at most two letters off one about security is refused', () => {
  for (const [wrong, right] of [
    ['use_sll', 'use_ssl'],
    ['useSsl', 'use_ssl'],
    ['ssl_alow_al', 'ssl_allow_all'],
    ['whitelisted_client_ip', 'whitelisted_clients_ip'],
    ['blacklisted-clients-id', 'blacklisted_clients_id'],
    ['everybody_can_send_message', 'everybody_can_send_messages'],
    ['client_ca_file_verify_server', 'client_cafile_verify_server'],
    ['hook_whitelist_client', 'hook_whitelist_clients'],
  ] as const)
    assert.match(refusal({ [wrong]: true }), new RegExp(`unknown key; did you mean ${right}\\?`), wrong);
  for (const far of ['_comment', 'use_compression', 'whitelist', 'whitelisted_ips', 'xyzzy'])
    assert.match(warningsOf({ [far]: 1 }).join(), new RegExp(`^${far}: unknown key`));
});

test('a table inside has unknown keys, too', () => {
  const any = { target_directory: '/r' };
  assert.deepEqual(warningsOf({ file_recv_config: { any: { ...any, comment: 'x' } } }), [
    'file_recv_config.any.comment: unknown key; the keys are target_directory, override_existing, owner',
  ]);
});

test('what the program itself says must be right: an option that nobody knows is refused', () => {
  const options = { isServer: true, recvMessageType: ['any'] };
  assert.throws(() => new ConnectorManager(options), /recv_message_type: unknown key/);
});
