import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const CODE = 'aioc1w3r9k2m7c5x8v0b6n4z1q';

async function writing(t: { after(action: () => void): void }, local = new FakeLocal()) {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine, local });
  t.after(() => screen.close());
  await screen.press('4');
  return { screen, engine, local };
}

/** The text of the line, and the column of the terminal's own cursor in it. */
function line(screen: TestScreen): { text: string; cursor: number } {
  const row = screen.rows()[screen.cursor.row] ?? '';
  const start = row.indexOf('› ') + 2;
  return { text: /› ([^│]*)/.exec(row)?.[1]?.trimEnd() ?? '', cursor: screen.cursor.column - start };
}

test('Tab lists several candidates above the line; Tab and Shift-Tab go through them, Esc takes back', async (t) => {
  const { screen, local, engine } = await writing(t);
  local.paths = ['in/notes/', 'in/new one.txt', 'in/nothing.txt'];
  await screen.type('!upload in/n rest');
  await screen.press('left', 'left', 'left', 'left', 'left', 'tab');
  assert.match(screen.text(), /^.*│ {3}notes\/ /m);
  assert.match(screen.text(), /3 names {3}Tab, Shift-Tab: choose {3}Esc: take back/);
  await screen.press('tab');
  assert.equal(line(screen).text, '!upload in/notes/ rest');
  assert.equal(line(screen).cursor, '!upload in/notes/'.length, 'the cursor stays behind the word');
  await screen.press('tab');
  assert.equal(line(screen).text, '!upload in/new\\ one.txt rest');
  assert.match(screen.text(), /2 of 3/);
  await screen.press('shift-tab', 'shift-tab');
  assert.equal(line(screen).text, '!upload in/nothing.txt rest');
  await screen.press('escape');
  assert.equal(line(screen).text, '!upload in/n rest');
  assert.doesNotMatch(screen.text(), /Shift-Tab: choose/);
  await screen.press('tab', 'tab', 'enter');
  assert.deepEqual(engine.commands('chat.upload'), [], 'Enter takes the candidate');
  await screen.press('enter');
  assert.deepEqual(
    engine.commands('chat.upload').map(({ path }) => path),
    ['/home/ann/in/notes/', '/home/ann/rest'],
  );
});

test('with --nowrap Tab completes nothing: it goes to the next pane', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), completes: false });
  t.after(() => screen.close());
  await screen.press('4');
  await screen.type('!hel');
  await screen.press('tab');
  assert.match(screen.text(), /› !hel *│/);
  assert.doesNotMatch(screen.text(), /Tab complete/);
});

test('a letter goes on with the candidate, and the list closes', async (t) => {
  const { screen, local } = await writing(t);
  local.paths = ['a1/', 'a2/'];
  await screen.type('!cd a');
  await screen.press('tab', 'tab');
  local.paths = ['a1/b/'];
  await screen.type('b');
  assert.doesNotMatch(screen.text(), /Shift-Tab: choose/);
  await screen.press('tab');
  assert.equal(line(screen).text, '!cd a1/b/');
});

test('Ctrl-R finds earlier lines, older ones on the next press, and runs none of them', async (t) => {
  const local = new FakeLocal();
  local.history = ['!make one', 'hello', '!make two', '!ls'];
  const { screen, engine } = await writing(t, local);
  await screen.type('draft');
  await screen.press('ctrl-r');
  await screen.type('MA');
  assert.match(screen.text(), /search: MA › !make two/);
  await screen.press('ctrl-r');
  assert.match(screen.text(), /search: MA › !make one/);
  await screen.press('down');
  assert.match(screen.text(), /search: MA › !make two/);
  await screen.type('zz');
  assert.match(screen.text(), /no earlier line has this/);
  await screen.press('backspace', 'backspace', 'enter');
  assert.equal(line(screen).text, '!make two');
  assert.deepEqual(local.shells, []);
  assert.deepEqual(engine.commands('chat.say'), []);
  await screen.press('ctrl-u');
  await screen.type('kept');
  await screen.press('ctrl-r');
  await screen.type('hel');
  await screen.press('escape');
  assert.equal(line(screen).text, 'kept');
});

test('a line that begins with a blank, and the code of an invitation, are in no history', async (t) => {
  const { screen, local, engine } = await writing(t);
  for (const text of [' secret', `!aioc join ${CODE}`, 'open']) {
    await screen.type(text);
    await screen.press('enter');
  }
  assert.equal(engine.commands('chat.say').length, 2);
  assert.deepEqual(local.saved, ['open']);
  await screen.press('up', 'up', 'up');
  assert.equal(line(screen).text, 'open');
  await screen.press('ctrl-u', 'ctrl-r');
  await screen.type('aioc1');
  assert.match(screen.text(), /no earlier line has this/);
});

test('Alt-Enter breaks a line; it is one message, with the cursor where text is typed', async (t) => {
  const { screen, engine } = await writing(t);
  await screen.type('one');
  await screen.type('\x1b\r');
  await screen.type('two');
  assert.match(screen.text(), /│ › one +│\n.*│ {3}two +│/);
  const row = screen.rows()[screen.cursor.row] ?? '';
  assert.equal(screen.cursor.column, row.indexOf('two') + 3, 'the cursor is behind what was typed last');
  await screen.press('enter');
  assert.deepEqual(
    engine.commands('chat.say').map(({ text }) => text),
    ['one\ntwo'],
  );
});

test('a text of many lines shows those around the cursor, and keeps the conversation in sight', async (t) => {
  const { screen } = await writing(t);
  const lines = Array.from({ length: 30 }, (_, at) => `row ${at + 1}${' long'.repeat(at === 29 ? 40 : 0)}`);
  await screen.paste(lines.join('\n'));
  await screen.press('right', 'right', 'enter');
  const text = screen.text();
  assert.match(text, /row 25 +│[\s\S]*row 29 +│[\s\S]*long long +│/);
  assert.doesNotMatch(text, /row 24\b/);
  assert.match(text, /got it, thanks/);
  assert.match(screen.rows()[screen.cursor.row] ?? '', /long long/);
  await screen.press('home', 'escape');
  assert.match(screen.text(), /› row 1⏎row 2/, 'outside the line it takes one row');
});

test('lines that come in one read without brackets are asked about, and none of them runs or is sent', async (t) => {
  const { screen, engine, local } = await writing(t);
  await screen.type('!rm a\r!rm b\r!exit\r');
  assert.match(screen.text(), /Paste of 3 lines/);
  assert.match(screen.text(), /starts with !rm a/);
  await screen.press('right', 'right', 'right', 'enter');
  assert.deepEqual(local.shells, []);
  assert.deepEqual(screen.quits, []);
  assert.deepEqual(
    engine.commands('chat.say').map(({ text }) => text),
    ['!rm a', '!rm b', '!exit'],
  );
  assert.equal(line(screen).text, '');
});

test('lines in pieces, some milliseconds apart, are a paste; typed lines, and those of a filter, are not', async (t) => {
  const { screen, engine, local } = await writing(t);
  const pieces = ['!rm ', 'a\r', '!rm b', '\r!rm', ` ${'c'.repeat(80)}\r`];
  for (const piece of pieces) {
    screen.write(piece);
    screen.clock.advance(2);
  }
  await screen.settle();
  assert.match(screen.text(), /Paste of 3 lines/);
  await screen.press('enter');
  assert.deepEqual(local.shells, []);
  await screen.press('ctrl-u');
  for (const piece of ['o', 'k', '\r', 'n', 'o', '\r']) {
    screen.write(piece);
    screen.clock.advance(20);
  }
  await screen.settle();
  assert.deepEqual(
    engine.commands('chat.say').map(({ text }) => text),
    ['ok', 'no'],
  );
  await screen.press('escape');
  await screen.type('/ext\rz');
  assert.doesNotMatch(screen.text(), /Paste of/);
});

test('a paste becomes one message with its lines', async (t) => {
  const { screen, engine } = await writing(t);
  await screen.paste('if x:\n  y\n');
  await screen.press('right', 'right', 'enter', 'enter');
  assert.deepEqual(
    engine.commands('chat.say').map(({ text }) => text),
    ['if x:\n  y'],
  );
});

test('text in two directions and invisible characters change nothing else on the screen', async (t) => {
  const { screen } = await writing(t);
  const before = screen.rows();
  await screen.paste('a\u202eb\u2066c שלום é 日本');
  assert.deepEqual(line(screen), { text: 'a·b·c שלום é 日本', cursor: 17 });
  const changed = screen.rows().filter((row, at) => row !== before[at]);
  assert.ok(changed.length <= 2, changed.join('\n'));
});
