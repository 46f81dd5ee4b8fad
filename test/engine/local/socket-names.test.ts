import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AiocError, type ErrorCode } from '../../../engine/base/errors.ts';
import {
  activeConnectorEntry,
  activeConnectorsPath,
  alnum,
  commanderSocketPath,
  ownerInFileNames,
  ownerInSocketNames,
  parseActiveConnectorEntry,
  receiveSocketPath,
  sendSocketPath,
} from '../../../engine/local/socket-names.ts';

const SERVER = { role: 'server', host: '127.0.0.1', port: 10673 } as const;
const CLIENT = { role: 'client', name: 'shop-floor_3:b' } as const;
const directory = '/tmp/aioconnectors';

function throwsWith(action: () => unknown, code: ErrorCode, message: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof AiocError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

test('only letters and digits of an id stand in names', () => {
  assert.equal(alnum('a-b_c:d e.1'), 'abcde1');
  assert.equal(alnum('é世²½'), 'é世²½');
});

test('the address and port of a server stay apart', () => {
  assert.equal(ownerInSocketNames(SERVER), '127001_10673');
  assert.equal(ownerInSocketNames({ role: 'server', host: '::1', port: 1 }), '1_1');
  assert.equal(ownerInSocketNames(CLIENT), 'shopfloor3b');
});

test('an id of more than 32 letters and digits is hashed in names of sockets, not of files', () => {
  const name = (letters: number) =>
    ({ role: 'client', name: 'client'.repeat(10).slice(0, letters) }) as const;
  assert.equal(ownerInSocketNames(name(32)), 'client'.repeat(10).slice(0, 32));
  assert.equal(ownerInSocketNames(name(60)), '8b25d55683f8d41964851c654ddb5c86');
  assert.equal(ownerInFileNames(name(60)), 'client'.repeat(10));
  const server = { role: 'server', host: 'fe80:0000:0000:0000:0211:22ff:fe33:4455', port: 10673 } as const;
  assert.equal(ownerInSocketNames(server), 'f90341752ed8c058830e162a48f30786');
});

test('the sockets have the names that Python programs look for', () => {
  assert.equal(
    sendSocketPath(directory, SERVER),
    '/tmp/aioconnectors/uds_path_send_to_connector_server_127001_10673',
  );
  assert.equal(
    sendSocketPath(directory, CLIENT),
    '/tmp/aioconnectors/uds_path_send_to_connector_client_shopfloor3b',
  );
  assert.equal(
    receiveSocketPath({ directory, owner: SERVER, messageType: 'a_B-1' }),
    '/tmp/aioconnectors/uds_path_receive_from_connector_server_a_B-1_127001_10673',
  );
  assert.equal(
    receiveSocketPath({ directory, owner: CLIENT, messageType: 'any' }),
    '/tmp/aioconnectors/uds_path_receive_from_connector_client_any_shopfloor3b',
  );
  assert.equal(commanderSocketPath(directory, SERVER), '/tmp/aioconnectors/uds_path_commander_127001_10673');
});

test('a path of 104 bytes is used and one of 105 refused, counted in bytes', () => {
  const rest = '/uds_path_commander_shopfloor3b'.length;
  assert.equal(commanderSocketPath(`/${'d'.repeat(103 - rest)}`, CLIENT).length, 104);
  throwsWith(
    () => commanderSocketPath(`/${'d'.repeat(104 - rest)}`, CLIENT),
    'AIOC_SOCKET_PATH',
    /105 bytes/,
  );
  throwsWith(() => commanderSocketPath(`/${'é'.repeat(52)}`, CLIENT), 'AIOC_SOCKET_PATH', /shorter/);
});

test('a message type cannot lead out of the directory', () => {
  for (const messageType of ['../x', '', 'a\0b'])
    throwsWith(
      () => receiveSocketPath({ directory, owner: CLIENT, messageType }),
      'AIOC_NAME_BAD',
      /message type/,
    );
});

test('running connectors are listed by name, or by address and port', () => {
  assert.equal(activeConnectorsPath(directory), join(directory, 'active_connectors.json'));
  for (const owner of [SERVER, CLIENT])
    assert.deepEqual(parseActiveConnectorEntry(activeConnectorEntry(owner)), owner);
  assert.equal(activeConnectorEntry(SERVER), '127.0.0.1 10673');
});
