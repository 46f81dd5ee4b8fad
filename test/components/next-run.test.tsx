import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

test('a screen comes back to the pane, the filter, the order and the row where it was, whatever the new ids', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), attached: 'here' });
  t.after(() => screen.close());
  await screen.press('alt-2', 'j', 's', 'alt-1', 'S', 'j', 'j');
  assert.match(screen.text(), /›○ client3/);
  await screen.lose();
  const data = busyEngine();
  const peers = [samplePeer('aaa'), ...data.peers].map((peer, index) => ({ ...peer, id: `new${index}` }));
  const queues = data.queues.map((queue, index) => ({ ...queue, id: `q${index}` }));
  await screen.restarted(new FakeEngine({ ...data, peers, queues }));
  assert.match(screen.text(), /›○ client3/);
  assert.match(screen.text(), /by name ▼/);
  await screen.press('i', 'enter');
  assert.deepEqual(screen.engine.commands('peer.ignore'), [{ kind: 'peer.ignore', peer: 'new3', on: true }]);
  await screen.press('alt-2');
  assert.match(screen.text(), /›▸ client1 · any/);
  assert.match(screen.text(), /by size/);
});

test('a line for a peer of the earlier run goes to nobody of the new one', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()), attached: 'here' });
  t.after(() => screen.close());
  await screen.type('4for client1');
  await screen.lose();
  await screen.restarted(new FakeEngine(busyEngine()));
  assert.doesNotMatch(screen.text(), /for client1/);
});
