import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { saveText } from '../../source/save-text.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine, emptyEngine, sampleChat, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';
import { tempDir } from '../helpers/temp-dir.ts';

test('y shows the row to copy; after :clipboard on it goes to the clipboard', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  await screen.press('alt-1', 'y');
  assert.match(screen.text(), /To copy/);
  assert.match(screen.text(), /octopus-unicorn-crystal-spinach-bicycle-giraffe-lantern-saffron/);
  assert.deepEqual(screen.copied, []);
  await screen.press('escape');
  await screen.type(':clipboard on\r');
  await screen.press('y');
  assert.deepEqual(screen.copied, [
    'client1\n10.0.0.7\noctopus-unicorn-crystal-spinach-bicycle-giraffe-lantern-saffron',
  ]);
});

test('v and y copy a fingerprint in one line', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const fingerprint = 'ab12'.repeat(16);
  engine.change((data) => {
    data.peers = data.peers.map((peer) => ({ ...peer, fingerprint }));
  });
  const screen = await openScreen({ engine, columns: 80, rows: 24 });
  t.after(() => screen.close());
  await screen.type(':clipboard on\r');
  await screen.press('alt-1', 'v', 'y');
  assert.match(screen.copied[0] ?? '', new RegExp(`^SHA-256: +${fingerprint}$`, 'm'));
});

test('without TLS, nothing is said of certificates that a peer could have shown', async (t) => {
  const engine = new FakeEngine(busyEngine());
  engine.setStatus({ security: 'plain' });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('alt-1', 'v');
  assert.match(screen.text(), /Nothing proves its identity: without TLS there are no certificates\./);
});

test('Ctrl-S writes what is seen, also under a dialog', async (t) => {
  const local = new FakeLocal();
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), local });
  t.after(() => screen.close());
  await screen.press('alt-1', '?');
  const seen = screen.rows().join('\n');
  await screen.press('ctrl-s');
  assert.equal(local.screens[0], `${seen}\n`);
  await screen.press('escape');
  assert.match(screen.rows().at(-1) ?? '', /Saved the screen as \/home\/ann\/aioc-screen\.txt/);
});

test('a saved screen is for its user only, and replaces nothing', async (t) => {
  const directory = tempDir(t);
  const first = await saveText('one\n', { what: 'screen', directory });
  const second = await saveText('two\n', { what: 'screen', directory });
  assert.notEqual(first, second);
  assert.equal(readFileSync(first, 'utf8'), 'one\n');
  assert.equal(statSync(second).mode & 0o777, 0o600);
  writeFileSync(`${directory}/file`, '');
  await assert.rejects(saveText('x', { what: 'text', directory: `${directory}/file` }), /ENOTDIR/);
});

test('the whole output of a command, opened with o, is saved with s', async (t) => {
  const data = emptyEngine();
  data.peers.push(samplePeer('ben'));
  const lines = Array.from({ length: 300 }, (_, at) => `line ${at + 1}`);
  const shell = { running: false, exitCode: 0, lines, droppedLines: 0 };
  data.chats['ben'] = [sampleChat(1, { from: 'here', text: 'seq 300', shell })];
  const screen = await openScreen({ engine: new FakeEngine(data) });
  t.after(() => screen.close());
  assert.match(screen.text(), /… 2\d\d lines above \(o: open\)/);
  await screen.press('4', 'escape', 'o', 's');
  assert.match(screen.text(), /Saved as .*aioc-text\.txt/);
  assert.equal(screen.local.screens[0], `${lines.join('\n')}\n`);
});
