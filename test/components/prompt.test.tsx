import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyDecoder } from '../../components/terminal/key-decoder.ts';
import type { KeyEvent } from '../../components/terminal/key-event.ts';
import { LineEditor } from '../../components/widgets/line-editor.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { NAMED_KEYS } from '../helpers/keyed-host.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

async function filtering(t: { after(action: () => void): void }): Promise<TestScreen> {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  await screen.press('alt-2', '/');
  return screen;
}

/** The text of the filter, and the cell of the cursor in it. */
function promptOf(screen: TestScreen): { text: string; cursor: number } {
  const view = screen.engine.openViews.find(({ pane }) => pane === 'queues');
  const title = screen.rows().find((row) => row.includes('2 Queues / ')) ?? '';
  const start = title.indexOf('2 Queues / ') + '2 Queues / '.length;
  return { text: view?.pane === 'queues' ? view.filter : '', cursor: screen.cursor.column - start };
}

/** The filter as the pane's title shows it. */
function shownIn(screen: TestScreen): string {
  return /2 Queues \/ (.*?) ─/.exec(screen.text())?.[1]?.trimEnd() ?? '';
}

test('what is typed into a prompt goes through ink-text-input, one key at a time', async (t) => {
  const screen = await filtering(t);
  await screen.type('evt');
  await screen.press('left', 'left', 'right', 'backspace', 'x');
  assert.deepEqual(screen.promptKeysFed, ['e', 'v', 't', '\x1b[D', '\x1b[D', '\x1b[C', '\x7f', 'x']);
  assert.deepEqual(promptOf(screen), { text: 'ext', cursor: 2 });
  assert.equal(shownIn(screen), 'ext');
});

test('without ink-text-input nothing would be typed', async (t) => {
  const screen = await filtering(t);
  screen.typeIntoPrompt = () => undefined;
  await screen.type('abc');
  assert.deepEqual(promptOf(screen), { text: '', cursor: 0 });
});

test('a prompt, text and Enter in a single read lose no key', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  await screen.press('alt-1');
  await screen.type('/client2\rz');
  assert.match(screen.text(), /1 Peers \/ client2 .* 1 of 5/);
  assert.doesNotMatch(screen.text(), /type to filter/);
  assert.doesNotMatch(screen.text(), /2 Queues/, 'z has zoomed');
});

test('a palette, a command and Enter in a single read run it', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('alt-1');
  await screen.type(':pi\t\r');
  assert.deepEqual(engine.commands('peer.ping'), [{ kind: 'peer.ping', peer: 'client1' }]);
});

test('characters of several code units are moved over and erased whole', async (t) => {
  const screen = await filtering(t);
  await screen.type('a👍é日');
  await screen.press('left', 'left', 'left', 'b');
  assert.equal(promptOf(screen).text, 'ab👍é日');
  await screen.press('right', 'backspace', 'delete');
  assert.deepEqual(promptOf(screen), { text: 'ab日', cursor: 2 });
});

test('a paste goes in at the cursor, its first line only and nothing of it that could steer the terminal', async (t) => {
  const screen = await filtering(t);
  await screen.type('ad');
  await screen.press('left');
  await screen.paste('b\x1b[31m\u202ec\nsecond line');
  assert.match(promptOf(screen).text, /^ab\[31mcd$/);
  await screen.press('x');
  assert.equal(promptOf(screen).text, 'ab[31mcxd');
});

test('a prompt holds 200 characters and scrolls, with the cursor in sight', async (t) => {
  const screen = await filtering(t);
  await screen.paste('x'.repeat(199));
  await screen.type('yz');
  assert.equal(promptOf(screen).text, `${'x'.repeat(199)}y`);
  assert.match(shownIn(screen), /^x+y$/);
  assert.equal(promptOf(screen).cursor, shownIn(screen).length);
  await screen.press('home');
  assert.equal(promptOf(screen).cursor, 0);
  assert.match(shownIn(screen), /^x+$/);
});

test('on a terminal without Unicode the prompt is drawn in ASCII, and keeps what was typed', async (t) => {
  const appearance = { colour: false, unicode: false };
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), appearance });
  t.after(() => screen.close());
  await screen.press('alt-2', '/');
  await screen.type('grün');
  assert.match(screen.text(), /2 Queues \/ gr\?n/);
  assert.equal(promptOf(screen).text, 'grün');
});

test('while a filter is typed the arrows move the selection, and Ctrl-C asks to quit', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  await screen.press('alt-1', '/');
  await screen.type('client');
  await screen.press('down');
  assert.match(screen.text(), /›● client2/);
  await screen.press('ctrl-c');
  assert.match(screen.text(), /Quit aioc\?/);
  await screen.press('escape', '1');
  assert.match(screen.text(), /1 Peers \/ client1 /, 'the filter is still being typed');
});

test('a screen that becomes too small and large again keeps the prompt and its text', async (t) => {
  const screen = await filtering(t);
  await screen.type('ev');
  await screen.resize(20, 5);
  await screen.type('ignored');
  await screen.resize(120, 40);
  await screen.type('e');
  assert.deepEqual(promptOf(screen), { text: 'eve', cursor: 3 });
});

test('any keys leave the same text and cursor as in the line editor of the chat', async (t) => {
  const screen = await filtering(t);
  const names = [
    'left',
    'right',
    'backspace',
    'delete',
    'home',
    'end',
    'ctrl-a',
    'ctrl-e',
    'ctrl-k',
    'ctrl-w',
  ];
  const keys = fc.array(fc.constantFrom(...names, 'a', 'b', ' ', 'ß', '日', '👍'), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(keys, async (pressed) => {
      await screen.press('ctrl-u', 'end', 'ctrl-u');
      const editor = new LineEditor();
      const bytes = pressed.map((name) => NAMED_KEYS[name] ?? name).join('');
      for (const event of decoded(bytes)) editor.apply(event);
      await screen.type(bytes);
      assert.deepEqual(promptOf(screen), { text: editor.text, cursor: editor.visible(60).cursorColumn });
    }),
    { numRuns: 8 },
  );
});

function decoded(bytes: string): KeyEvent[] {
  const events: KeyEvent[] = [];
  const decoder = new KeyDecoder({
    clock: new FakeClock(0),
    onEvent: (event) => event.kind !== 'mouse' && events.push(event),
  });
  decoder.write(bytes);
  return events;
}
