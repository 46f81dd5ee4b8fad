import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PeerCommands, type StartPeerShell } from '../../engine/chat/peer-commands.ts';
import { makeChat } from '../../engine/connector/make-chat.ts';
import { AiocError, LIMITS } from '../../engine/index.ts';
import type { Peer } from '../../engine/peers/peer.ts';
import { parseCommandLine } from '../../source/arguments.ts';
import { startPeerShell, startPeerShellIn } from '../../source/peer-shell.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { realPair, realSide } from '../helpers/real-connectors.ts';
import { waitFor } from '../helpers/wait-for.ts';

const BOB = { id: 'p1', name: 'bob' } as Peer;
const EVE = { id: 'p2', name: 'eve' } as Peer;

function asked() {
  const clock = new FakeClock(0);
  const [told, remarks, ran]: string[][] = [[], [], []];
  const ends: ((how: string) => void)[] = [];
  let output: (text: string) => void = () => undefined;
  const start: StartPeerShell = (_shell, { onOutput, onEnd }) => {
    output = onOutput;
    ends.push(onEnd);
    return {
      isTerminal: true,
      write: (line) => void ran?.push(line),
      pause: () => undefined,
      resume: () => undefined,
      stop: () => onEnd('stopped by SIGHUP'),
    };
  };
  const commands = new PeerCommands({
    ...{ shell: '/bin/sh', start, clock },
    say: async (peer, text) => void told?.push(`${peer.name}: ${text}`),
    remark: (_peer, text) => void remarks?.push(text),
    onChange: () => undefined,
  });
  const take = (peer: Peer, text: string): void => commands.take(peer, Buffer.from(text));
  const waiting = (): readonly string[] => commands.state.requests.map(({ text }) => text);
  return { clock, commands, take, waiting, told, remarks, ran, print: (text: string) => output(text) };
}

test('a command runs after a yes, once: the next one, the same too, waits for its own', () => {
  const { commands, take, waiting, ran } = asked();
  take(BOB, 'ls\n');
  assert.deepEqual(ran, []);
  assert.deepEqual(waiting(), ['ls']);
  assert.equal(commands.answer(1, true), true);
  assert.deepEqual(ran, ['ls']);
  take(BOB, 'ls');
  take(EVE, 'id');
  assert.deepEqual(ran, ['ls'], 'nothing more has run');
  assert.equal(commands.answer(1, true), false, 'a second yes to the same question is none');
  assert.deepEqual(ran, ['ls']);
  assert.equal(commands.answer(3, false), true);
  assert.deepEqual(waiting(), ['ls']);
  assert.deepEqual(ran, ['ls']);
});

test('what a person would not see as it is does not even ask: more lines, escapes, reordered and invisible text', () => {
  const { take, waiting, told } = asked();
  const hidden = [
    'a\nrm -rf x',
    'a\rb',
    'a\x1b[2K',
    'a\u202eb',
    'a\u200bb',
    'a\x00',
    'a\x03',
    'a\u2028b',
    'a\ue000',
  ];
  for (const text of [...hidden, 'x'.repeat(LIMITS.peerCommandCharacters + 1), '😀'.repeat(1_000)])
    take(BOB, text);
  assert.deepEqual(waiting(), []);
  assert.equal(told?.length, hidden.length + 2);
  take(BOB, ' \n');
  assert.equal(told?.length, hidden.length + 2, 'an empty line is nothing');
});

test('a flood waits in a bounded number, and those of a peer that has gone are dropped with its shell', () => {
  const { commands, take, waiting, ran, remarks } = asked();
  for (let count = 0; count < 100; count += 1) take(BOB, `echo ${count}`);
  assert.equal(waiting().length, LIMITS.peerCommandsWaiting);
  commands.answer(1, true);
  assert.equal(commands.state.running.length, 1);
  commands.disconnected(BOB);
  assert.deepEqual(waiting(), []);
  assert.deepEqual(commands.state.running, []);
  assert.equal(commands.answer(2, true), false);
  assert.deepEqual(ran, ['echo 0']);
  assert.match(remarks?.join('\n') ?? '', /you let bob run: echo 0\nthe shell of bob has ended/);
});

test('what the shell prints goes to the peer that has asked, in messages of bounded length', async () => {
  const { clock, commands, take, told, print } = asked();
  take(EVE, 'seq');
  commands.answer(1, true);
  print('one\r\n');
  print('two\r\n');
  clock.advance(LIMITS.peerOutputMs);
  assert.deepEqual(told, ['eve: one\ntwo']);
  await Promise.resolve();
  await new Promise(setImmediate);
  print('x'.repeat(10_000));
  clock.advance(LIMITS.peerOutputMs);
  await waitFor(() => told?.length === 4, { what: 'the rest' });
  assert.ok(told?.every((text) => text.length <= LIMITS.peerOutputCharacters + 5));
});

test('without --exec a line of a peer is text, and there is nothing to say yes to', async (t) => {
  const { server, client } = await realPair(t);
  const marker = join(server.home, 'ran');
  const peer = client.peers()[0]?.id ?? '';
  await client.do({ kind: 'chat.say', peer, text: `touch ${marker}` });
  await waitFor(() => server.heard().includes(`touch ${marker}`), { what: 'the line' });
  assert.equal(server.status().exec, undefined);
  const answer = await server.do({ kind: 'exec.answer', request: 1, run: true });
  assert.equal(!answer.ok && answer.code, 'AIOC_USAGE');
  assert.equal(existsSync(marker), false);
});

test('a configured connector has no shell, whatever it is given; --exec is refused everywhere but in the chat', () => {
  const options = { local: {}, exec: { shell: '/bin/sh', start: startPeerShell }, stateDirectory: '/s' };
  const parts = { folder: {}, log: {}, onChange: () => undefined };
  const make = makeChat as unknown as (...those: unknown[]) => { readonly execState: object };
  const ports = { random: { fraction: () => 0 }, clock: new FakeClock(0) };
  assert.deepEqual(make({ ...options, ports }, {}, parts).execState, {});
  assert.ok('exec' in make({ ...options, ports, local: undefined }, {}, parts).execState);
  for (const line of ['--headless a.json', 'a.json', 'attach', 'listen', 'chat --target h --upload f'])
    assert.throws(
      () => parseCommandLine([...line.split(' '), '--exec', '/bin/sh']),
      (error) => error instanceof AiocError && error.code === 'AIOC_USAGE',
      line,
    );
});

test('with --exec the line runs in the shell after the yes, and its output comes back', async (t) => {
  const server = await realSide(t, { role: 'server', exec: { shell: '/bin/sh', start: startPeerShell } });
  await server.engine.start();
  const client = await realSide(t, { role: 'client', port: server.status().port });
  await client.engine.start();
  await waitFor(() => client.peers()[0]?.state === 'connected', { what: 'the connection' });
  const peer = client.peers()[0]?.id ?? '';
  await client.do({ kind: 'chat.say', peer, text: 'echo $((20 + 22)) is it' });
  await waitFor(() => server.status().exec?.requests.length === 1, { what: 'the question' });
  assert.deepEqual(server.status().exec?.running, []);
  const request = server.status().exec?.requests[0]?.id ?? 0;
  assert.deepEqual(await server.do({ kind: 'exec.answer', request, run: true }), { ok: true, value: null });
  await waitFor(() => client.heard().some((text) => /42 is it$/m.test(text)), { what: 'the output' });
  const [running] = server.status().exec?.running ?? [];
  assert.equal(running?.peerName, 'client');
  await server.do({ kind: 'exec.stop', peer: running?.peer ?? '' });
  await waitFor(() => server.status().exec?.running.length === 0, { what: 'the end of the shell' });
});

test('without script on the machine the shell has pipes, says so, and runs line by line until it is ended', async () => {
  let printed = '';
  const ends: string[] = [];
  const shell = startPeerShellIn('/nowhere', '/bin/sh', {
    onOutput: (text) => {
      printed += text;
    },
    onEnd: (how) => ends.push(how),
  });
  assert.equal(shell.isTerminal, false, 'the banner says: in pipes');
  shell.write('echo one; test -t 0 || echo no terminal; echo wrong >&2');
  await waitFor(() => /one\nno terminal\n/.test(printed) && printed.includes('wrong'), {
    what: 'its output',
  });
  shell.write('cd /; pwd');
  await waitFor(() => printed.endsWith('/\n'), { what: 'the same shell to go on' });
  shell.stop();
  await waitFor(() => ends.length === 1, { what: 'its end' });
  assert.match(ends[0] ?? '', /^(exit \d+|stopped by SIGHUP)$/);
});
