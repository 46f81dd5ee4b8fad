import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine, emptyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

async function opened(t: { after(action: () => void): void }, data = busyEngine(), local = new FakeLocal()) {
  const engine = new FakeEngine(data);
  const screen = await openScreen({ engine, local });
  t.after(() => screen.close());
  return { screen, engine, local };
}

/** The same with the chat's line in focus. */
async function writing(...options: Parameters<typeof opened>): ReturnType<typeof opened> {
  const all = await opened(...options);
  await all.screen.press('4');
  return all;
}

test('a shell command runs here, shows its output, and Ctrl-C stops it before it quits', async (t) => {
  const { screen, engine, local } = await writing(t);
  await screen.type('!tail -f x');
  await screen.press('enter');
  assert.equal(local.shells[0]?.line, 'tail -f x');
  local.shells[0]?.update({ running: true, lines: ['one'], droppedLines: 0 });
  await screen.settle();
  const [shown] = engine.commands('chat.local');
  assert.equal(shown?.peer, 'client1');
  assert.equal(shown?.row.text, 'tail -f x');
  assert.deepEqual(shown?.row.shell, { running: true, lines: ['one'], droppedLines: 0 });
  await screen.press('ctrl-c');
  assert.equal(local.shells[0]?.isCancelled, true);
  assert.doesNotMatch(screen.text(), /Quit aioc/);
  local.shells[0]?.update({ running: false, signal: 'SIGINT', lines: ['one'], droppedLines: 0 });
  await screen.press('ctrl-c');
  assert.match(screen.text(), /Quit aioc/);
});

test('files are sent and fetched by their commands, paths resolved here', async (t) => {
  const { screen, engine, local } = await writing(t);
  local.existing.add('/home/ann/my file.txt');
  for (const line of ['!upload my file.txt', '!import photo.jpg', '!zimport site.zip']) {
    await screen.type(line);
    await screen.press('enter');
  }
  assert.deepEqual(engine.commands('chat.upload'), [
    { kind: 'chat.upload', peer: 'client1', path: '/home/ann/my file.txt' },
  ]);
  assert.deepEqual(engine.commands('files.import'), [
    { kind: 'files.import', name: 'photo.jpg', directory: '/home/ann', unzip: false },
    { kind: 'files.import', name: 'site.zip', directory: '/home/ann', unzip: true },
  ]);
});

test('what cannot be done is said in the conversation, with its reason', async (t) => {
  const { screen, engine } = await writing(t);
  engine.answers.set('chat.upload', {
    ok: false,
    code: 'AIOC_FILE_MISSING',
    message: 'There is no file /home/ann/nope.',
  });
  await screen.type('!upload nope');
  await screen.press('enter');
  const [remark] = engine.commands('chat.local');
  assert.equal(remark?.row.text, 'There is no file /home/ann/nope.');
  assert.equal(remark?.row.tone, 'bad');
});

test('Tab completes commands, local paths and received names', async (t) => {
  const { screen, engine, local } = await writing(t);
  local.paths = ['notes/', 'nothing.txt'];
  engine.answers.set('files.list', { ok: true, value: ['site.zip', 'photo.jpg'] });
  await screen.type('!zi');
  await screen.press('tab');
  assert.match(screen.text(), /› !zimport /);
  await screen.type('si');
  await screen.press('tab');
  assert.match(screen.text(), /› !zimport site\.zip/);
  await screen.press('enter');
  await screen.type('!upload no');
  await screen.press('tab');
  assert.match(screen.text(), /› !upload not/);
  assert.match(screen.text(), /│ {3}notes\/ .*\n.*│ {3}nothing\.txt /);
});

test('!exit leaves at once when nothing is lost, else it asks', async (t) => {
  const busy = await writing(t);
  await busy.screen.type('!exit');
  await busy.screen.press('enter');
  assert.deepEqual(busy.screen.quits, []);
  assert.match(busy.screen.text(), /Quit aioc/);
  busy.engine.setStatus({ transfersInFlight: 0, waitingCount: 0 });
  await busy.screen.press('escape');
  await busy.screen.type('!exit');
  await busy.screen.press('enter');
  assert.deepEqual(busy.screen.quits, [0]);
});

test('a paste of several lines asks first; Cancel has the focus', async (t) => {
  const { screen, engine } = await writing(t);
  await screen.paste('one\ntwo\nthree\n');
  assert.match(screen.text(), /Paste of 3 lines/);
  await screen.press('enter');
  assert.deepEqual(engine.commands('chat.say'), []);
  await screen.paste('one\ntwo\nthree\n');
  await screen.press('right', 'right', 'right', 'enter');
  assert.deepEqual(
    engine.commands('chat.say').map(({ text }) => text),
    ['one', 'two', 'three'],
  );
  await screen.paste('four\nfive');
  await screen.press('right', 'enter');
  assert.match(screen.text(), /› four five/);
});

test('a paste of 10 MB inserts nothing and says what to do', async (t) => {
  const { screen } = await writing(t);
  await screen.paste('x'.repeat(10 * 1024 * 1024));
  assert.match(screen.text(), /longer than 64 kB.*!upload/);
  assert.doesNotMatch(screen.text(), /xxxx/);
});

test('a line for nobody stays where it is', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine());
  await screen.press('4');
  await screen.type('hello');
  await screen.press('enter');
  assert.deepEqual(engine.commands('chat.say'), []);
  assert.match(screen.text(), /› hello/);
  assert.match(screen.text(), /Your line is kept/);
});

test('earlier lines come back with Up', async (t) => {
  const local = new FakeLocal();
  local.history = ['from yesterday'];
  const { screen } = await writing(t, busyEngine(), local);
  await screen.press('up');
  assert.match(screen.text(), /› from yesterday/);
  await screen.press('enter');
  assert.deepEqual(local.saved, ['from yesterday']);
});

test('new lines are read when a key is pressed in the conversation, not when they come', async (t) => {
  const { screen, engine } = await opened(t);
  assert.match(screen.text(), /─ new ─/);
  assert.deepEqual(engine.commands('chat.read'), []);
  await screen.type('a');
  assert.deepEqual(engine.commands('chat.read'), [{ kind: 'chat.read', peer: 'client1' }]);
});

test('c cancels the running transfer of the conversation', async (t) => {
  const { screen, engine } = await opened(t);
  await screen.press('c');
  assert.deepEqual(engine.commands('chat.cancel'), [{ kind: 'chat.cancel', peer: 'client1', row: 3 }]);
});
