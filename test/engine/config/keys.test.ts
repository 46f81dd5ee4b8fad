import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError } from '../../../engine/base/errors.ts';
import type { KeySpec } from '../../../engine/config/key-spec.ts';
import type { ConfigKey } from '../../../engine/config/keys.ts';
import { CONFIG_KEYS, configKeys } from '../../../engine/config/keys.ts';
import { parseConfig } from '../../../engine/config/parse-config.ts';
import { templates } from '../../../engine/config/templates.ts';

const TEMPLATE = JSON.parse(templates().manager);
const API_TEMPLATE = JSON.parse(templates().api);

interface Sample {
  /** A value other than the default, as it stands in a file. */
  readonly other: unknown;
  /** What the configuration then holds, where it is not the same. */
  readonly held?: unknown;
  readonly wrong: readonly unknown[];
}

const bool = (other: boolean): Sample => ({ other, wrong: ['true', 2, 'no', []] });
const seconds = (other: number): Sample => ({ other, wrong: ['5', 0, -1, 1e10, true] });
const sizeBytes: Sample = { other: 4096, wrong: ['1GB', 0, 1.5, -1, 2 ** 60] };
const sizeOrNoneBytes: Sample = { ...sizeBytes, wrong: ['1GB', 1.5, -1, 2 ** 60] };
const fileCount: Sample = { other: 5, wrong: ['5', 1.5, -1, 2 ** 60] };
const directory: Sample = { other: '/var/lib/x', wrong: [5, ['/x'], 'a\0b'] };
const hook: Sample = { other: 'anything', wrong: [] };
const path: Sample = { other: '/var/lib/x', wrong: [5, '', ['/x'], 'a\0b'] };
const names: Sample = {
  other: ['edge-(a|b).*$'],
  wrong: ['a', [5], [''], { a: 1 }, ['a{3}'], ['(?=a)'], ['(a'], ['[b-a]']],
};
const addresses: Sample = {
  other: ['10.0.0.9', '::1'],
  wrong: ['::1', [5], [''], { a: 1 }, ['10.0.0.0/8'], ['host']],
};
const subnets: Sample = {
  other: ['10.0.0.0/8', 'fd00::/8'],
  wrong: ['::/0', [5], [''], { a: 1 }, ['10.0.0.9'], ['10.0.0.0/33']],
};
const types: Sample = { other: ['a', 'b'], wrong: ['a', [5], [''], ['_ping'], ['a/b'], ['a\n'], { a: 1 }] };
const persisted: Sample = { other: ['any'], wrong: ['any', 2, ['_ack'], { any: true }] };

const SAMPLES: Readonly<Record<ConfigKey, Sample>> = {
  alternate_client_default_cert: bool(true),
  blacklisted_clients_id: names,
  blacklisted_clients_ip: addresses,
  blacklisted_clients_subnet: subnets,
  certificates_directory_path: directory,
  client_bind_ip: { other: 'eth0', wrong: [5, 'a b'] },
  client_cafile_verify_server: directory,
  client_name: { other: 'alice-1:x_', wrong: [5, 'a b', 'default7', 'é', 'a'.repeat(129), 'a\n'] },
  connect_timeout: seconds(0.5),
  connector_files_dirpath: directory,
  debug_msg_counts: bool(false),
  default_logger_bk_count: { other: 0, wrong: [-1, 1.5, '5', true] },
  default_logger_dirpath: directory,
  default_logger_log_level: { other: 'WARN', held: 'WARNING', wrong: ['info', 10, true] },
  default_logger_rotate: { other: 1_000_000, wrong: [-1, 'yes', [1]] },
  disk_persistence_recv: persisted,
  default_certificate: bool(false),
  disk_persistence_send: persisted,
  duplicate_client: { other: 'refuse', wrong: ['both', true, 1] },
  durability: { other: 'os', wrong: ['fsync', true, 1] },
  enable_client_try_reconnect: bool(false),
  everybody_can_send_messages: bool(false),
  file_spool: { other: 'copy', wrong: ['copies', 1, true] },
  file_recv_config: {
    other: { any: { target_directory: '/r/{source_id}' } },
    held: new Map([['any', { target_directory: '/r/{source_id}', override_existing: false, owner: null }]]),
    wrong: [
      ['/r'],
      { any: '/r' },
      { any: {} },
      { any: { target_directory: '/r/{0.x}' } },
      { any: { target_directory: '/r', override_existing: 'no' } },
    ],
  },
  file_type2dirpath: {
    other: { any: '/r/{message_type}' },
    held: new Map([['any', '/r/{message_type}']]),
    wrong: [['/r'], { any: 5 }, { any: '' }, { any: '/r/{' }, { '': '/r' }],
  },
  file_quota_bytes: sizeOrNoneBytes,
  file_quota_bytes_a_day: sizeOrNoneBytes,
  file_quota_files: fileCount,
  file_quota_files_a_day: fileCount,
  hook_allow_certificate_creation: hook,
  hook_load_token: hook,
  hook_proxy_authorization: hook,
  hook_server_auth_client: hook,
  hook_store_token: hook,
  hook_target_directory: hook,
  hook_whitelist_clients: hook,
  ignore_peer_traffic: { other: 'bob', held: ['bob'], wrong: [1, [1], { a: 1 }] },
  is_server: bool(false),
  journal_directory: path,
  keep_alive_period: { other: 10, wrong: ['5', -1, 1e10, true] },
  keep_alive_timeout: seconds(10),
  max_certs: { other: 1, wrong: [-1, '5', 1.5] },
  max_number_of_unanswered_keep_alive: { other: 1, wrong: [0, '5', 1.5] },
  max_size_chunk_upload: sizeBytes,
  max_size_file_upload_recv: sizeOrNoneBytes,
  max_size_file_upload_send: sizeOrNoneBytes,
  max_size_persistence_path: sizeBytes,
  proxy: {
    other: { enabled: true, address: 'proxy.lan', port: '3128', authorization: '' },
    held: { address: 'proxy.lan', port: 3128, authorization: null, ssl_server: false },
    wrong: ['x', { enabled: true }, { enabled: 1 }, { port: 99_999 }, { adress: 'x' }],
  },
  pubsub_central_broker: bool(true),
  receive_from_any_connector_owner: bool(false),
  recv_message_types: types,
  reuse_server_sockaddr: bool(true),
  reuse_uds_path_commander_server: bool(true),
  reuse_uds_path_send_to_connector: bool(true),
  security: { other: 'strict', wrong: ['usual', true, 5, ''] },
  send_message_types: types,
  send_message_types_priorities: {
    other: { a: -1 },
    held: new Map([['a', -1]]),
    wrong: [['a'], { a: 'high' }, 5],
  },
  send_timeout: seconds(1),
  server_ca: bool(true),
  server_ca_certs_not_stored: bool(false),
  server_secure_tls: bool(false),
  server_sockaddr: {
    other: ['example.org', 65_535],
    wrong: [
      '127.0.0.1:10673',
      ['127.0.0.1'],
      ['127.0.0.1', '10673'],
      ['127.0.0.1', 0],
      ['127.0.0.1', 65_536],
      ['127.0.0.1', 1.5],
      ['a b', 1],
      ['a', 1, 2],
      5,
    ],
  },
  silent: bool(false),
  ssl_allow_all: bool(true),
  subscribe_message_types: types,
  tls_min_version: { other: 'TLSv1.3', wrong: ['1.3', 1.3, 'TLSv1.1', true] },
  token_client_send_cert: bool(false),
  token_client_verify_server_hostname: { other: 'example.org', wrong: [5, ['a']] },
  token_server_allow_authorized_non_default_cert: bool(true),
  token_verify_peer_cert: { other: '/etc/ca.pem', wrong: [5, ['a']] },
  tokens_directory_path: directory,
  uds_path_receive_preserve_socket: bool(false),
  uds_path_send_preserve_socket: bool(false),
  use_ssl: bool(false),
  use_token: bool(true),
  python_listener: { other: 'at_least_once', wrong: ['exactly_once', true, 1] },
  max_size_message: { other: 4_096, wrong: [0, '1 MB', 1.5] },
  when_full: { other: 'drop_oldest', wrong: ['drop', true, 1] },
  whitelisted_clients_id: names,
  whitelisted_clients_ip: addresses,
  whitelisted_clients_subnet: subnets,
};

/** With nothing else set, so that no other key's fault is in the way. */
function parseOne(name: ConfigKey, value: unknown): unknown {
  const whole = { ...sideOf(name), client_name: 'c', [name]: value };
  return parseConfig(whole, { source: 'x.json', role: 'manager' }).config[name];
}

/** What makes a key say something. */
function sideOf(name: ConfigKey): Readonly<Record<string, unknown>> {
  const { side, onlyWith }: KeySpec = CONFIG_KEYS[name];
  const switches = { keep_alive_period: 3, proxy: { enabled: true, address: 'x', port: 1 } } as Readonly<
    Record<string, unknown>
  >;
  return {
    is_server: side !== 'client',
    server_sockaddr: ['127.0.0.1', 10_673],
    ...(onlyWith !== undefined && { [onlyWith]: switches[onlyWith] ?? true }),
  };
}

for (const [name, spec] of configKeys()) {
  const sample = SAMPLES[name];
  test(`${name} takes its default, and null for it`, () => {
    const template = spec.templates.includes('manager') ? TEMPLATE : API_TEMPLATE;
    assert.equal(name in template, spec.isHidden !== true, 'it stands in a template');
    const value = template[name];
    assert.deepEqual(parseConfig({ [name]: value }, { source: 'x', role: 'api' }).config[name], spec.default);
    assert.deepEqual(parseConfig({ [name]: null }, { source: 'x', role: 'api' }).config[name], spec.default);
  });

  test(`${name} takes another value${spec.state === 'refused' ? ', which is refused at a start' : ''}`, () => {
    const held = sample.held ?? sample.other;
    assert.notDeepEqual(held, spec.default, 'the sample is another value');
    const whole = { client_name: 'c', [name]: sample.other };
    assert.deepEqual(parseConfig(whole, { source: 'x', role: 'api' }).config[name], held);
    if (spec.state !== 'refused') {
      assert.deepEqual(parseOne(name, sample.other), held);
      return;
    }
    assert.throws(
      () => parseConfig({ ...sideOf(name), [name]: sample.other }, { source: 'x.json', role: 'manager' }),
      (error) =>
        error instanceof AiocError && error.code === 'AIOC_CONFIG' && error.message.includes(`${name}:`),
    );
  });

  test(`${name} refuses what it does not take, by its name, with what it got and what it takes`, () => {
    for (const wrong of sample.wrong) {
      assert.throws(
        () => parseOne(name, wrong),
        (error) => {
          assert.ok(error instanceof AiocError, String(error));
          assert.equal(error.code, 'AIOC_CONFIG');
          assert.match(error.message, new RegExp(`(^x\\.json: |  - )${name}\\b`));
          assert.ok(error.message.includes(spec.shape.takes), error.message);
          if (spec.shape.isSecret !== true) assert.match(error.message, /; got |: got /);
          assert.doesNotMatch(error.message, /[\x00-\x09\x0b-\x1f]/, 'no control characters');
          return true;
        },
        `${name} took ${JSON.stringify(wrong)}`,
      );
    }
  });

  test(`${name} is described in one sentence`, () => {
    assert.match(spec.help, /^[A-Z][^\n]{15,}\.$/);
  });
}
