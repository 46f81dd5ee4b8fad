import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine, type FakeEngineData } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { emptyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

interface Opened {
  readonly screen: TestScreen;
  readonly engine: FakeEngine;
  readonly local: FakeLocal;
}

async function opened(t: { after(action: () => void): void }, data: FakeEngineData): Promise<Opened> {
  const engine = new FakeEngine(data);
  const local = new FakeLocal();
  const screen = await openScreen({ engine, local });
  t.after(() => screen.close());
  return { screen, engine, local };
}

const CODE = `aioc1${'0123456789abcdef'.repeat(40)}`;
const JOINED = {
  name: 'bob',
  address: 'server.example:10673',
  serverWords: 'crane-otter',
  configFile: '/home/ann/bob/config.json',
};

test('whole rows of the screen with a code can be copied from one screen and pasted into another', async (t) => {
  const inviting = await opened(t, {
    ...emptyEngine({ configured: true, security: 'mutual-tls' }),
    peers: [samplePeer('client1'), samplePeer('client2')],
  });
  inviting.engine.answers.set('client.invite', { ok: true, value: CODE });
  await inviting.screen.press('alt-1', ':');
  await inviting.screen.type('invite bob');
  await inviting.screen.press('enter');
  const rows = inviting.screen.text().split('\n');
  const isOfCode = (row: string): boolean => CODE.includes(row.replaceAll(/[^0-9a-z]/gi, ''));
  const first = rows.findIndex((row) => row.includes('aioc1'));
  const after = rows.findIndex((row, at) => at > first && !isOfCode(row));
  const { screen, local } = await opened(t, emptyEngine({ role: 'client', configured: true }));
  local.invitations.set(CODE, JOINED);
  await screen.press('alt-1', ':');
  await screen.type('join ');
  await screen.paste(rows.slice(first, after).join('\n'));
  await screen.press('enter');
  assert.deepEqual(local.codes, [CODE]);
});

test('join takes a pasted code with the frame and the line breaks of the dialog that showed it', async (t) => {
  const { screen, local } = await opened(t, emptyEngine({ role: 'client', configured: true }));
  local.invitations.set(CODE, JOINED);
  const framed = `│ ${CODE.slice(0, 300)} │\n│ ${CODE.slice(300)}   │`;
  await screen.press('alt-1', ':');
  await screen.type('join');
  await screen.press('enter');
  assert.match(screen.text(), /Code of the invitation/);
  await screen.press('enter');
  assert.match(screen.text(), /Paste the code of the invitation first/);
  await screen.paste(framed);
  await screen.press('enter');
  assert.deepEqual(local.codes, [CODE]);
  assert.match(screen.text(), /Joined server.example:10673 as bob/);
  assert.match(screen.text(), /server: crane-otter/);
  assert.match(screen.text(), /Next: aioc \/home\/ann\/bob\/config.json/);

  await screen.press('escape', ':');
  await screen.type('join ');
  await screen.paste(framed);
  await screen.press('enter');
  assert.deepEqual(local.codes, [CODE, CODE]);
});

test('a code stays nowhere: not on the screen, in the prompt, the history or a command to the engine', async (t) => {
  const { screen, local, engine } = await opened(t, emptyEngine({ role: 'server', configured: false }));
  await screen.press('alt-1', ':');
  await screen.type('join aioc1secret');
  await screen.press('enter');
  assert.deepEqual(local.codes, ['aioc1secret']);
  assert.match(screen.text(), /Not joined/);
  assert.match(screen.text(), /this invitation is not valid/);
  assert.doesNotMatch(screen.text(), /secret/);
  await screen.press('escape', ':');
  assert.doesNotMatch(screen.text(), /secret/);
  await screen.press('escape', '/');
  assert.doesNotMatch(screen.text(), /secret/);
  assert.deepEqual(local.saved, []);
  assert.doesNotMatch(JSON.stringify(engine.executed), /secret/);
});

test('a configured server cannot join, and says who can', async (t) => {
  const { screen, local } = await opened(t, emptyEngine({ configured: true, security: 'mutual-tls' }));
  await screen.press('alt-1', ':');
  await screen.type('join aioc1abc');
  await screen.press('enter');
  assert.match(screen.text(), /This connector is a server/);
  assert.deepEqual(local.codes, []);
});
