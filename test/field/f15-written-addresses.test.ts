import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createChatEngine, parseConfig } from '../../engine/index.ts';
import { AccessLists } from '../../engine/security/access-list.ts';
import { parseCommandLine } from '../../source/arguments.ts';
import { configuredSide } from '../helpers/configured-connectors.ts';
import { runProgram } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { rejectsWith } from '../helpers/rejects-with.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function called(...words: readonly string[]): readonly [string, number] {
  const invocation = parseCommandLine(words);
  assert.ok(invocation.mode === 'screen' && invocation.subject.kind === 'chat');
  const { host, port } = invocation.subject.settings;
  return [host, port];
}

test('--target and --bind_server_ip take an address as people write it, with its port', () => {
  for (const [written, host, port] of [
    ['[::1]', '::1', 10_673],
    ['::1', '::1', 10_673],
    ['[::1]:4711', '::1', 4711],
    ['machine.example:4711', 'machine.example', 4711],
    ['192.0.2.1:4711', '192.0.2.1', 4711],
    ['fe80::1%lo', 'fe80::1%lo', 10_673],
    ['[fe80::1%lo]:4711', 'fe80::1%lo', 4711],
  ] as const) {
    assert.deepEqual(called('--target', written), [host, port]);
    assert.deepEqual(called('--bind_server_ip', written), [host, port]);
  }
  assert.deepEqual(called('--target', 'machine', '--port', '4711'), ['machine', 4711]);
  assert.deepEqual(called('--target', 'machine:4711', '--port', '4711'), ['machine', 4711]);
});

test('an address that says nothing is refused in words, with what was meant', () => {
  const refused = (words: readonly string[], message: RegExp): void => {
    assert.throws(() => parseCommandLine(words), { code: 'AIOC_USAGE', message });
  };
  refused(['--target', ''], /--target.*empty/);
  refused(['--target', ':4711'], /--target.*no host/);
  refused(['--target', 'machine:0'], /the port must be a number from 1 to 65535, not "0"/);
  refused(['--target', 'machine:70000'], /1 to 65535, not "70000"/);
  refused(['--target', 'machine:'], /1 to 65535, not ""/);
  refused(['--target', '[machine]'], /brackets must contain an IPv6 address/);
  refused(['--target', '[::1'], /neither an address nor a name/);
  refused(['--target', 'a b'], /characters that are not allowed in an address/);
  refused(['--target', 'machine:1', '--port', '2'], /different ports: 1 and 2/);
});

test('a link-local address without its interface is asked for it, with the interfaces there are', () => {
  const names = Object.keys(networkInterfaces()).join(', ');
  for (const option of ['--target', '--bind_server_ip']) {
    assert.throws(
      () => parseCommandLine([option, 'fe80::1']),
      (error: Error) => {
        assert.match(error.message, /fe80::1 is a link-local address and needs .* as in fe80::1%/);
        assert.ok(error.message.includes(names), error.message);
        return true;
      },
    );
    assert.throws(
      () => parseCommandLine([option, 'fe80::1%nosuch0']),
      /no network interface nosuch0 on this machine/,
    );
  }
});

test('server_sockaddr takes brackets; a port in the host, and a link-local address without interface, are refused', async (t) => {
  const config = (host: string) => ({
    is_server: false,
    use_ssl: false,
    client_name: 'edge-1',
    server_sockaddr: [host, 10_673],
  });
  const read = (host: string) => parseConfig(config(host), { source: 'c.json', role: 'manager' }).config;
  assert.deepEqual(read('[::1]').server_sockaddr, ['::1', 10_673]);
  assert.deepEqual(read('fe80::1%lo').server_sockaddr, ['fe80::1%lo', 10_673]);
  assert.throws(() => read('machine:4711'), /server_sockaddr.*write the port after the host/);
  await rejectsWith(
    configuredSide(t, config('fe80::1'), tempDir(t)),
    'AIOC_CONFIG',
    /server_sockaddr: fe80::1 is a link-local/,
  );
});

test('lists of clients take an address in brackets, with its interface, and IPv4 in its IPv6 form', () => {
  const lists = (address: string) =>
    new AccessLists({
      whitelist: { names: [], addresses: [], subnets: [] },
      blacklist: { names: [], addresses: [address], subnets: [] },
    });
  for (const [entry, caller] of [
    ['[::1]', '::1'],
    ['fe80::1', 'fe80::1%eth0'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
  ] as const)
    assert.match(
      lists(entry).rejectionReason({ name: 'x', address: caller }) ?? 'let in',
      /blacklisted_clients_ip/,
    );
  const config = { blacklisted_clients_ip: ['[::1]', 'fe80::1%eth0'] };
  const read = parseConfig(config, { source: 'c.json', role: 'manager' }).config;
  assert.deepEqual(read.blacklisted_clients_ip, ['::1', 'fe80::1%eth0']);
});

test('the real program calls an address in brackets with its port, and says in words why it cannot', async (t) => {
  const [port, directory] = [await freePort(), tempDir(t)];
  const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  if (!hasIPv6) return t.skip('this machine has no ::1');
  const note = join(directory, 'note.txt');
  writeFileSync(note, 'a note');
  const server = await createChatEngine({
    role: 'server',
    host: '::1',
    port,
    displayName: 'ada',
    version: '0.0.0',
    useTls: true,
    acceptAll: true,
    stateDirectory: join(directory, 'state'),
    receivedDirectory: join(directory, 'received'),
  });
  await server.start();
  t.after(() => server.stop({ hard: true }));
  const upload = (target: string) => runProgram(t, ['chat', '--target', target, '--upload', note], directory);
  const sent = await upload(`[::1]:${port}`);
  assert.deepEqual([sent.exitCode, sent.errors], [0, '']);
  assert.equal(readFileSync(join(directory, 'received/note.txt'), 'utf8'), 'a note');
  const away = await upload(`[::1]:${await freePort()}`);
  assert.equal(away.exitCode, 1);
  assert.match(
    away.errors,
    /^aioc: \[::1\]:\d+: nothing listens there \(connection refused\): is aioc running/,
  );
});
