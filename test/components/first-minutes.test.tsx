import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, NOW_MS, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

const WORDS = 'octopus-unicorn-crystal-spinach-bicycle-giraffe-lantern-saffron';

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
