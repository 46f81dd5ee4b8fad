import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type KeyEvent, key } from '../../../components/terminal/key-event.ts';
import { sanitize } from '../../../components/terminal/sanitize.ts';
import { graphemes, textWidth } from '../../../components/terminal/width.ts';
import { LineEditor, pasteLines } from '../../../components/widgets/line-editor.ts';
import { inserted, KEYS, type Model, PIECES, pressed } from '../../helpers/line-model.ts';
import { runs } from '../../helpers/runs.ts';

/** `ctrl-left` and the like to an event; a single character types itself. */
function event(name: string): KeyEvent {
  const [, modifier, bare] = /^(ctrl|alt)-(.+)$/.exec(name) ?? [];
  if (modifier !== undefined && bare !== undefined) return key(bare, { [modifier]: true });
  return name.length === 1 || !/^[a-z]/.test(name) ? { ...key(name), text: name } : key(name);
}

function press(editor: LineEditor, ...names: string[]) {
  return names.map((name) => editor.apply(event(name)));
}

function type(editor: LineEditor, text: string): void {
  for (const character of text) editor.apply(event(character));
}

/** The text with a bar at the cursor. */
function shown(editor: LineEditor): string {
  const parts = graphemes(editor.text);
  return [...parts.slice(0, editor.cursor), '|', ...parts.slice(editor.cursor)].join('');
}

test('typing, moving and erasing', () => {
  const editor = new LineEditor();
  type(editor, 'helo');
  press(editor, 'left', 'l', 'home', '>', 'end', '!');
  assert.equal(shown(editor), '>hello!|');
  press(editor, 'backspace', 'ctrl-a', 'delete', 'ctrl-f');
  assert.equal(shown(editor), 'h|ello');
  assert.deepEqual(
    press(editor, 'ctrl-b', 'left', 'backspace', 'f5', 'tab', 'escape').map(({ kind }) => kind),
    ['changed', 'none', 'none', 'none', 'none', 'none'],
  );
});

test('a character of many code points is one', () => {
  const editor = new LineEditor();
  for (const codePoint of 'a👨‍👩‍👧e\u0301🇩🇪') editor.apply({ ...key(codePoint), text: codePoint });
  assert.equal(editor.cursor, 4);
  press(editor, 'backspace', 'backspace', 'backspace');
  assert.equal(shown(editor), 'a|');
});

test('words inserted before a mark that stands alone stay together', () => {
  const editor = new LineEditor();
  editor.insert('\u0301z');
  press(editor, 'home');
  editor.insert('ab c');
  assert.equal(editor.text, 'ab c\u0301z');
});

test('words: moving, killing, yanking', () => {
  const editor = new LineEditor();
  type(editor, 'send  the-file now');
  press(editor, 'ctrl-left', 'alt-b');
  assert.equal(shown(editor), 'send  the-|file now');
  press(editor, 'ctrl-w');
  assert.equal(shown(editor), 'send  |file now');
  press(editor, 'alt-f', 'ctrl-y');
  assert.equal(shown(editor), 'send  filethe-| now');
  press(editor, 'ctrl-u');
  assert.equal(shown(editor), '| now');
  press(editor, 'ctrl-y', 'home', 'alt-d', 'ctrl-k', 'ctrl-y');
  assert.equal(shown(editor), '  filethe- now|');
});

test('undo goes back word by word, and past kills and completions', () => {
  const editor = new LineEditor();
  type(editor, 'one two');
  press(editor, 'ctrl-u');
  editor.setText('!upload site.zip');
  press(editor, 'ctrl-_');
  assert.equal(editor.text, '');
  press(editor, 'ctrl-_');
  assert.equal(shown(editor), 'one two|');
  press(editor, 'ctrl-_');
  assert.equal(shown(editor), 'one|');
  assert.deepEqual(
    press(editor, 'ctrl-_', 'ctrl-_').map(({ kind }) => kind),
    ['changed', 'none'],
  );
});

test('Enter submits what is there, and nothing when nothing is', () => {
  const editor = new LineEditor();
  type(editor, 'hi');
  assert.deepEqual(press(editor, 'enter', 'enter'), [{ kind: 'submit', text: 'hi' }, { kind: 'none' }]);
  assert.equal(editor.text, '');
});

test('history keeps the draft and meets only lines that begin as it does', () => {
  const editor = new LineEditor({ history: ['!ls', 'hello', '!cat x', 'bye'] });
  type(editor, '!');
  press(editor, 'up');
  assert.equal(shown(editor), '!cat x|');
  press(editor, 'up');
  assert.equal(editor.text, '!ls');
  assert.deepEqual(press(editor, 'up'), [{ kind: 'none' }]);
  press(editor, 'down', 'down');
  assert.equal(shown(editor), '!|');
  assert.deepEqual(press(editor, 'down'), [{ kind: 'none' }]);
  press(editor, 'backspace', 'up', 'up', 'x', 'up');
  assert.equal(editor.text, '!cat xx');
});

test('history is bounded, and repeats are kept once', () => {
  const editor = new LineEditor();
  for (let count = 0; count < 600; count += 1) {
    editor.insert(`line ${count}`);
    press(editor, 'enter');
    editor.insert(`line ${count}`);
    press(editor, 'enter');
  }
  editor.insert('x'.repeat(100_000));
  press(editor, 'enter');
  assert.equal(editor.history.length, 500);
  assert.equal(editor.history.at(-1), 'line 599');
});

test('a paste becomes one line of printable text, unless line ends are to be kept', () => {
  const editor = new LineEditor();
  assert.deepEqual(editor.apply({ kind: 'paste', text: 'a\r\nb\tc\x1b[31m\x07d', truncated: false }), {
    kind: 'changed',
  });
  assert.equal(editor.text, 'a b c[31md');
  editor.clear();
  editor.insert('a\r\nb', { keepNewlines: true });
  assert.equal(editor.text, 'a\nb');
  assert.equal(editor.visible(10).text, 'a⏎b');
  assert.deepEqual(
    [pasteLines('a'), pasteLines('a\n'), pasteLines('a\r\nb'), pasteLines('a\rb\n')],
    [1, 1, 2, 2],
  );
});

// Quadratic time would end this file by its deadline.
test('ten megabytes pasted are cut to one, and the editor works on', () => {
  for (const unit of ['e\u0301']) {
    const editor = new LineEditor();
    const paste = unit.repeat(Math.ceil((10 * 1024 * 1024) / Buffer.byteLength(unit)));
    assert.deepEqual(editor.insert(paste), { kind: 'changed', truncated: true });
    assert.ok(Buffer.byteLength(editor.text) <= 1024 * 1024);
    assert.ok(Buffer.byteLength(editor.text) > 1024 * 1024 - 8);
    assert.deepEqual(
      press(editor, '日', 'left', 'backspace').map(({ kind }) => kind),
      ['changed', 'changed', 'changed'],
    );
    for (let count = 0; count < 1000; count += 1) editor.visible(80);
  }
});

test('the window follows the cursor and counts columns', () => {
  const editor = new LineEditor();
  editor.insert('0123456789');
  assert.deepEqual(editor.visible(20), { text: '0123456789', cursorColumn: 10 });
  assert.deepEqual(editor.visible(5), { text: '6789', cursorColumn: 4 });
  press(editor, 'left', 'left');
  assert.deepEqual(editor.visible(5), { text: '6789', cursorColumn: 2 });
  press(editor, 'home');
  assert.deepEqual(editor.visible(5), { text: '01234', cursorColumn: 0 });
  editor.setText('日本語日本語');
  assert.deepEqual(editor.visible(6), { text: '本語', cursorColumn: 4 });
  assert.deepEqual(editor.visible(1), { text: '', cursorColumn: 0 });
  assert.deepEqual(editor.visible(0), { text: '', cursorColumn: 0 });
});

test('any sequence of keys does what the simplest possible editor does', () => {
  const keys: readonly string[] = KEYS;
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 2, arbitrary: fc.constantFrom(...keys.slice(0, 6)) },
    { weight: 1, arbitrary: fc.constantFrom(...keys.slice(6)) },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.constantFrom(...PIECES), { minLength: 2, maxLength: 6 })
        .map((parts) => parts.join('')),
    },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), fc.integer({ min: 1, max: 12 }), (actions, width) => {
      const editor = new LineEditor();
      let model: Model = { text: '', at: 0 };
      for (const name of actions) {
        if (keys.includes(name)) press(editor, name);
        else editor.insert(name);
        model = keys.includes(name) ? pressed(model, name) : inserted(model, name);
        assert.equal(editor.text, model.text);
        assert.equal(editor.textBeforeCursor, model.text.slice(0, model.at));
        const { text, cursorColumn } = editor.visible(width);
        assert.ok(cursorColumn < width);
        assert.ok(textWidth(text) <= width);
        assert.equal(sanitize(text), text);
        assert.ok(cursorColumn <= textWidth(text));
      }
    }),
    { numRuns: runs(1_500) },
  );
});

test('undo after any edits comes back to the beginning', () => {
  const edit = fc.constantFrom('a', ' ', '日', 'backspace', 'ctrl-w', 'ctrl-k', 'left', 'ctrl-y', 'home');
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 60 }), (edits) => {
      const editor = new LineEditor();
      press(editor, ...edits);
      for (let count = 0; count <= edits.length; count += 1) press(editor, 'ctrl-_');
      assert.equal(editor.text, '');
    }),
    { numRuns: runs(300) },
  );
});

test('the size never exceeds its bound', () => {
  const editor = new LineEditor({ sizeMaxBytes: 10 });
  assert.deepEqual(editor.insert('日本語日本語'), { kind: 'changed', truncated: true });
  assert.equal(editor.text, '日本語');
  assert.deepEqual(editor.insert('é'), { kind: 'changed', truncated: true });
  type(editor, 'ab');
  assert.equal(editor.text, '日本語a');
  press(editor, 'backspace', 'backspace');
  type(editor, 'xyzw');
  assert.equal(editor.text, '日本xyzw');
});
