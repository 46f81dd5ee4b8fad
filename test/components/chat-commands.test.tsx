import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHAT_COMMANDS } from '../../components/state/chat-commands.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine, emptyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

async function writing(t: { after(action: () => void): void }, data = busyEngine()) {
  const engine = new FakeEngine(data);
  const local = new FakeLocal();
  const screen = await openScreen({ engine, local });
  t.after(() => screen.close());
  await screen.press('4');
  const enter = async (line: string): Promise<void> => {
    await screen.type(line);
    await screen.press('enter');
  };
  /** What was written into the conversation last. */
  const said = () => engine.commands('chat.local').at(-1)?.row;
  return { screen, engine, local, enter, said };
}

test('!cd changes the directory of commands, uploads and imports; the prompt of a command shows it', async (t) => {
  const { screen, engine, local, enter, said } = await writing(t);
  await screen.type('!');
  assert.match(screen.text(), /~ › !/);
  await enter('cd plans');
  assert.equal(said()?.text, 'Commands run in ~/plans now.');
  await enter('!upload plan.txt');
  await enter('!import photo.jpg');
  assert.equal(engine.commands('chat.upload')[0]?.path, '/home/ann/plans/plan.txt');
  assert.equal(engine.commands('files.import')[0]?.directory, '/home/ann/plans');
  await enter('!cd nowhere');
  assert.match(said()?.text ?? '', /no such directory/);
  assert.equal(said()?.tone, 'bad');
  await screen.type('!l');
  assert.match(screen.text(), /~\/plans › !l/);
  await screen.press('ctrl-u');
  await screen.type('words are no command');
  assert.match(screen.text(), /[^~k] › words are no command/);
  await screen.press('ctrl-u');
  await enter('!cd');
  assert.equal(local.workingDirectory, '/home/ann');
  await enter('!cd /srv && make');
  assert.equal(local.shells.at(-1)?.line, 'cd /srv && make');
});

test('!upload takes several files, quoted as in a shell; a name with blanks that exists is one file', async (t) => {
  const { engine, local, enter } = await writing(t);
  const paths = (): readonly string[] => engine.commands('chat.upload').map(({ path }) => path);
  await enter(`!upload one.txt "two words" three\\ more 'it$'`);
  assert.deepEqual(paths(), [
    '/home/ann/one.txt',
    '/home/ann/two words',
    '/home/ann/three more',
    '/home/ann/it$',
  ]);
  local.existing.add('/home/ann/my file.txt');
  await enter('!upload my file.txt');
  assert.deepEqual(paths().slice(4), ['/home/ann/my file.txt']);
});

test('Tab quotes a name, completes each of several, and keeps what is behind the cursor', async (t) => {
  const { screen, local } = await writing(t);
  local.paths = ['my notes.txt', 'yours.txt'];
  await screen.type('!upload my');
  await screen.press('tab');
  assert.match(screen.text(), /› !upload my\\ notes\.txt/);
  await screen.type(' yo');
  await screen.press('tab');
  assert.match(screen.text(), /› !upload my\\ notes\.txt yours\.txt/);
  await screen.press('ctrl-u');
  await screen.type('!upload "my no');
  await screen.press('tab');
  assert.match(screen.text(), /› !upload "my notes\.txt" *│/);
  await screen.press('ctrl-u');
  await screen.type('!cat yo | wc');
  await screen.press('left', 'left', 'left', 'left', 'left');
  await screen.press('tab');
  assert.match(screen.text(), /› !cat yours\.txt \| wc/);
});

test('!zimport and !dezip complete archives only, !cd directories, !to peers; names may have blanks', async (t) => {
  const { screen, engine, local } = await writing(t);
  local.paths = ['notes/', 'notes.txt'];
  engine.answers.set('files.list', { ok: true, value: ['site one.zip', 'site.txt'] });
  const completed = async (typed: string): Promise<string> => {
    await screen.type(typed);
    await screen.press('tab');
    const line = /› (![^│]*)/.exec(screen.text())?.[1]?.trimEnd() ?? '';
    await screen.press('ctrl-u');
    return line;
  };
  assert.equal(await completed('!zimport si'), '!zimport site\\ one.zip');
  assert.equal(await completed('!dezip site o'), '!dezip site\\ one.zip');
  assert.equal(await completed('!cd no'), '!cd notes/');
  assert.equal(await completed('!to client3'), '!to client3');
  assert.equal(await completed('!hel'), '!help');
});

test('!dezip unzips where the files are, and says where that is', async (t) => {
  const { engine, enter, said } = await writing(t);
  engine.answers.set('files.import', { ok: true, value: '/home/ann/aioc-received/site' });
  await enter('!dezip my site.zip');
  assert.deepEqual(engine.commands('files.import'), [
    { kind: 'files.import', name: 'my site.zip', unzip: true },
  ]);
  assert.equal(said()?.text, 'my site.zip unzipped to /home/ann/aioc-received/site');
});

test('!peers, !who and !files answer in the conversation', async (t) => {
  const { engine, enter, said } = await writing(t);
  engine.answers.set('files.list', { ok: true, value: ['photo.jpg'] });
  await enter('!peers');
  assert.match(said()?.text ?? '', /^client1 +connected, /m);
  assert.match(said()?.text ?? '', /^client3 +away, /m);
  await enter('!who');
  assert.match(said()?.text ?? '', /\(you\)/);
  assert.match(said()?.text ?? '', /^client1, .*\n {2}(words there: |without a certificate)/m);
  assert.doesNotMatch(said()?.text ?? '', /client3/);
  await enter('!files');
  assert.match(said()?.text ?? '', /^Received, in .*:\n {2}photo\.jpg/);
  assert.equal(engine.openViews.length, new Set(engine.openViews.map(({ pane }) => pane)).size);
});

test('!to chooses the conversation by a name or its beginning, and says when there is none', async (t) => {
  const data = busyEngine();
  data.peers.push(samplePeer('press-1'), samplePeer('press-2'));
  const { screen, enter, said } = await writing(t, data);
  await enter('!to press-2');
  assert.match(screen.text(), /4 Chat · press-2/);
  await enter('!to CLIENT3');
  assert.match(screen.text(), /4 Chat · client3/);
  await enter('!to press');
  assert.match(said()?.text ?? '', /More than one peer begins with press/);
  await enter('!to bob');
  assert.match(said()?.text ?? '', /There is no peer bob/);
});

test('!help lists each command; with more words, the shell gets those that take none', async (t) => {
  const { local, enter, said } = await writing(t, emptyEngine());
  await enter('!help');
  for (const { name, help } of CHAT_COMMANDS)
    assert.ok(said()?.text.includes(name) && said()?.text.includes(help));
  await enter('!who am i');
  await enter('! who');
  assert.deepEqual(
    local.shells.map(({ line }) => line),
    ['who am i', 'who'],
  );
});
