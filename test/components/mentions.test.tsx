import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { openLines } from '../helpers/lines.tsx';
import { emptyEngine, sampleChat, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

function conversation(): FakeEngine {
  const data = { ...emptyEngine({ ownName: 'ann' }), peers: [samplePeer('ben')] };
  const from = { author: 'ben' };
  data.chats = {
    ben: [
      sampleChat(1, { ...from, text: 'Ann, is it there?' }),
      sampleChat(2, { ...from, text: 'the annual report' }),
      sampleChat(3, { ...from, text: `${'word '.repeat(30)}@ann` }),
      sampleChat(4, { from: 'me', author: 'ann', text: 'ann here', mark: 'received' }),
    ],
  };
  return new FakeEngine(data);
}

test('a line of a peer with the name of this side says so; part of a word, and one’s own line, do not', async (t) => {
  const screen = await openScreen({ engine: conversation() });
  t.after(() => screen.close());
  const marked = screen.rows().filter((row) => row.includes('@ you'));
  assert.equal(marked.length, 2, screen.text());
  assert.match(marked[0] ?? '', /Ann, is it there\? +@ you │/);
  assert.match(marked[1] ?? '', /@ann +@ you │/);
});

test('a screen reader hears it, too', async (t) => {
  const engine = conversation();
  const lines = await openLines({ engine });
  t.after(() => lines.close());
  const said = await lines.after(() =>
    engine.change((data) => data.chats['ben']?.push(sampleChat(5, { author: 'ben', text: 'hello ann' }))),
  );
  assert.match(said, /^ben \d\d:\d\d hello ann @ you$/m);
});
