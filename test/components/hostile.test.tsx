import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../engine/contract/commands.ts';
import { FakeEngine, type FakeEngineData } from '../helpers/fake-engine.ts';
import { busyEngine, sampleJoinRequest } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

/** Title, clipboard, clearing, cursor, colours, C1 forms of them, overriding direction, line ends, a bell, a NUL. */
const HOSTILE = [
  '\x1b]0;owned\x07',
  '\x1b]52;c;b3duZWQ=\x1b\\',
  '\x1b[2J\x1b[1;1Howned',
  '\x1b[31mred',
  '\x9b2J\x9d0;owned\x9c',
  '\x1bPq#0\x1b\\',
  '\u202eevil\u2066',
  'a\r\nb\tc\x08\x00\x7f',
  '\ud800lone',
].join(' ');

/** Fields that are compared or computed with, and never drawn. */
const STRUCTURAL = new Set([
  'id',
  'peer',
  'kind',
  'state',
  'role',
  'security',
  'direction',
  'outcome',
  'from',
  'mark',
  'phase',
  'tone',
]);

/** The same data with something hostile in front of every text in it. */
function poisoned<T>(value: T, key = ''): T {
  if (typeof value === 'string') return (STRUCTURAL.has(key) ? value : HOSTILE + value) as T;
  if (Array.isArray(value)) return value.map((item) => poisoned(item, key)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poisoned(item, name)])) as T;
}

function hostileEngine(): FakeEngineData {
  const { bodies, chats, ...rest } = busyEngine();
  const data = poisoned(rest);
  const chat = poisoned(chats['client1'] ?? []);
  return { ...data, chats: { client1: chat }, bodies: poisoned(bodies) };
}

/** Everything that our writer may send; what is left must be plain text. */
function assertOnlyOurSequences(bytes: string): void {
  const left = bytes.replace(/\x1b\[(?:\?(?:7|25|2026)[hl]|[0-9;]*[mHGKXJ])/g, '');
  const bad = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u.exec(left);
  assert.equal(
    bad,
    null,
    JSON.stringify(left.slice(Math.max(0, (bad?.index ?? 0) - 30), (bad?.index ?? 0) + 30)),
  );
  // Only the clear at a full paint is ours, and it is always followed by a whole screen.
  assert.ok(!bytes.includes('\x1b[1;1Howned'));
}

for (const [columns, rows] of [
  [120, 40],
  [80, 24],
  [40, 12],
] as const) {
  test(`hostile texts everywhere reach a terminal of ${columns}x${rows} only as harmless text`, async (t) => {
    const engine = new FakeEngine(hostileEngine());
    const screen = await openScreen({ engine, columns, rows });
    t.after(() => screen.close());
    await screen.press(
      'alt-1',
      'i',
      'alt-2',
      'w',
      'escape',
      'alt-3',
      'home',
      'enter',
      'escape',
      'alt-4',
      'escape',
    );
    await screen.press(
      'k',
      'o',
      'escape',
      '1',
      'z',
      'z',
      'x',
      'escape',
      'I',
      'escape',
      '?',
      'escape',
      'q',
      'escape',
    );
    engine.setStatus({ joinRequests: [poisoned(sampleJoinRequest(1, { warning: 'known' }))] });
    await screen.settle();
    assert.match(screen.text(), /\[ Refuse \]/);
    await screen.press('enter');
    for (const kind of ['retrying', 'refused', 'failed'] as const) {
      const phase = {
        kind,
        reason: HOSTILE,
        cause: 'lost',
        attempt: 1,
        retryAtMs: 0,
        code: HOSTILE,
      } as const;
      engine.change((data) => {
        data.peers = [];
        data.status = { ...data.status, role: 'client', phase };
      });
      await screen.settle();
    }
    assertOnlyOurSequences(screen.bytes);
  });
}

test('hostile answers, file names and pastes are shown harmless too', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  for (const kind of ['peer.ignore', 'peer.ping', 'files.import'] satisfies Command['kind'][])
    engine.answers.set(kind, { ok: false, code: 'AIOC_INTERNAL', message: HOSTILE });
  engine.answers.set('files.list', { ok: true, value: [`${HOSTILE}a`, `${HOSTILE}b`] });
  screen.local.paths = [`${HOSTILE}1`, `${HOSTILE}2`];
  await screen.press('alt-1', 'i', 'p', 'alt-4');
  await screen.type('!import ');
  await screen.press('tab', 'tab');
  await screen.paste(`${HOSTILE}\n${HOSTILE}`);
  await screen.press('right', 'enter', 'enter');
  await screen.paste(HOSTILE.replaceAll('\r\n', ''));
  await screen.press('alt-1', '/');
  await screen.paste(HOSTILE);
  await screen.press('enter', ':');
  await screen.paste(HOSTILE);
  await screen.press('enter');
  assertOnlyOurSequences(screen.bytes);
});

test('a name of wide characters and a thousand letters leaves every border where it was', async (t) => {
  const data = busyEngine();
  const names = ['名前'.repeat(30), 'x'.repeat(1000), '👩‍👩‍👧‍👦'.repeat(9), 'é'.repeat(40), 'שלום'.repeat(9)];
  data.peers = data.peers.map((peer, index) => ({ ...peer, name: names[index] ?? '' }));
  data.queues = data.queues.map((queue, index) => ({ ...queue, peerName: names[index] ?? '' }));
  data.log = data.log.map((row, index) => ({
    ...row,
    peerName: names[index % 5] ?? '',
    text: names[(index + 1) % 5] ?? '',
  }));
  const screen = await openScreen({ engine: new FakeEngine(data) });
  t.after(() => screen.close());
  for (const line of screen.rows().slice(1, -1)) assert.match(line, /^[╭│╰].*[╮│╯]$/u);
});
