import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

test('e shows what went wrong with the selected peer, and Esc shows all again', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine, columns: 120, rows: 40 });
  t.after(() => screen.close());
  await screen.press('alt-1', 'down', 'e');
  const filter = 'peer:"client2" level:warning,error';
  assert.deepEqual(
    engine.openViews.flatMap((view) => (view.pane === 'log' ? [view.filter] : [])),
    [filter],
  );
  assert.ok(screen.text().includes(`3 Log / ${filter.slice(0, 14)}`));
  await screen.press('escape');
  assert.doesNotMatch(screen.text(), /3 Log \/ peer/);
});
