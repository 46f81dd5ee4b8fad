import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BINDINGS } from '../../components/keys/bindings/index.ts';
import { TYPING_KEYS } from '../../components/keys/typing-keys.ts';
import { type Key, key } from '../../components/terminal/key-event.ts';
import { LineEditor } from '../../components/widgets/line-editor.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz_'];
const NAMED = ['left', 'right', 'home', 'end', 'backspace', 'delete', 'up', 'down', 'enter'];

function everyKey(): readonly (readonly [chord: string, key: Key])[] {
  return [...LETTERS, ...NAMED].flatMap((name) => [
    ...(LETTERS.includes(name) ? [] : [[name, key(name)] as const]),
    [`ctrl-${name}`, key(name, { ctrl: true })] as const,
    [`alt-${name}`, key(name, { alt: true })] as const,
  ]);
}

/** An editor in which each key that it knows changes something. */
function editor(): LineEditor {
  const made = new LineEditor({ history: ['one two three', 'one'] });
  made.insert('one two');
  made.apply(key('w', { ctrl: true }));
  made.insert('two three');
  for (let count = 0; count < 5; count += 1) made.apply(key('left'));
  return made;
}

test('each key that the line editor knows is in the help', () => {
  const known = everyKey().filter(([, pressed]) => {
    if (editor().apply(pressed).kind !== 'none') return true;
    // The way down the history is open only after a way up.
    const walked = new LineEditor({ history: ['one', 'two'] });
    walked.apply(key('up'));
    return walked.apply(pressed).kind !== 'none';
  });
  assert.ok(known.length > 20);
  const listed = new Set([
    ...TYPING_KEYS.flatMap(({ chords }) => chords),
    ...BINDINGS.filter(({ places }) => places.includes('writing')).flatMap(({ keys }) => keys),
  ]);
  assert.deepEqual(
    known.map(([chord]) => chord).filter((chord) => !listed.has(chord)),
    [],
  );
});

test('each key that exists only at times has a reason for the other times', () => {
  for (const { applies, otherwise, label } of BINDINGS)
    assert.equal(applies === undefined, otherwise === undefined, label);
});

test('on a client the help says why a and r answer nothing, and lists Ctrl-W', async (t) => {
  const engine = new FakeEngine(emptyEngine({ role: 'client', phase: { kind: 'connected' } }));
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('escape', '?');
  await screen.type('accept or');
  assert.match(screen.text(), /a r +any pane +accept or refuse — Only a server is asked/);
  await screen.press('ctrl-u');
  await screen.type('ctrl-w');
  assert.match(screen.text(), /Ctrl-W +chat line/);
});
