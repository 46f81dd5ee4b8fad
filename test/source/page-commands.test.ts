import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { ConnectorManager } from '../../source/index.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { pageCommands, RUN_AS_SHOWN } from '../helpers/page-commands.ts';
import { makeTempDir, removeDir, tempDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

// The state and the received files of this user must stay as they are.
const home = makeTempDir();
process.env['HOME'] = home;
process.env['XDG_STATE_HOME'] = join(home, 'state');
after(() => removeDir(home));

/** A directory with server.json and client.json, whose connectors run in this process and are connected. */
async function preparedDirectory(t: TestContext): Promise<{ directory: string; client: ConnectorManager }> {
  const directory = tempDir(t);
  const types = ['any', 'news', 'event'];
  const common = {
    server_sockaddr: ['127.0.0.1', await freePort()],
    use_ssl: false,
    connector_files_dirpath: directory,
    send_message_types: types,
    recv_message_types: types,
  };
  const made = async (role: string, own: object): Promise<ConnectorManager> => {
    const file = join(directory, `${role}.json`);
    writeFileSync(file, JSON.stringify({ ...common, ...own }));
    return ConnectorManager.fromConfig(file);
  };
  const server = await made('server', { is_server: true });
  const client = await made('client', { is_server: false, client_name: 'client1' });
  const api = server.api();
  const met = Promise.all([once(server, 'connected'), once(client, 'connected')]);
  await server.start();
  await client.start();
  const listener = await api.listen('any', (message) => message.reply('very well'));
  t.after(async () => {
    await listener.stop();
    api.close();
    await Promise.all([client.shutdown({ hard: true }), server.shutdown({ hard: true })]);
  });
  await deadline(met, 20_000, 'the connection');
  return { directory, client };
}

/** What the command prints until that matches, or it ends. */
async function output(
  t: TestContext,
  command: string,
  { directory, prints }: { readonly directory: string; readonly prints: RegExp },
): Promise<string> {
  const line = command.replace(/^aioc/, 'exec "$NODE" "$AIOC"');
  const env = { ...process.env, NODE: process.execPath, AIOC: builtProgram(), NODE_EXTRA_CA_CERTS: '' };
  const child = spawn('sh', ['-c', line], { cwd: directory, env, stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined);
  child.stdin.end('a line of the input\n');
  let text = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (/^aioc listen/.test(command) && prints.test(text)) child.kill();
  });
  const [code, signal] = await deadline(once(child, 'close'), 20_000, command);
  assert.equal(code ?? signal, signal === null ? 0 : 'SIGTERM', `${command}: ${errors}`);
  return text;
}

test('the commands of the pages do as the pages say', async (t) => {
  const { directory, client } = await preparedDirectory(t);
  const api = client.api();
  const commands = new Set(pageCommands().map(({ command }) => command));
  let count = 0;
  for (const command of commands) {
    const prints = RUN_AS_SHOWN.find((entry) => entry.command.test(command))?.prints;
    if (prints === undefined) continue;
    count += 1;
    if (/^aioc listen/.test(command)) await api.send({ messageType: 'event', data: 'hello' });
    const emptyDirectory = join(directory, `${count}`);
    mkdirSync(emptyDirectory);
    const where = command.startsWith('aioc create_certificates') ? emptyDirectory : directory;
    assert.match(await output(t, command, { directory: where, prints }), prints, command);
  }
  api.close();
  assert.ok(count > 5, `${count} commands`);
});
