import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AiocError, parseConfig } from '../../engine/index.ts';
import { ConnectorManager } from '../../source/index.ts';
import { runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { program, started } from '../helpers/key-effects.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const SERVER = { is_server: true };
const CLIENT = { is_server: false, client_name: 'c', server_sockaddr: ['127.0.0.1', 10_673] };

/** What a connector says to a configuration; '' when it takes it. */
function refusal(config: object): string {
  try {
    parseConfig(config, { source: 'c.json', role: 'manager' });
    return '';
  } catch (error) {
    assert.ok(error instanceof AiocError && error.code === 'AIOC_CONFIG', String(error));
    return error.message;
  }
}

function warnings(config: object): string {
  return parseConfig(config, { source: 'c.json', role: 'manager' }).warnings.join('\n');
}

test('a broker for published messages is refused at the start, with the key and what to do', async (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'broker.json');
  writeFileSync(file, JSON.stringify({ ...SERVER, use_ssl: false, pubsub_central_broker: true }));
  const { exitCode, errors } = await runProgram(t, ['--headless', file], directory);
  assert.equal(exitCode, 1);
  assert.match(
    errors,
    /broker\.json: pubsub_central_broker: aioc does not forward published messages yet.*leave it out, or keep Python's aioconnectors.*\[AIOC_CONFIG\]/,
  );
});

test('a client that would subscribe is refused, and in the library, too', async () => {
  assert.match(
    refusal({ ...CLIENT, subscribe_message_types: ['news'] }),
    /subscribe_message_types: aioc does not support subscriptions to a server yet/,
  );
  await rejectsWith(
    ConnectorManager.fromConfig({ ...CLIENT, subscribe_message_types: ['news'] }),
    'AIOC_CONFIG',
    /subscribe_message_types/,
  );
  for (const nothing of [[], null, '', false])
    assert.equal(refusal({ ...CLIENT, subscribe_message_types: nothing }), '', JSON.stringify(nothing));
});

test('what loses messages or is less safe when it is overlooked is refused; the rest is warned of', () => {
  const proxy = { enabled: true, address: 'proxy.lan', port: 3128 };
  for (const [key, config] of Object.entries({
    use_token: { ...SERVER, use_token: true },
    server_ca: { ...SERVER, server_ca: true },
    proxy: { ...CLIENT, proxy },
    client_cafile_verify_server: { ...CLIENT, client_cafile_verify_server: '/ca.pem' },
    hook_whitelist_clients: { ...SERVER, hook_whitelist_clients: 'decide' },
    hook_server_auth_client: { ...SERVER, hook_server_auth_client: () => true },
    hook_allow_certificate_creation: { ...SERVER, hook_allow_certificate_creation: 'decide' },
    hook_target_directory: { ...CLIENT, hook_target_directory: 'decide' },
  }))
    assert.match(refusal(config), new RegExp(`^c\\.json: ${key}: .*; leave it out, or keep Python's`), key);
  for (const [key, config] of Object.entries({
    send_message_types_priorities: { ...SERVER, send_message_types_priorities: { urgent: -1 } },
    alternate_client_default_cert: { ...CLIENT, alternate_client_default_cert: true },
    send_timeout: { ...SERVER, send_timeout: 7 },
    server_secure_tls: { ...SERVER, server_secure_tls: false },
  }))
    assert.match(warnings(config), new RegExp(`not supported yet, ignored: ${key}`), key);
  assert.equal(refusal({ ...CLIENT, proxy: { enabled: false, address: 'proxy.lan', port: 3128 } }), '');
});

test('a program that publishes, and a command about tokens or subscriptions, are told that it is not there', async (t) => {
  const side = await started(t, { is_server: true, server_sockaddr: ['127.0.0.1', await freePort()] });
  const api = await program(t, side);
  await rejectsWith(
    api.send({ messageType: '_pubsub', destinationId: 'c', data: 'x' }),
    'AIOC_TYPE_UNKNOWN',
    /aioc does not support publish\/subscribe yet: keep Python's/,
  );
  for (const command of ['set_subscribe_message_types', 'delete_client_token']) {
    const args = ['cli', String(side.configPath), command];
    const { exitCode, errors } = await runProgram(t, args, tempDir(t));
    assert.equal(exitCode, 2);
    assert.match(errors, new RegExp(`^aioc: ${command} is not supported`));
  }
});
