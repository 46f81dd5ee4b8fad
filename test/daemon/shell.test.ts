import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

interface Side {
  readonly directory: string;
  readonly file: string;
}

/** A server and a client without TLS, each a daemon, connected. */
async function pair(t: TestContext): Promise<{ readonly server: Side; readonly client: Side }> {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const side = async (config: Readonly<Record<string, unknown>>): Promise<Side> => {
    const directory = tempDir(t);
    const file = join(directory, 'connector.json');
    const common = { server_sockaddr, use_ssl: false, connector_files_dirpath: directory };
    const received = { file_recv_config: { any: { target_directory: join(directory, 'received') } } };
    writeFileSync(
      file,
      JSON.stringify({ ...common, ...received, default_logger_dirpath: directory, ...config }),
    );
    await new Daemon(t, ['--headless', file], directory).ready();
    return { directory, file };
  };
  const server = await side({ is_server: true });
  const client = await side({ is_server: false, client_name: 'client1' });
  await waitFor(
    () => /client1: connected/.test(readFileSync(join(server.directory, 'aioconnectors.log'), 'utf8')),
    {
      what: 'the connection',
    },
  );
  return { server, client };
}

class Shell {
  readonly process: ChildProcess;
  output = '';
  errors = '';

  constructor(t: TestContext, args: readonly string[]) {
    this.process = spawn(process.execPath, [builtProgram(), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.process.stdin?.on('error', () => undefined);
    t.after(() => this.process.kill('SIGKILL'));
  }

  get lines(): readonly string[] {
    return this.output.split('\n').slice(0, -1);
  }

  /** The exit code. */
  async ended(): Promise<number | null> {
    if (this.process.exitCode === null) {
      await deadline(new Promise((resolve) => this.process.once('close', resolve)), 60_000, 'the end');
    }
    return this.process.exitCode;
  }
}

/** A listener that is ready: its sockets are there. */
async function listening(t: TestContext, side: Side, ...args: readonly string[]): Promise<Shell> {
  const shell = new Shell(t, ['listen', side.file, ...args]);
  await waitFor(() => readdirSync(side.directory).some((name) => name.startsWith('uds_path_receive')), {
    what: 'the listener',
  });
  return shell;
}

const NOTHING = {
  data: undefined,
  data_base64: undefined,
  binary_base64: undefined,
  tag: undefined,
  request_id: undefined,
  response_id: undefined,
};

// One after another between the same two, each of which leaves nothing behind.
test('aioc send and aioc listen', async (tests) => {
  const { server, client } = await pair(tests);

  await tests.test(
    '20,000 lines go through aioc send to aioc listen, all of them and in order',
    async (t) => {
      const listener = await listening(t, server, '--raw', '--count', '20000');
      const sender = new Shell(t, ['send', client.file]);
      const lines = Array.from({ length: 20_000 }, (_, number) => `line ${number}`);
      // The last line needs no end.
      sender.process.stdin?.end(lines.join('\n'));
      assert.equal(await sender.ended(), 0, sender.errors);
      assert.equal(await listener.ended(), 0, listener.errors);
      assert.deepEqual(listener.lines, lines);
    },
  );

  await tests.test(
    'lines of JSON say everything that a message can have, and come out as lines of JSON',
    async (t) => {
      const listener = await listening(t, client, '--count', '4');
      const file = join(server.directory, 'sent.txt');
      writeFileSync(file, 'the file');
      const messages = [
        { data: 'text', tag: 'a-tag', request_id: 7 },
        { data: { some: 'json' }, response_id: 'x' },
        { data_base64: Buffer.from([255, 0]).toString('base64'), binary_base64: 'AAEC' },
        { data: '\u0085\u202e', file: { path: file, dst_name: 'came.txt' } },
      ];
      const sender = new Shell(t, ['send', server.file, '--json', '--to', 'client1']);
      sender.process.stdin?.end(messages.map((message) => `${JSON.stringify(message)}\n`).join('\n'));
      assert.equal(await sender.ended(), 0, sender.errors);
      assert.equal(await listener.ended(), 0, listener.errors);
      const came = listener.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.deepEqual(
        came.map(({ data, data_base64, binary_base64, tag, request_id, response_id }) => ({
          data,
          data_base64,
          binary_base64,
          tag,
          request_id,
          response_id,
        })),
        [
          { ...NOTHING, data: 'text', tag: 'a-tag', request_id: 7 },
          { ...NOTHING, data: '{"some":"json"}', response_id: 'x' },
          { ...NOTHING, data_base64: '/wA=', binary_base64: 'AAEC' },
          { ...NOTHING, data: '\u0085\u202e' },
        ],
      );
      assert.ok(came.every(({ type, to }) => type === 'any' && to === 'client1'));
      assert.doesNotMatch(listener.output, /[\u0080-\u009f\u202e]/, 'nothing in it steers a terminal');
      assert.equal(readFileSync(join(client.directory, 'received', 'came.txt'), 'utf8'), 'the file');
    },
  );

  await tests.test('a request is answered by listen --reply, and the response is printed', async (t) => {
    const listener = await listening(t, server, '--reply', 'pong');
    const handler = new Shell(t, ['send', client.file, 'ping?', '--await-response', '--timeout', '20']);
    assert.equal(await handler.ended(), 0, handler.errors);
    assert.equal((JSON.parse(handler.output) as { data: string }).data, 'pong');
    listener.process.kill('SIGINT');
    assert.equal(await listener.ended(), 0);
  });

  await tests.test('a bad line is named, what came before it is sent, and nothing behind it', async (t) => {
    const listener = await listening(t, server, '--raw', '--count', '2');
    const sender = new Shell(t, ['send', client.file, '--json']);
    sender.process.stdin?.end('{"data":"1"}\n{"data":"2"}\n{"dat":"3"}\n{"data":"4"}\n');
    assert.equal(await sender.ended(), 2);
    assert.match(sender.errors, /^aioc: line 3: unknown key "dat".*2 messages were sent \[AIOC_USAGE\]\n$/);
    assert.equal(await listener.ended(), 0);
    assert.deepEqual(listener.lines, ['1', '2']);
    const refused = new Shell(t, ['send', server.file, '--to', 'no body']);
    refused.process.stdin?.end('x\ny\n');
    assert.equal(await refused.ended(), 1);
    assert.match(
      refused.errors,
      /line 1: there is no peer named no body.*0 messages were sent \[AIOC_PEER_UNKNOWN\]/,
    );
  });

  await tests.test('who reads no more ends listen, and Ctrl-C ends both in order', async (t) => {
    const left = await listening(t, server);
    left.process.stdout?.destroy();
    const sender = new Shell(t, ['send', client.file]);
    sender.process.stdin?.write('one\ntwo\n');
    assert.equal(await left.ended(), 0, left.errors);
    const listener = await listening(t, server);
    sender.process.stdin?.write('three\n');
    await waitFor(() => listener.lines.length > 0, { what: 'a line' });
    sender.process.kill('SIGINT');
    assert.equal(await sender.ended(), 130);
    assert.match(sender.errors, /interrupted after 3 messages/);
    listener.process.kill('SIGINT');
    assert.equal(await listener.ended(), 0);
  });
});
