import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError, type ConnectorConfig, parseConfig } from '../../engine/index.ts';
import { connectedPair } from '../helpers/key-effects.ts';

const CLIENT = { is_server: false, client_name: 'c', server_sockaddr: ['127.0.0.1', 10_673] };

function parsed(config: object): ConnectorConfig {
  return parseConfig({ ...CLIENT, ...config }, { source: 'c.json', role: 'manager' }).config;
}

function refusal(config: object): string {
  try {
    parsed(config);
    return '';
  } catch (error) {
    assert.ok(error instanceof AiocError && error.code === 'AIOC_CONFIG', String(error));
    return error.message;
  }
}

test('keep_alive_period: 0 is off, as Python reads it', () => {
  for (const off of [0, false, '', null])
    assert.equal(parsed({ keep_alive_period: off }).keep_alive_period, null);
  assert.equal(parsed({ keep_alive_period: 3 }).keep_alive_period, 3);
});

test('a client with it starts and connects', async (t) => {
  const { client } = await connectedPair(t, { client: { keep_alive_period: 0 } });
  assert.equal(client.peers()[0]?.state, 'connected');
});

test('what Python takes for false is none, off or empty for each key that it asks like this', () => {
  const none = { client_bind_ip: null, client_cafile_verify_server: null, proxy: null } as const;
  const lists = {
    blacklisted_clients_id: null,
    whitelisted_clients_ip: null,
    whitelisted_clients_subnet: null,
  } as const;
  const off = {
    ignore_peer_traffic: false,
    disk_persistence_send: false,
    disk_persistence_recv: false,
  } as const;
  const meant = {
    ...none,
    ...lists,
    ...off,
    default_logger_rotate: false,
    subscribe_message_types: [],
  } as const;
  for (const [key, value] of Object.entries(meant)) {
    for (const falsy of [0, false, '', []])
      assert.deepEqual(
        parsed({ [key]: falsy })[key as keyof typeof meant],
        value,
        `${key} ${JSON.stringify(falsy)}`,
      );
  }
  for (const table of ['file_recv_config', 'file_type2dirpath', 'send_message_types_priorities'] as const)
    assert.deepEqual(parsed({ [table]: '' })[table], new Map());
});

test('0 and 1 are switches, and a size of 0 lets nothing pass', () => {
  assert.equal(parsed({ use_ssl: 0 }).use_ssl, false);
  assert.equal(parsed({ ssl_allow_all: 1 }).ssl_allow_all, true);
  assert.equal(parsed({ silent: '' }).silent, false);
  assert.equal(parsed({ disk_persistence_send: 1 }).disk_persistence_send, true);
  assert.equal(parsed({ max_size_file_upload_recv: 0 }).max_size_file_upload_recv, 0);
  assert.equal(parsed({ is_server: true, max_certs: 0 }).max_certs, 0);
});

test('a number in quotes is one only for the log’s rotation, as in Python; elsewhere the quotes are named', () => {
  assert.equal(parsed({ default_logger_rotate: '1000' }).default_logger_rotate, 1000);
  for (const key of [
    'connect_timeout',
    'max_size_persistence_path',
    'default_logger_bk_count',
    'keep_alive_period',
  ])
    assert.match(refusal({ [key]: '5' }), new RegExp(`${key}: got "5"; .*\\(remove the quotes\\)`), key);
  assert.match(refusal({ use_ssl: 'false' }), /use_ssl: got "false"; .*\(remove the quotes\)/);
  assert.match(refusal({ use_ssl: 'off' }), /use_ssl: got "off"; it takes true or false$/);
});

test('what never works in Python either is refused: a time of 0 in which to connect', () => {
  assert.match(refusal({ connect_timeout: 0 }), /connect_timeout: got 0/);
  assert.match(refusal({ keep_alive_period: 3, keep_alive_timeout: 0 }), /keep_alive_timeout: got 0/);
  assert.match(refusal({ keep_alive_period: 3, max_number_of_unanswered_keep_alive: 0 }), /got 0/);
  assert.equal(refusal({ keep_alive_period: 0, keep_alive_timeout: 0 }), '', 'nobody asks for it then');
});

test('null is the default here; where Python would take it for false, that is said', () => {
  const { config, warnings } = parseConfig(
    { use_ssl: null, silent: true },
    { source: 'c.json', role: 'manager' },
  );
  assert.equal(config.use_ssl, true);
  assert.match(warnings.join(), /^use_ssl: null means true here but false in Python/);
});
