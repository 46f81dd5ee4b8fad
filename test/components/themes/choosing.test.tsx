import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../../helpers/fake-engine.ts';
import { FakeLocal } from '../../helpers/fake-local.ts';
import { busyEngine } from '../../helpers/sample-data.ts';
import { openScreen, type TestScreen, type TestScreenOptions } from '../../helpers/screen.tsx';

async function opened(
  t: { after(action: () => void): void },
  options: Partial<TestScreenOptions> = {},
): Promise<TestScreen> {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), ...options });
  t.after(() => screen.close());
  return screen;
}

test('T goes through the colours, says their names, and draws the whole screen in them', async (t) => {
  const screen = await opened(t);
  assert.doesNotMatch(screen.bytes, /48;2;/);
  await screen.press('1', 'T');
  assert.match(screen.rows().at(-1) ?? '', /Colours: dark, T: the next one/);
  const before = screen.rows().slice(0, -1);
  assert.match(screen.bytes, /48;2;21;24;30m/);
  for (const name of ['light', 'high-contrast', 'colour-blind', 'auto']) {
    await screen.press('T');
    assert.match(screen.rows().at(-1) ?? '', new RegExp(`Colours: ${name}`));
    assert.deepEqual(screen.rows().slice(0, -1), before);
  }
  assert.deepEqual(screen.themes, ['dark', 'light', 'high-contrast', 'colour-blind', 'auto']);
});

test(':theme takes a name, which Tab completes, and is remembered by the next run', async (t) => {
  const local = new FakeLocal();
  const screen = await opened(t, { local });
  await screen.press('1', ':');
  await screen.type('theme h');
  await screen.press('tab', 'enter');
  assert.deepEqual(screen.themes, ['high-contrast']);
  assert.deepEqual((await opened(t, { local })).themes, ['high-contrast']);
  await screen.press(':');
  await screen.type('theme pink');
  await screen.press('enter');
  assert.match(screen.rows().at(-1) ?? '', /one of these after :theme: auto, dark, light, high-contrast/);
});

test('--theme is stronger than what an earlier run has remembered', async (t) => {
  const local = new FakeLocal();
  local.preferences = { theme: 'dark' };
  assert.deepEqual((await opened(t, { local, theme: 'light' })).themes, ['light']);
  local.preferences = { theme: 'no theme' };
  assert.deepEqual((await opened(t, { local })).themes, []);
});

test('what is typed into a filter has the colours of the theme, too', async (t) => {
  const screen = await opened(t, { theme: 'light' });
  await screen.press('1', '/');
  await screen.type('client');
  const row = screen.rows().findIndex((line) => line.includes('/ client'));
  const column = screen.rows()[row]?.indexOf('/ client') ?? 0;
  assert.equal(screen.cell(row, column + 3)?.getBgColor(), 0xfbfbfa);
});
