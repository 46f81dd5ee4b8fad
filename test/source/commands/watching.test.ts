import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { parseCommandLine } from '../../../source/arguments.ts';
import { runQueues } from '../../../source/commands/queues.ts';
import { runTail } from '../../../source/commands/tail.ts';
import { runTop } from '../../../source/commands/top.ts';
import { ConnectorAPI } from '../../../source/index.ts';
import { OutputLines } from '../../../source/output-lines.ts';
import { type ConfiguredSide, configuredSide } from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** What a command prints, line by line. */
class Printed {
  readonly lines: string[] = [];
  readonly output = new OutputLines(
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.lines.push(...chunk.toString().split('\n').slice(0, -1));
        done();
      },
    }),
  );
}

async function printed(...words: readonly string[]): Promise<readonly string[]> {
  const invocation = parseCommandLine(words);
  const { lines, output } = new Printed();
  if (invocation.mode === 'tail') await runTail(invocation, output);
  else if (invocation.mode === 'top') await runTop(invocation, output, { redraws: false });
  else if (invocation.mode === 'queues') await runQueues(invocation, output);
  else assert.fail(invocation.mode);
  return lines;
}

/** A server whose client is away, with three messages for it. */
async function withBacklog(t: TestContext): Promise<ConfiguredSide> {
  const server = await configuredSide(
    t,
    { server_sockaddr: ['127.0.0.1', await freePort()], is_server: true, use_ssl: false },
    tempDir(t),
  );
  await server.engine.start();
  const api = await ConnectorAPI.fromConfig(server.configPath);
  t.after(() => api.close());
  for (const data of ['{"n": 1}', '{"n": 2}', 'ship \u001b[2J'])
    await api.send({ messageType: 'any', destinationId: 'press-3', data });
  await waitFor(() => server.queues().some(({ depth }) => depth === 3), { what: 'the messages' });
  return server;
}

test('queues lists them with why they are stuck, and peek and export take nothing', async (t) => {
  const { configPath, queues } = await withBacklog(t);
  const list = (await printed('queues', configPath)).join('\n');
  assert.match(list, /^QUEUE +DEPTH +BYTES +OLDEST +IN\/S +OUT\/S +WHY IT IS STUCK\n/);
  assert.match(list, /^out\/press-3\/any +3 .* press-3 is away/m);
  const [first] = JSON.parse((await printed('queues', configPath, '--json')).join('\n'));
  assert.deepEqual([first.queue, first.depth, first.stuck.code], ['out/press-3/any', 3, 'away']);
  const peeked = await printed('queues', configPath, 'peek', 'out/press-3/any', '--count', '2');
  assert.deepEqual(
    peeked.map((line) => line.replace(/^\S+ +/, '')),
    ['STATE  SIZE  FROM  TEXT', 'waits  8 B   -     {"n": 1}', 'waits  8 B   -     {"n": 2}'],
  );
  assert.match((await printed('queues', configPath, 'peek', 'out/press-3/any'))[3] ?? '', /ship \\x1b\[2J$/);
  assert.deepEqual(await printed('queues', configPath, 'export', 'out/press-3/any'), [
    '{"type":"any","to":"press-3","data":"{\\"n\\": 1}"}',
    '{"type":"any","to":"press-3","data":"{\\"n\\": 2}"}',
    '{"type":"any","to":"press-3","data":"ship \\u001b[2J"}',
  ]);
  assert.equal(queues().find(({ peerName }) => peerName === 'press-3')?.depth, 3);
});

test('queues purge drops what waits and says how much; an unknown queue is an error that names the others', async (t) => {
  const { configPath, queues, log } = await withBacklog(t);
  assert.deepEqual(await printed('queues', configPath, 'purge', 'out/press-3/any'), [
    'purged 3 of out/press-3/any',
  ]);
  assert.equal(queues().find(({ peerName }) => peerName === 'press-3')?.depth, 0);
  assert.match(log().at(-1)?.text ?? '', /3 messages of type any purged \(requested by an attached screen\)/);
  await assert.rejects(printed('queues', configPath, 'peek', 'out/lab/any'), {
    code: 'AIOC_COMMAND',
    message: /^there is no queue out\/lab\/any; there are: .*out\/press-3\/any/,
  });
});

test('tail prints the last rows and each new one, those that the filter finds, for people and for programs', async (t) => {
  const server = await withBacklog(t);
  const lines = await printed('tail', server.configPath, '--filter', 'peer:press-3 type:any', '--count', '3');
  assert.match(
    lines[0] ?? '',
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} out press-3 any queued 8 B \{"n": 1\}$/,
  );
  assert.match(lines[2] ?? '', /ship \\x1b\[2J$/);
  const following = printed('tail', server.configPath, '--json', '--filter', '/later$/', '--count', '1');
  const api = await ConnectorAPI.fromConfig(server.configPath);
  t.after(() => api.close());
  await api.send({ messageType: 'any', destinationId: 'press-3', data: 'now or later' });
  const { at, id, ...row } = JSON.parse((await following)[0] ?? '');
  assert.deepEqual(row, {
    ...{ kind: 'message', direction: 'out', peer: 'press-3', type: 'any', size: 12 },
    ...{ outcome: 'queued', text: 'now or later' },
  });
  assert.ok(Date.parse(at) > 0 && id > 3);
  await assert.rejects(printed('tail', server.configPath, '--filter', '/(/'), { code: 'AIOC_USAGE' });
});

test('top prints a plain table a second, without escape sequences, or a line of JSON', async (t) => {
  const { configPath } = await withBacklog(t);
  const lines = await printed('top', configPath, '--count', '1');
  assert.match(lines[0] ?? '', /server 127\.0\.0\.1:\d+ {2}listening .* waiting 0 in, 3 out, 1 stuck/);
  assert.match(lines[1] ?? '', /^PEER +STATE +IN\/S +OUT\/S +ACKS +WAITING/);
  assert.match(lines[2] ?? '', /^press-3 +away +0 +\d+ +- +3/);
  assert.ok(lines.every((line) => !line.includes('\u001b')));
  const [json] = await printed('top', configPath, '--json', '--count', '1');
  const { queues, peers, stuck } = JSON.parse(json ?? '');
  assert.deepEqual([queues[0].queue, peers[0].peer, stuck], ['out/press-3/any', 'press-3', 1]);
});

for (const [words, message] of [
  [['queues', 'a.json', 'look', 'in/a'], /unexpected argument "look"/],
  [['queues', 'a.json', 'peek'], /missing argument: a queue/],
  [['queues', 'a.json', 'purge', 'in/a', '--count', '3'], /--count needs peek or export/],
  [['queues', '--count', '3'], /--count needs peek or export/],
  [['tail', 'a.json', 'b'], /unexpected argument "b"/],
] as const) {
  test(`aioc ${words.join(' ')} is refused`, () => {
    assert.throws(() => parseCommandLine(words), { code: 'AIOC_USAGE', message });
  });
}
