import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, sampleLog, samplePeer, sampleQueue } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

interface Opened {
  readonly screen: TestScreen;
  readonly engine: FakeEngine;
}

async function opened(t: { after(action: () => void): void }, data = busyEngine()): Promise<Opened> {
  const engine = new FakeEngine(data);
  const screen = await openScreen({ engine, attached: 'here' });
  t.after(() => screen.close());
  await screen.press('1');
  return { screen, engine };
}

const ignored = ({ engine }: Opened): string[] => engine.commands('peer.ignore').map(({ peer }) => peer);

test('Space marks a row and goes on; an action is then for all marked rows, and the footer says for how many', async (t) => {
  const one = await opened(t);
  await one.screen.type('  ');
  assert.match(one.screen.text(), /●\+client1.*\n.*●\+client2.*\n.*›○ client3/);
  assert.match(one.screen.text(), /2 marked · by name/);
  assert.match(one.screen.rows().at(-1) ?? '', /i ignore 2 /);
  await one.screen.press('i');
  assert.match(one.screen.rows().at(-1) ?? '', /Ignore 2 peers \(client1, client2\) in 5 s/);
  assert.deepEqual(ignored(one), []);
  await one.screen.press('enter');
  assert.deepEqual(ignored(one), ['client1', 'client2']);
});

test('Space takes a mark away, and Esc takes all', async (t) => {
  const { screen } = await opened(t);
  await screen.type(' ');
  await screen.type('k ');
  assert.doesNotMatch(screen.text(), /marked/);
  await screen.type('*');
  assert.match(screen.text(), /5 marked/);
  await screen.press('escape');
  assert.doesNotMatch(screen.text(), /marked|\+client/);
});

test('V marks from the nearest mark to the cursor', async (t) => {
  const { screen } = await opened(t);
  await screen.press('V');
  assert.match(screen.rows().at(-1) ?? '', /Mark a row first, with Space\./);
  await screen.type(' jjV');
  assert.match(screen.text(), /4 marked/);
  assert.match(screen.text(), /›⊘\+client4/);
});

test('* marks all that the filter shows, also rows that the pane has no room for', async (t) => {
  const names = Array.from({ length: 300 }, (_, at) => `sensor-${String(at).padStart(3, '0')}`);
  const peers = [...names, 'press-1'].map((name) => samplePeer(name));
  const one = await opened(t, { ...emptyEngine(), peers });
  await one.screen.type('/sensor\r*');
  assert.match(one.screen.text(), /300 marked/);
  await one.screen.press('x', 'enter');
  assert.equal(one.engine.commands('peer.disconnect').length, 300);
  assert.match(
    one.screen.rows().at(-1) ?? '',
    /Disconnected 300 peers \(sensor-000, sensor-001, sensor-002, …\)/,
  );
});

test('marked queues are copied by their names', async (t) => {
  const queues = ['a', 'b', 'c'].map((type) => sampleQueue(type, { type }));
  const { screen } = await opened(t, { ...emptyEngine(), queues });
  await screen.press('2');
  await screen.type('  y');
  assert.match(screen.text(), /client1 · a/);
  assert.match(screen.text(), /client1 · b/);
});

test('x purges all marked queues, and e exports them, and the footer says how many', async (t) => {
  const queues = ['a', 'b', 'c'].map((type) => sampleQueue(type, { type, depth: 7 }));
  const { screen, engine } = await opened(t, { ...emptyEngine(), queues });
  const waiting = { depth: 7, rows: [], hasMore: false };
  for (const { id } of queues) engine.peeks.set(id, { ...waiting, end: `end of ${id}` });
  await screen.press('2');
  await screen.type('  ');
  assert.match(screen.rows().at(-1) ?? '', /export 2 .*purge 2/);
  await screen.press('x');
  assert.match(screen.rows().at(-1) ?? '', /Purge 14 messages of 2 queues/);
  await screen.press('enter');
  const marked = queues
    .slice(0, 2)
    .map(({ id }) => ({ kind: 'queue.purge', queue: id, upTo: `end of ${id}` }));
  assert.deepEqual(engine.commands('queue.purge'), marked);
  await screen.press('e');
  assert.match(screen.rows().at(-1) ?? '', /Exported 0 messages of 2 queues; they stay queued/);
  const files = queues.slice(0, 2).map(({ type }) => `/home/ann/client1 · ${type}.ndjson`);
  assert.deepEqual([...screen.local.exports.keys()], files);
});

test('after a filter is taken away, n and N go to its next match, without hiding the others', async (t) => {
  const names = Array.from({ length: 90 }, (_, at) => (at % 30 === 7 ? `press-${at}` : `a-sensor-${at}`));
  const peers = names.map((name) => samplePeer(name));
  const { screen } = await opened(t, { ...emptyEngine(), peers });
  await screen.press('n');
  assert.match(screen.rows().at(-1) ?? '', /Filter first, with \//);
  await screen.type('/press\r');
  await screen.press('escape', 'n');
  assert.match(screen.text(), /›● press-7 /);
  assert.match(screen.text(), /90 of 90/);
  await screen.press('n');
  assert.match(screen.text(), /›● press-37 /);
  await screen.press('n', 'n');
  assert.match(screen.text(), /›● press-67 /);
  assert.match(screen.rows().at(-1) ?? '', /No later match of “press”\./);
  await screen.press('N');
  assert.match(screen.text(), /›● press-37 /);
});

test('in the log, too, n and N go from match to match', async (t) => {
  const log = Array.from({ length: 3_000 }, (_, at) =>
    sampleLog(at + 1, { text: (at + 1) % 1_000 === 500 ? `needle ${at + 1}` : `hay ${at + 1}` }),
  );
  const { screen } = await opened(t, { ...emptyEngine(), log });
  await screen.press('3');
  await screen.type('/needle\r');
  await screen.press('escape', 'N');
  assert.match(screen.text(), /needle 2500/);
  await screen.press('N', 'N');
  assert.match(screen.text(), /needle 500 /);
  await screen.press('N');
  assert.match(screen.rows().at(-1) ?? '', /No earlier match of “needle”\./);
  await screen.press('n');
  assert.match(screen.text(), /needle 1500/);
  assert.match(screen.text(), /hay 1499/);
});
