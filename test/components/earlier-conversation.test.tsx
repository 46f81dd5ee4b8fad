import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRow } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine, NOW_MS, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

const DAY_MS = 24 * 60 * 60 * 1000;

function row(id: number, daysAgo: number, more: Partial<ChatRow>): ChatRow {
  return {
    ...{ id, atMs: NOW_MS - daysAgo * DAY_MS, from: 'me', author: 'ann', text: `line ${id}` },
    ...(daysAgo > 0 && { isEarlier: true }),
    ...more,
  };
}

async function opened(t: { after(action: () => void): void }, data = emptyEngine()) {
  const engine = new FakeEngine(data);
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  return { screen, engine };
}

test('rows of earlier runs stand under their days, and a mark that nobody knows says so', async (t) => {
  const data = emptyEngine();
  data.peers.push({ ...samplePeer('ben'), state: 'away', hasEarlier: true, isKept: true });
  data.chats['ben'] = [
    row(1, 2, { from: 'peer', author: 'ben' }),
    row(2, 2, { mark: 'received' }),
    row(3, 1, { mark: 'unknown' }),
    row(4, 0, { from: 'here', author: '', text: 'ben is connected', tone: 'good' }),
  ];
  const { screen } = await opened(t, data);
  const rows = screen.rows();
  const at = (what: RegExp): number => rows.findIndex((line) => what.test(line));
  assert.equal(rows.filter((line) => /─ earlier, \d/.test(line)).length, 2, screen.text());
  assert.ok(at(/─ earlier, \d+ [A-Z][a-z]{2} ─/) < at(/line 1/));
  assert.match(rows[at(/line 3/) - 1] ?? '', /earlier/);
  assert.match(rows[at(/line 3/)] ?? '', /\? no ack known/);
});

test('while a peer is away the chat says where its lines wait', async (t) => {
  const data = emptyEngine();
  data.peers.push({ ...samplePeer('ben'), state: 'away', isKept: true, waitingCount: 2, unread: 1 });
  data.chats['ben'] = [row(1, 0, { mark: 'waiting' }), row(2, 0, { mark: 'waiting' })];
  const { screen, engine } = await opened(t, data);
  assert.match(screen.text(), /… 2 lines wait on this disk for ben to come back/);
  engine.change((now) => {
    now.peers = now.peers.map(({ isKept: _kept, ...peer }) => ({ ...peer, waitingCount: 1 }));
  });
  await screen.settle();
  assert.match(screen.text(), /… 1 line waits in memory for ben to come back, until you quit/);
  engine.change((now) => {
    now.peers = now.peers.map((peer) => ({ ...peer, state: 'connected', waitingCount: 0 }));
  });
  await screen.settle();
  assert.doesNotMatch(screen.text(), /for ben to come back/);
});
