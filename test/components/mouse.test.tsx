import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine, emptyEngine, sampleLog, samplePeer } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

async function opened(
  t: { after(action: () => void): void },
  data = busyEngine(),
  local = new FakeLocal(),
): Promise<TestScreen> {
  const screen = await openScreen({ engine: new FakeEngine(data), attached: 'here', local });
  t.after(() => screen.close());
  return screen;
}

/** A press of the left button on the first place of this text. */
async function click(screen: TestScreen, text: string): Promise<void> {
  const row = screen.rows().findIndex((line) => line.includes(text));
  const column = screen.rows()[row]?.indexOf(text) ?? -1;
  await screen.type(`\x1b[<0;${column + 1};${row + 1}M\x1b[<0;${column + 1};${row + 1}m`);
}

test('the mouse is off until M, which says how to select text then; the next run remembers it', async (t) => {
  const local = new FakeLocal();
  const screen = await opened(t, busyEngine(), local);
  assert.equal(screen.hasMouse, false);
  await screen.press('1', 'M');
  assert.equal(screen.hasMouse, true);
  assert.match(screen.rows().at(-1) ?? '', /The mouse is on.*hold Shift/);
  assert.equal((await opened(t, busyEngine(), local)).hasMouse, true);
  await screen.press('M');
  assert.equal(screen.hasMouse, false);
});

test('a click chooses the pane and the row under it, in every list', async (t) => {
  const screen = await opened(t);
  await screen.press('1', 'M');
  await click(screen, 'client3   ');
  assert.match(screen.text(), /›○ client3/);
  await click(screen, 'client1 · any');
  assert.match(screen.text(), /›▸ client1 · any/);
  await screen.press('w');
  assert.match(screen.text(), /Why\? client1 · any/);
  await screen.press('escape');
  await click(screen, 'hello?');
  await click(screen, 'sending it now');
  await screen.press('enter');
  assert.match(screen.text(), /╭ .*to client1/);
});

test('the wheel scrolls the pane under the pointer, and an open text', async (t) => {
  const peers = Array.from({ length: 60 }, (_, at) => samplePeer(`peer-${String(at).padStart(2, '0')}`));
  const log = Array.from({ length: 200 }, (_, at) => sampleLog(at + 1));
  const screen = await opened(t, { ...emptyEngine(), peers, log });
  await screen.press('1', 'M');
  await screen.type('\x1b[<65;5;5M\x1b[<65;5;5M');
  assert.match(screen.text(), /›● peer-06/);
  await screen.type('\x1b[<64;5;30M');
  assert.match(screen.text(), /not following|new below/);
  await screen.press('?');
  const before = screen.text();
  await screen.type('\x1b[<65;40;20M\x1b[<65;40;20M');
  assert.notEqual(screen.text(), before);
});
