import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecState } from '../../engine/contract/exec-state.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen, type TestScreenOptions } from '../helpers/screen.tsx';

const REQUEST = { id: 3, peer: 'client1', peerName: 'client1', text: 'rm -r build && make' };
const IDLE: ExecState = { shell: '/bin/sh', requests: [], running: [] };
const ASKED: ExecState = { ...IDLE, requests: [REQUEST] };

async function opened(t: { after(action: () => void): void }, options: Partial<TestScreenOptions> = {}) {
  const engine = new FakeEngine(busyEngine());
  engine.setStatus({ joinRequests: [], exec: IDLE });
  const screen = await openScreen({ engine, ...options });
  t.after(() => screen.close());
  return { engine, screen };
}

test('a command of a peer asks with the peer and all of it; Refuse has the focus, the yes takes another key', async (t) => {
  const { engine, screen } = await opened(t);
  assert.match(screen.text(), /--exec: peers may ask to run commands in \/bin\/sh; none runs/);
  engine.setStatus({ exec: ASKED });
  await screen.settle();
  assert.match(screen.text(), /client1 asks to run this on your machine, in \/bin\/sh:/);
  assert.match(screen.text(), /rm -r build && make/);
  assert.match(screen.text(), /\[ Refuse \] +Run it/);
  await screen.press('enter');
  assert.deepEqual(engine.commands('exec.answer'), [{ kind: 'exec.answer', request: 3, run: false }]);
  engine.setStatus({ exec: { ...ASKED, requests: [{ ...REQUEST, id: 4 }] } });
  await screen.settle();
  await screen.press('right', 'enter');
  assert.deepEqual(engine.commands('exec.answer').at(-1), { kind: 'exec.answer', request: 4, run: true });
});

test('while the user writes, a command takes no keys: Alt-A asks, and Esc decides later', async (t) => {
  const { engine, screen } = await opened(t);
  await screen.press('4');
  await screen.type('hel');
  engine.setStatus({ exec: ASKED });
  await screen.type('lo');
  await screen.press('right');
  await screen.press('enter');
  assert.equal(engine.commands('chat.say').at(-1)?.text, 'hello');
  assert.match(screen.text(), /client1 asks to run: rm -r build && make {2,}Alt-A answer/);
  await screen.press('alt-a');
  assert.match(screen.text(), /Run a command of a peer\?/);
  await screen.press('escape');
  assert.deepEqual(engine.commands('exec.answer'), []);
});

test('a command that the screen cannot show as it is can only be refused', async (t) => {
  const long = { ...ASKED, requests: [{ ...REQUEST, text: 'echo é '.repeat(28) }] };
  const { engine, screen } = await opened(t, { columns: 40, rows: 10 });
  engine.setStatus({ exec: long });
  await screen.settle();
  assert.match(screen.text(), /too small to show/);
  assert.doesNotMatch(screen.text(), /Run it/);
  await screen.press('right', 'enter');
  assert.deepEqual(engine.commands('exec.answer'), [{ kind: 'exec.answer', request: 3, run: false }]);
  const ascii = await opened(t, { appearance: { colour: false, unicode: false } });
  ascii.engine.setStatus({ exec: long });
  await ascii.screen.settle();
  assert.match(ascii.screen.text(), /draws ASCII only/);
  assert.doesNotMatch(ascii.screen.text(), /Run it/);
});

test('the banner says who has a shell and how, while it lasts, and Ctrl-C ends it before it quits', async (t) => {
  const { engine, screen } = await opened(t);
  const shell = { peer: 'client1', peerName: 'client1' };
  engine.setStatus({ exec: { ...IDLE, running: [{ ...shell, isTerminal: false }] } });
  await screen.press('4');
  assert.match(screen.text(), /client1 has \/bin\/sh here, in pipes\. Ctrl-C in the line ends it/);
  await screen.press('ctrl-c');
  assert.deepEqual(engine.commands('exec.stop'), [{ kind: 'exec.stop', peer: 'client1' }]);
  assert.doesNotMatch(screen.text(), /Quit aioc/);
  engine.setStatus({ exec: { ...IDLE, running: [{ ...shell, isTerminal: true }] } });
  await screen.settle();
  assert.match(screen.text(), /in a terminal of script/);
  engine.setStatus({ exec: IDLE });
  await screen.press('ctrl-c');
  assert.match(screen.text(), /Quit aioc/);
});

test('a command that is no longer pending closes its question', async (t) => {
  const { engine, screen } = await opened(t);
  engine.setStatus({ exec: ASKED });
  await screen.settle();
  engine.setStatus({ exec: IDLE });
  await screen.settle();
  assert.doesNotMatch(screen.text(), /Run a command/);
  assert.match(screen.text(), /no longer pending/);
});
