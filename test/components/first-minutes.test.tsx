import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, NOW_MS, sampleJoinRequest, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

const WORDS = 'octopus-unicorn-crystal-spinach-bicycle-giraffe-lantern-saffron';

const REFUSED = { reason: 'refused', cause: 'nothing-listens', attempt: 1, retryAtMs: 0 } as const;

test('the words there come before the words here, on both screens', async (t) => {
  const asked = emptyEngine({
    joinRequests: [
      {
        id: 1,
        name: 'ben',
        address: '10.0.0.9:4',
        words: WORDS,
        askedAtMs: NOW_MS,
        expiresAtMs: NOW_MS + 60_000,
      },
    ],
  });
  const waiting = emptyEngine({ role: 'client', phase: { kind: 'waiting-to-be-let-in' }, ownAddresses: [] });
  waiting.peers.push({ ...samplePeer('hub'), state: 'waiting', words: WORDS });
  for (const data of [asked, waiting]) {
    const screen = await openScreen({ engine: new FakeEngine(data), columns: 80, rows: 24 });
    t.after(() => screen.close());
    const text = screen.text();
    assert.ok(text.includes('words there:'), text);
    assert.ok(text.indexOf('words there:') < text.lastIndexOf('words here:'), text);
    assert.doesNotMatch(text, /your words|its words/);
  }
});

test('the title of a conversation says where received files go', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), columns: 160 });
  t.after(() => screen.close());
  assert.match(screen.text(), /4 Chat · client1 ─+ received: \/home\/ann\/aioc-received/);
});

test('what a client types while its connection comes about is text, before and after; while that fails, keys are keys', async (t) => {
  const engine = new FakeEngine(emptyEngine({ role: 'client', phase: { kind: 'connecting' } }));
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.type('quick ');
  engine.setStatus({ phase: { kind: 'waiting-to-be-let-in' } });
  await screen.type('question, ');
  engine.change((data) => {
    data.status = { ...data.status, phase: { kind: 'connected' } };
    data.peers.push(samplePeer('ada'));
  });
  await screen.type('1?');
  assert.match(screen.text(), /› quick question, 1\?/);
  await screen.press('enter');
  assert.deepEqual(engine.commands('chat.say'), [
    { kind: 'chat.say', peer: 'ada', text: 'quick question, 1?' },
  ]);
  assert.deepEqual(screen.quits, []);
  engine.setStatus({ phase: { kind: 'retrying', ...REFUSED } });
  await screen.type('r');
  assert.match(screen.text(), /› r *│/, 'a conversation goes on where it was');
});

test('a client whose call fails has keys, and r tries again', async (t) => {
  const engine = new FakeEngine(emptyEngine({ role: 'client', phase: { kind: 'connecting' } }));
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  for (const phase of [{ kind: 'retrying', ...REFUSED }, { kind: 'connecting' }] as const) {
    engine.setStatus({ phase });
    await screen.settle();
    assert.match(screen.rows().at(-1) ?? '', /\? help +q quit/, 'keys are keys');
  }
  engine.setStatus({ phase: { kind: 'retrying', ...REFUSED } });
  await screen.settle();
  await screen.press('r');
  assert.equal(engine.commands('dial.now').length, 1);
});

test('a client of a configuration, and a server, wait for the user to enter the line', async (t) => {
  for (const status of [
    { role: 'client', configured: true, phase: { kind: 'connected' } },
    { role: 'server', phase: { kind: 'listening' } },
  ] as const) {
    const data = { ...emptyEngine(status), peers: [samplePeer('ada')] };
    const screen = await openScreen({ engine: new FakeEngine(data) });
    t.after(() => screen.close());
    assert.doesNotMatch(screen.text(), /Enter send/);
  }
});

test('who accepts the first peer of a chat writes next: no word is taken for keys; a q alone is asked about', async (t) => {
  const engine = new FakeEngine(emptyEngine({ joinRequests: [sampleJoinRequest(7)] }));
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('a', 'enter');
  await screen.type('hi, ');
  engine.change((data) => {
    data.status = { ...data.status, joinRequests: [] };
    data.peers.push(samplePeer('ben'));
  });
  await screen.type('send me your folder');
  await screen.press('enter');
  await screen.press('q', 'enter');
  assert.match(screen.text(), /In the line q is text: Esc first, then q quits\. Enter sends it\./);
  const said = (): readonly string[] => engine.commands('chat.say').map(({ text }) => text);
  assert.deepEqual(said(), ['hi, send me your folder']);
  await screen.press('enter');
  assert.deepEqual(said(), ['hi, send me your folder', 'q']);
});

test('who accepts a client of a configured server stays where he was', async (t) => {
  const engine = new FakeEngine(emptyEngine({ configured: true, joinRequests: [sampleJoinRequest(7)] }));
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('a', 'enter');
  engine.setStatus({ joinRequests: [] });
  await screen.settle();
  assert.doesNotMatch(screen.text(), /Enter send/);
});
