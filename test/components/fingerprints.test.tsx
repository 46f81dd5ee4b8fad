import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprintLines, labelledWords } from '../../components/panes/fingerprint.ts';
import { trusted } from '../../components/terminal/sanitize.ts';
import { lineWidth } from '../../components/widgets/line.ts';
import type { Status } from '../../engine/contract/views.ts';
import { WORDS } from '../../engine/security/fingerprint-words.ts';
import { FakeEngine, type FakeEngineData } from '../helpers/fake-engine.ts';
import {
  busyEngine,
  emptyEngine,
  ITS_WORDS,
  OWN_WORDS,
  sampleJoinRequest,
  samplePeer,
} from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const SIZES = [
  [120, 40],
  [80, 24],
  [40, 12],
  [40, 10],
] as const;

/** Two lines of four words, each whole, one under the other and not beside anything that goes on. */
function isWhole(screen: TestScreen, fingerprint: string): boolean {
  const parts = fingerprint.split('-');
  const [first, second] = [`${parts.slice(0, 4).join('-')}-`, parts.slice(4).join('-')];
  const rows = screen.rows();
  return rows.some((row, index) => {
    const column = row.indexOf(`${first} `);
    const below = rows[index + 1] ?? '';
    return column >= 0 && below.slice(column).startsWith(`${second} `);
  });
}

async function opened(
  t: { after(action: () => void): void },
  data: FakeEngineData,
  [columns, rows]: readonly [number, number],
): Promise<TestScreen> {
  const screen = await openScreen({ engine: new FakeEngine(data), columns, rows });
  t.after(() => screen.close());
  return screen;
}

test('no word of a fingerprint is cut, and none is lost, at any width that holds a word', () => {
  const fingerprints = fc.array(fc.constantFrom(...WORDS), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(fingerprints, fc.integer({ min: 8, max: 120 }), (parts, width) => {
      const lines = fingerprintLines(trusted(parts.join('-')), width);
      assert.equal(lines.join(''), parts.join('-'));
      for (const line of lines) assert.ok(line.length <= width, `${line} at ${width}`);
      if (width >= 32) assert.equal(lines.length, 2);
      const labelled = labelledWords('words here:', trusted(parts.join('-')), { width, without: '' });
      for (const line of labelled.slice(1)) assert.ok(lineWidth(line) <= Math.max(12, width));
    }),
    { numRuns: 2000 },
  );
});

for (const size of SIZES) {
  const at = size.join('x');
  test(`the words of both sides are whole in the dialog at ${at}`, async (t) => {
    const screen = await opened(t, emptyEngine({ joinRequests: [sampleJoinRequest(1)] }), size);
    assert.ok(isWhole(screen, ITS_WORDS), screen.text());
    assert.ok(isWhole(screen, OWN_WORDS), screen.text());
    assert.match(screen.text(), /\[ Refuse \]/);
  });

  test(`a connection request with a warning can be read to the end at ${at}, the words whole`, async (t) => {
    const warning = 'another machine was admitted as "laptop" before; this one has different words';
    const screen = await opened(t, emptyEngine({ joinRequests: [sampleJoinRequest(1, { warning })] }), size);
    assert.match(screen.text(), /! another machine was admitted/);
    const scrolls = /PgDn: more/.test(screen.text());
    assert.equal(scrolls, size[1] === 10 || size[1] === 12);
    await screen.press('pagedown', 'pagedown');
    assert.ok(isWhole(screen, ITS_WORDS), screen.text());
    assert.ok(isWhole(screen, OWN_WORDS), screen.text());
    await screen.press('pageup', 'pageup');
    assert.match(screen.text(), /“laptop”/);
  });

  test(`own words are whole on the first screen at ${at}`, async (t) => {
    const screen = await opened(t, emptyEngine(), size);
    assert.ok(isWhole(screen, OWN_WORDS), screen.text());
    await screen.press('4');
    assert.ok(isWhole(screen, OWN_WORDS), screen.text());
  });

  for (const phase of [
    { kind: 'waiting-to-be-let-in' },
    { kind: 'retrying', reason: 'connection refused', cause: 'nothing-listens', attempt: 1, retryAtMs: 0 },
    { kind: 'refused', reason: 'its user said no', cause: 'refused-there' },
  ] satisfies Status['phase'][]) {
    test(`a client's words are whole while it is ${phase.kind} at ${at}`, async (t) => {
      const peers =
        phase.kind === 'waiting-to-be-let-in'
          ? [samplePeer('server', { state: 'waiting', address: '192.168.1.20:10673' })]
          : [];
      const data = {
        ...emptyEngine({ role: 'client', address: '192.168.1.20:10673', phase }),
        peers,
      };
      const screen = await opened(t, data, size);
      await screen.press('4');
      assert.ok(isWhole(screen, OWN_WORDS), screen.text());
      if (peers.length > 0) assert.ok(isWhole(screen, ITS_WORDS), screen.text());
    });
  }

  test(`both fingerprints stay to be seen after the connection at ${at}: v, from the peers and the chat`, async (t) => {
    const screen = await opened(t, busyEngine(), size);
    for (const pane of ['alt-1', 'alt-4']) {
      await screen.press(pane, ...(pane === 'alt-4' ? ['escape'] : []), 'v');
      assert.ok(isWhole(screen, ITS_WORDS), screen.text());
      assert.ok(isWhole(screen, OWN_WORDS), screen.text());
      await screen.press('escape');
    }
  });
}

test('under the peers stands who the selected one is, and v shows all of it', async (t) => {
  const screen = await opened(t, busyEngine(), [120, 40]);
  assert.ok(isWhole(screen, ITS_WORDS) && isWhole(screen, OWN_WORDS), 'without a key');
  assert.match(screen.text(), /10\.0\.0\.7 · aioc · since 13:57/);
  await screen.press('alt-1', 'j');
  assert.match(screen.text(), /10\.0\.0\.8 · Python · since 13:57/);
  assert.match(screen.text(), /words there: +no certificate/);
  await screen.press('v');
  assert.match(screen.text(), /Nothing proves its identity: a Python client never shows a certificate/);
  assert.match(screen.text(), /program: +Python/);
  assert.match(screen.text(), /lag: +3 ms/);
  await screen.press('escape', 'j', 'j', 'v');
  assert.match(screen.text(), /ignored: +yes; 1,200 in, 4 out dropped/);
});

test('before there is anybody v says so', async (t) => {
  const screen = await opened(t, emptyEngine(), [120, 40]);
  await screen.press('alt-1', 'v');
  assert.match(screen.text(), /There are no peers yet/);
});
