import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRow } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { emptyEngine, NOW_MS, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';
import { Side } from '../helpers/simulated-connectors.ts';
import { simulatedWorld } from '../helpers/simulated-world.ts';

test('r on a line that has failed sends it again, and on another one it is no such key', async (t) => {
  const line = (id: number, mark: NonNullable<ChatRow['mark']>): ChatRow => ({
    ...{ id, atMs: NOW_MS, from: 'me', author: 'ann', text: `line ${id}`, mark },
  });
  const data = emptyEngine();
  data.peers.push(samplePeer('ben'));
  data.chats['ben'] = [line(1, 'received'), line(2, 'failed')];
  const engine = new FakeEngine(data);
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('4', 'escape');
  assert.match(screen.rows().at(-1) ?? '', /r send the line again/);
  await screen.press('r');
  assert.deepEqual(engine.commands('chat.again'), [{ kind: 'chat.again', peer: 'ben', row: 2 }]);
  await screen.press('k');
  assert.doesNotMatch(screen.rows().at(-1) ?? '', /send the line again/);
  await screen.press('r');
  assert.equal(engine.commands('chat.again').length, 1);
});

test('a line that was dropped goes out again as a new row, one that has arrived does not', async () => {
  const world = simulatedWorld();
  const server = new Side(world, { role: 'server' });
  const client = new Side(world, { role: 'client' });
  await server.connector.start();
  await client.connector.start();
  await world.clock.pass(2_000);
  const peer = client.peers[0]?.id ?? '';
  await client.engine.execute({ kind: 'peer.ignore', peer, on: true });
  await client.engine.execute({ kind: 'chat.say', peer, text: 'hello' });
  await client.engine.execute({ kind: 'peer.ignore', peer, on: false });
  const dropped = client.chat().find(({ mark }) => mark === 'dropped');
  assert.deepEqual(server.heard(), []);
  const again = { kind: 'chat.again', peer, row: dropped?.id ?? 0 } as const;
  assert.equal((await client.engine.execute(again)).ok, true);
  await world.clock.pass(2_000);
  assert.deepEqual(server.heard(), ['hello']);
  const arrived = client.chat().find(({ mark }) => mark === 'received');
  const refused = await client.engine.execute({ ...again, row: arrived?.id ?? 0 });
  assert.ok(!refused.ok && /only a line that has failed/.test(refused.message));
});
