import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConnectorRemoteTool } from '../../source/index.ts';
import { builtProgram } from '../helpers/built-program.ts';
import { EXAMPLES, ExampleProgram } from '../helpers/example-program.ts';
import { freePorts } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

/** Does what the first lines of an example say that must be done before it. */
function prepare(example: string, folder: string): void {
  const [head = ''] = readFileSync(join(EXAMPLES, example), 'utf8').split('\nimport ');
  const lines = [...head.matchAll(/^\/\/ {3}(.+)$/gm)].map(([, line]) => line);
  assert.ok(lines.length > 0);
  const script = lines.join(' && ').replaceAll(/\baioc (?=create)/g, '"$NODE" "$AIOC" ');
  const env = { ...process.env, NODE: process.execPath, AIOC: builtProgram() };
  execFileSync('sh', ['-c', script], { cwd: folder, env, stdio: 'pipe' });
}

const ends = (program: ExampleProgram): Promise<number | null> =>
  deadline(program.ended, 20_000, 'a program to end');

test('a star: clients of one server write to each other by way of a program at the server', async (t) => {
  const folder = tempDir(t);
  prepare('star/hub.ts', folder);
  const port = await freePorts(1);
  const start = (file: string, ...args: string[]): ExampleProgram =>
    new ExampleProgram(t, `star/${file}`, { folder, port, args });
  const hub = start('hub.ts');
  await hub.prints('listening');
  const [ann, cleo] = [start('spoke.ts', 'ann'), start('spoke.ts', 'cleo')];
  await Promise.all([ann.prints('connected'), cleo.prints('connected')]);

  const ben = start('spoke.ts', 'ben', 'ann', 'good morning');
  assert.equal(await ends(ben), 0, ben.errors);
  assert.deepEqual(ben.lines, ['connected', 'on its way to ann']);
  await ann.prints('ben writes: good morning');

  await cleo.killed();
  await hub.prints('cleo is away');
  assert.equal(await ends(start('spoke.ts', 'ben', 'cleo', 'are you there?')), 0);
  const nobody = start('spoke.ts', 'ben', 'no body', 'hello');
  assert.equal(await ends(nobody), 0);
  assert.match(nobody.output, /^not sent: .*no body/m);
  await start('spoke.ts', 'cleo').prints('ben writes: are you there?');
  assert.deepEqual(ann.lines, ['connected', 'ben writes: good morning']);
  assert.equal(hub.errors, '');
});

const toolOf = (folder: string, name: string, role: { isServer: boolean }, port: number) =>
  new ConnectorRemoteTool({
    ...role,
    clientName: name,
    serverSockaddr: ['127.0.0.1', port],
    connectorFilesDirpath: join(folder, name),
  });

test('two machines that call each other: either may be down, and so may either connection; each line comes once', async (t) => {
  const folder = tempDir(t);
  prepare('either-side/machine.ts', folder);
  const port = await freePorts(2);
  const start = (...args: string[]): ExampleProgram =>
    new ExampleProgram(t, 'either-side/machine.ts', { folder, port, args });
  const north = start('north', 'south');
  await north.prints('ready');
  north.type('before you came');
  let south = start('south', 'north');
  await south.prints('north says: before you came');
  south.type('good morning');
  await north.prints('south says: good morning');

  // One connection after the other is taken away: first north's client, then, in its place, south's.
  const calling = toolOf(folder, 'north', { isServer: false }, port);
  await calling.stop({ hard: true });
  north.type('over your connection');
  south.type('over mine');
  await south.prints('north says: over your connection');
  await north.prints('south says: over mine');
  await calling.start();
  await toolOf(folder, 'south', { isServer: false }, port).stop({ hard: true });
  await waitFor(async () => Object.keys(await calling.showConnectedPeers()).length === 1, {
    what: 'north to call again',
    timeoutMs: 15_000,
  });
  south.type('over yours');
  await north.prints('south says: over yours');

  await south.killed();
  north.type('while you were away');
  south = start('south', 'north');
  await Promise.all(['ready', 'north says: while you were away'].map((line) => south.prints(line)));
  assert.deepEqual(south.lines.toSorted(), ['north says: while you were away', 'ready']);
  assert.deepEqual(
    north.lines,
    ['ready', ...['good morning', 'over mine', 'over yours'].map((line) => `south says: ${line}`)],
    north.errors,
  );
  // One after the other: who ends must first have heard that its last line was.
  for (const program of [north, south]) {
    program.process.stdin?.end();
    assert.equal(await ends(program), 0);
  }
});

test('a mesh: three nodes share one certificates directory, each hears the two others, and one may be away', async (t) => {
  const folder = tempDir(t);
  prepare('mesh/node.ts', folder);
  const port = await freePorts(3);
  const start = (name: string): ExampleProgram =>
    new ExampleProgram(t, 'mesh/node.ts', { folder, port, args: [name] });
  const names = ['ada', 'ben', 'cleo'];
  const nodes = names.map((name) => ({ name, program: start(name) }));
  await Promise.all(nodes.map(({ program }) => program.prints('ready')));
  for (const { name, program } of nodes) program.type(`hello from ${name}`);
  const hear = (hearer: (typeof nodes)[number]): Promise<unknown> =>
    Promise.all(
      names
        .filter((name) => name !== hearer.name)
        .map((name) => hearer.program.prints(`${name} says: hello from ${name}`)),
    );
  await Promise.all(nodes.map(hear));
  const [ada, ben, cleo] = nodes.map(({ program }) => program) as [
    ExampleProgram,
    ExampleProgram,
    ExampleProgram,
  ];

  await cleo.killed();
  ada.type('who is there?');
  await ben.prints('ada says: who is there?');
  const again = start('cleo');
  await again.prints('ada says: who is there?');
  again.type('I am');
  await Promise.all([ada, ben].map((program) => program.prints('cleo says: I am')));
  for (const program of [ada, ben, again]) program.process.stdin?.end();
  assert.deepEqual(await Promise.all([ada, ben, again].map(ends)), [0, 0, 0]);
  for (const { lines } of [ada, ben, again])
    assert.equal(new Set(lines).size, lines.length, 'nothing comes twice');
});
