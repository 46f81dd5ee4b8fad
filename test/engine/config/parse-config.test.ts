import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AiocError } from '../../../engine/base/errors.ts';
import type { ConfigRole, KeySpec } from '../../../engine/config/key-spec.ts';
import { configKeys } from '../../../engine/config/keys.ts';
import { type ParsedConfig, parseConfig } from '../../../engine/config/parse-config.ts';
import { roleOfConfig } from '../../../engine/config/role-of-config.ts';
import { templates } from '../../../engine/config/templates.ts';
import { runs } from '../../helpers/runs.ts';

const parse = (value: unknown, role: ConfigRole = 'manager'): ParsedConfig =>
  parseConfig(value, { source: 'c.json', role });

function faultOf(value: unknown, role: ConfigRole = 'manager'): string {
  try {
    parse(value, role);
  } catch (error) {
    assert.ok(error instanceof AiocError, String(error));
    assert.equal(error.code, 'AIOC_CONFIG');
    return error.message;
  }
  return assert.fail(`no fault in ${JSON.stringify(value)}`);
}

test('an unknown key is warned of, with the nearest known one', () => {
  const warning = (value: object): string => parse(value).warnings.join('\n');
  for (const [wrong, near] of [
    ['serversockaddr', 'server_sockaddr'],
    ['serverSockaddr', 'server_sockaddr'],
    ['server-sockaddr', 'server_sockaddr'],
    ['disk_persistance_send', 'disk_persistence_send'],
    ['recv_message_type', 'recv_message_types'],
    ['max_size_file_uploads', 'max_size_file_upload_send'],
    ['CLIENT_NAME', 'client_name'],
  ] as const) {
    assert.equal(warning({ [wrong]: 1 }).includes(`unknown key; did you mean ${near}?`), true, wrong);
  }
  assert.match(warning({ xyzzy: 1 }), /^xyzzy: unknown key; "aioc print_config_templates" lists/);
  assert.match(warning({ ['a\u001b[2Jb']: 1 }), /"a\\u001b\[2Jb": unknown key/);
});

test('max_size_file_upload, of which later versions made two keys, sets both, and is named with them where it is wrong', () => {
  const { config, warnings } = parse({ max_size_file_upload: 10, max_size_file_upload_send: 20 });
  assert.equal(config.max_size_file_upload_send, 10);
  assert.equal(config.max_size_file_upload_recv, 10);
  assert.deepEqual(warnings, []);
  const fault = faultOf({ max_size_file_upload: 'x' });
  for (const side of ['send', 'recv'])
    assert.match(fault, new RegExp(`max_size_file_upload_${side}: .*got "x"`));
});

test('every fault is in one message', () => {
  const message = faultOf({
    is_server: false,
    proxy: { enabled: true, address: 'x', port: 1 },
    silent: 'yes',
    connect_timeout: -1,
    recv_message_types: ['ok', '_ssl', 7],
    file_type2dirpth: {},
    use_token: true,
    use_sll: true,
  });
  assert.equal(
    message,
    [
      'c.json has 8 faults:',
      'connect_timeout: got -1; it takes seconds, more than 0 and at most 2147483',
      'recv_message_types[1]: message types that start with "_" are reserved for the protocol; got "_ssl"; recv_message_types takes a list of message types, for example ["any"]',
      'recv_message_types[2]: got 7; recv_message_types takes a list of message types, for example ["any"]',
      'silent: got "yes"; it takes true or false',
      "proxy: aioc does not support proxies yet, and would connect to the server directly; leave it out, or keep Python's aioconnectors for this connector",
      "use_token: not supported yet, and ignoring it would weaken security; leave it out, or keep Python's aioconnectors for this connector",
      'server_sockaddr: missing; set it to the address and port of the client’s server, for example ["127.0.0.1", 10673]',
      'use_sll: unknown key; did you mean use_ssl? aioc refuses misspelled security keys',
    ].join('\n  - '),
  );
});

test('what an odd is_server would lead to is not guessed', () => {
  const message = faultOf({ is_server: 'no', server_sockaddr: 5, client_name: 5 }, 'api');
  assert.match(message, /^c\.json has 3 faults:/);
  assert.match(
    faultOf({ is_server: false, client_name: 'a b' }, 'api'),
    /^c\.json: client_name: it is empty or has a character/,
  );
});

test('very many faults are counted, not all shown', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => [`key_${index}`, 1]);
  const { warnings, unknownKeys } = parse(Object.fromEntries(keys));
  assert.equal(warnings.length, 51);
  assert.equal(warnings.at(-1), '… and 19950 more unknown keys');
  assert.equal(unknownKeys.length, 20_000);
  const types = Array.from({ length: 20_000 }, () => 5);
  const message = faultOf({ recv_message_types: types });
  assert.match(message, /^c\.json has 20000 faults:/);
  assert.match(message, /\n {2}… and 19950 more$/);
});

test('a fault inside a shape with alternatives is named where it is', () => {
  assert.match(
    faultOf({ disk_persistence_send: ['a', '_x'] }),
    /disk_persistence_send\[1\]: .*start with "_"/,
  );
  assert.match(faultOf({ ignore_peer_traffic: ['a', 5] }), /ignore_peer_traffic\[1\]: got 5/);
});

test('a proxy’s password is never shown', () => {
  const proxy = {
    enabled: true,
    address: 'x',
    port: 'y',
    authorization: { username: 'u', password: 'hunter2', x: 1 },
  };
  const client = { is_server: false, server_sockaddr: ['h', 1] };
  assert.doesNotMatch(faultOf({ ...client, proxy }), /hunter2/);
  assert.doesNotMatch(faultOf({ ...client, proxy: 'u:hunter2@x' }), /hunter2/);
  assert.doesNotMatch(parse({ proxy }).warnings.join(), /hunter2/);
});

test('what is no object is refused', () => {
  for (const value of [null, 5, 'x', [], true, undefined]) {
    assert.match(faultOf(value), /^c\.json: got .*; a configuration is an object/);
  }
});

test('directories follow connector_files_dirpath unless they are set', () => {
  const { config } = parse({
    connector_files_dirpath: '/a',
    default_logger_dirpath: '/log',
    tokens_directory_path: null,
  });
  assert.equal(config.certificates_directory_path, '/a');
  assert.equal(config.tokens_directory_path, '/a');
  assert.equal(config.default_logger_dirpath, '/log');
  assert.equal(parse({}).config.certificates_directory_path, '/tmp/aioconnectors');
});

test('paths become absolute, with ~ and variables filled in', (t) => {
  process.env['AIOC_TEST_PLACE'] = '/place';
  t.after(() => delete process.env['AIOC_TEST_PLACE']);
  const directory = (path: string): string =>
    parse({ connector_files_dirpath: path }).config.connector_files_dirpath;
  assert.equal(directory('~/x'), `${homedir()}/x`);
  assert.equal(directory('$AIOC_TEST_PLACE/x'), '/place/x');
  assert.equal(directory(`$\{AIOC_TEST_PLACE}/../x/`), '/x');
  assert.equal(directory('/a/$AIOC_TEST_UNSET'), '/a/$AIOC_TEST_UNSET');
  assert.equal(directory('rel'), resolve('rel'));
  const { config } = parse({ file_type2dirpath: { any: '$AIOC_TEST_PLACE/{source_id}' } });
  assert.equal(config.file_type2dirpath.get('any'), '/place/{source_id}');
});

test('a table never finds what every object has', () => {
  const { config } = parse(JSON.parse('{"file_type2dirpath": {"any": "/x", "__proto__": "/y"}}'));
  assert.equal(config.file_type2dirpath.get('constructor'), undefined);
  assert.equal(config.file_type2dirpath.get('any'), '/x');
});

test('_pubsub, which Python adds to lists, is passed over, and so is a type named twice', () => {
  const { config, warnings } = parse({
    send_message_types: ['a', '_pubsub', 'a'],
    recv_message_types: ['_pubsub'],
  });
  assert.deepEqual(config.send_message_types, ['a']);
  assert.deepEqual(config.recv_message_types, []);
  assert.deepEqual(warnings, []);
});

test('a client needs to know its server, and its program its name', () => {
  assert.match(faultOf({ is_server: false }), /server_sockaddr: missing/);
  assert.match(faultOf({ is_server: false, server_sockaddr: null }), /server_sockaddr/);
  assert.equal(parse({ is_server: false, server_sockaddr: ['h', 1] }).config.client_name, null);
  assert.match(faultOf({ is_server: false }, 'api'), /^c\.json: client_name: /);
  assert.equal(parse({ is_server: false, client_name: 'c' }, 'api').config.client_name, 'c');
});

test('one type of file goes to one place', () => {
  const file_recv_config = { any: { target_directory: '/a' } };
  assert.match(
    faultOf({ file_type2dirpath: { any: '/b' }, file_recv_config }),
    /file_type2dirpath: the type "any"/,
  );
  assert.deepEqual(parse({ file_type2dirpath: { other: '/b' }, file_recv_config }).warnings, []);
});

test('what is not there yet is named in one warning', () => {
  const { warnings } = parse({
    server_secure_tls: false,
    file_recv_config: { any: { target_directory: '/a', owner: 'u:g' } },
    proxy: { enabled: true, address: 'x', port: 1 },
  });
  assert.deepEqual(warnings, [
    'not supported yet, ignored: server_secure_tls (aioc always requires TLS 1.2 or later), file_recv_config.any.owner',
  ]);
  assert.deepEqual(
    parse({ disk_persistence_send: false, disk_persistence_recv: false, proxy: {} }).warnings,
    [],
  );
});

test('what would be less safe without its key is refused, with everything that belongs to it', () => {
  const message = faultOf({
    use_token: true,
    ssl_allow_all: true,
    token_verify_peer_cert: false,
    server_ca: true,
  });
  for (const name of ['use_token', 'token_verify_peer_cert', 'server_ca'])
    assert.match(message, new RegExp(` ${name}: `));
  assert.match(message, /has 3 faults/);
  const harmless = {
    token_client_send_cert: false,
    tokens_directory_path: '/elsewhere',
    whitelisted_clients_ip: [],
  };
  assert.deepEqual(parse(harmless).warnings, [], 'without use_token they have no effect');
  assert.deepEqual(parse({ use_token: true }, 'api').warnings, [], 'a program has nothing to do with it');
});

test('contradictions that can be lived with are warned of', () => {
  assert.match(parse({ use_ssl: false, ssl_allow_all: true }).warnings.join(), /ssl_allow_all has no effect/);
  assert.match(
    parse({ disk_persistence_recv: ['gone'] }).warnings.join(),
    /disk_persistence_recv has types that are not in recv_message_types: "gone"/,
  );
});

test('the templates load as they are, and tell whose they are', () => {
  const { manager, api } = templates();
  assert.deepEqual(parse(JSON.parse(manager)).warnings, []);
  assert.deepEqual(parse(JSON.parse(manager)).config, parse({}).config);
  assert.deepEqual(parse(JSON.parse(api), 'api').warnings, []);
  assert.equal(roleOfConfig(JSON.parse(manager)), 'manager');
  assert.equal(roleOfConfig(JSON.parse(api)), 'api');
  assert.equal(roleOfConfig({ is_server: true }), 'manager');
});

test('whatever the JSON, the answer is a configuration or an AiocError', () => {
  const name = fc.oneof(fc.constantFrom(...configKeys().map(([key]) => key)), fc.string());
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      ...['manager', 'api'].flatMap((role) => Object.values(JSON.parse(templates()[role as ConfigRole]))),
    ),
    fc.dictionary(
      fc.constantFrom('enabled', 'any', 'target_directory', '__proto__', 'address'),
      fc.jsonValue(),
    ),
    fc.array(fc.oneof(fc.string(), fc.integer())),
  );
  let good = 0;
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.constantFrom('manager', 'api'), (config, role) => {
      try {
        parse(JSON.parse(JSON.stringify(config)), role as ConfigRole);
        good += 1;
      } catch (error) {
        if (!(error instanceof AiocError)) throw error;
        assert.equal(error.code, 'AIOC_CONFIG');
        assert.doesNotMatch(error.message, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
      }
    }),
    { numRuns: runs(300) },
  );
  assert.ok(good > 5, `both ways are taken: ${good}`);
});

/** Of a server that says nothing more. */
function hasNoEffect({ side, onlyWith }: KeySpec): boolean {
  return side === 'client' || (onlyWith !== undefined && onlyWith !== 'use_ssl');
}

test('a value that is nested deeper than any stack is a fault like another', () => {
  const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
  for (const [key, spec] of configKeys()) {
    if (spec.isHidden === true) continue;
    const { warnings } = hasNoEffect(spec)
      ? parse({ [key]: deep })
      : { warnings: [faultOf({ [key]: deep })] };
    assert.match(warnings.join(), new RegExp(`^(c\\.json: )?${key}`));
  }
});
