import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeySpec } from '../../engine/config/key-spec.ts';
import { configKeys, parseConfig } from '../../engine/index.ts';

const CLIENT = { is_server: false, client_name: 'c', server_sockaddr: ['127.0.0.1', 10_673] };
const SERVER = { is_server: true };

const warningsOf = (config: object): readonly string[] =>
  parseConfig(config, { source: 'c.json', role: 'manager' }).warnings;

test('server_ca: true in a client’s file is accepted: it says something about the server only', () => {
  assert.deepEqual(warningsOf({ ...CLIENT, server_ca: true }), []);
  assert.throws(() => warningsOf({ ...SERVER, server_ca: true }), /server_ca/);
});

/** Whom each key is about, as Python's code reads it. */
const ABOUT: Readonly<Record<string, 'server' | 'client'>> = {
  alternate_client_default_cert: 'client',
  blacklisted_clients_id: 'server',
  blacklisted_clients_ip: 'server',
  blacklisted_clients_subnet: 'server',
  client_bind_ip: 'client',
  client_cafile_verify_server: 'client',
  client_name: 'client',
  connect_timeout: 'client',
  enable_client_try_reconnect: 'client',
  hook_allow_certificate_creation: 'server',
  hook_load_token: 'client',
  hook_proxy_authorization: 'client',
  hook_server_auth_client: 'server',
  hook_store_token: 'client',
  hook_whitelist_clients: 'server',
  keep_alive_period: 'client',
  keep_alive_timeout: 'client',
  max_certs: 'server',
  max_number_of_unanswered_keep_alive: 'client',
  proxy: 'client',
  pubsub_central_broker: 'server',
  reuse_server_sockaddr: 'server',
  server_ca: 'server',
  server_ca_certs_not_stored: 'server',
  server_secure_tls: 'server',
  subscribe_message_types: 'client',
  token_client_send_cert: 'client',
  token_client_verify_server_hostname: 'client',
  token_server_allow_authorized_non_default_cert: 'server',
  whitelisted_clients_id: 'server',
  whitelisted_clients_ip: 'server',
  whitelisted_clients_subnet: 'server',
};

test('each key that is about one role is taken in the other’s file, whatever it says there', () => {
  const sides = configKeys().flatMap(([name, { side }]: readonly [string, KeySpec]) =>
    side === undefined ? [] : [[name, side] as const],
  );
  for (const [name, side] of Object.entries(ABOUT)) assert.equal(Object.fromEntries(sides)[name], side, name);
  for (const [name, side] of sides) {
    const other = side === 'server' ? CLIENT : SERVER;
    for (const value of [true, 'x', 7, ['a'], { a: 1 }])
      assert.doesNotThrow(() => warningsOf({ ...other, [name]: value }), `${name}: ${JSON.stringify(value)}`);
  }
});

test('what could not be used there either is said', () => {
  assert.deepEqual(warningsOf({ ...SERVER, connect_timeout: 'soon' }), [
    'connect_timeout: got "soon"; it takes seconds, more than 0 and at most 2147483 (this key has no effect here)',
  ]);
});
