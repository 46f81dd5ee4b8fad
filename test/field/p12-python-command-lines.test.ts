import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AiocError } from '../../engine/index.ts';
import { type ChatSettings, parseCommandLine } from '../../source/arguments.ts';
import { runProgram } from '../helpers/daemon.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function chat(line: string): ChatSettings & { readonly path?: string } {
  const invocation = parseCommandLine(line.split(' '));
  if (invocation.mode === 'upload') return { ...invocation.settings, path: invocation.path };
  assert.ok(invocation.mode === 'screen' && invocation.subject.kind === 'chat', line);
  return invocation.subject.settings;
}

function refusal(line: string): string {
  try {
    parseCommandLine(line.split(' '));
    return '';
  } catch (error) {
    assert.ok(error instanceof AiocError && error.code === 'AIOC_USAGE', String(error));
    return error.message;
  }
}

test('chat bind_server_ip IP is chat --bind_server_ip IP, as the Python program’s documentation has it', () => {
  for (const line of [
    'chat bind_server_ip 192.0.2.5',
    'chat --bind_server_ip 192.0.2.5',
    'chat --bind_server_ip=192.0.2.5',
    'chat --bind-server-ip 192.0.2.5',
    'chat --bind 192.0.2.5',
  ]) {
    const { role, host, port } = chat(line);
    assert.deepEqual({ role, host, port }, { role: 'server', host: '192.0.2.5', port: 10_673 }, line);
  }
});

test('every form of Python’s chat means the same here', () => {
  assert.deepEqual(
    { ...chat('chat --target 127.0.0.1 --port 7 --upload f'), displayName: '' },
    { ...chat('chat target 127.0.0.1 port 7 upload f'), displayName: '' },
  );
  assert.equal(chat('chat --target 127.0.0.1 --upload target').path, 'target', 'a value is no option');
  assert.equal(chat('chat --tar 127.0.0.1').host, '127.0.0.1');
  assert.equal(chat('chat --accept --nowrap').acceptAll, true);
  assert.equal(chat('chat --exec /bin/bash').exec, '/bin/bash');
  assert.match(refusal('chat --exec bash'), /--exec takes the path of a program/);
  assert.match(refusal('chat somewhere'), /unexpected argument "somewhere"/);
  assert.match(refusal('chat --target'), /target/);
});

test('Python’s other commands are taken, or refused with what to do', () => {
  for (const [line, mode] of [
    ['create_connector c.json', 'headless'],
    ['test_receive_messages c.json', 'receive'],
    ['test_send_messages c.json', 'test-send'],
    ['ping c.json', 'ping'],
    ['cli', 'cli'],
    ['print_config_templates', 'templates'],
    ['create_certificates', 'certificates'],
    ['create_certificates .', 'certificates'],
    ['create_certificates --help', 'help'],
    ['ping --help', 'help'],
    ['--version', 'version'],
    ['--help', 'help'],
  ] as const)
    assert.equal(parseCommandLine(line.split(' ')).mode, mode, line);
  assert.match(refusal('create_certificates --ca dir'), /create_certificates --ca is not supported/);
  assert.match(refusal('create_certificates dir --ca'), /server_ca/);
  assert.match(refusal('replace_server_certificate new.pem'), /not supported: replace certificates\/server/);
  assert.match(refusal('test_publish_messages c.json'), /no publish\/subscribe/);
});

test('the program itself says so, on one line', async (t) => {
  const { exitCode, errors } = await runProgram(t, ['test_publish_messages', 'c.json'], tempDir(t));
  assert.equal(exitCode, 2);
  assert.match(errors, /^aioc: test_publish_messages is not supported.*\[AIOC_USAGE\]\n$/);
});
