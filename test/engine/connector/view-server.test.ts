import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ViewServer } from '../../../engine/connector/view-server.ts';
import type { ViewSubscription } from '../../../engine/contract/engine-api.ts';
import type { Update, View } from '../../../engine/contract/views.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

const LOG: View = { pane: 'log', filter: '', rows: 10 };

/** The log looks the same in every window, at every time. */
function openLog(clock: SimulatedClock): {
  readonly server: ViewServer;
  readonly updates: readonly Update[];
} & {
  readonly view: ViewSubscription;
} {
  const updates: Update[] = [];
  const server = new ViewServer({
    clock,
    render: () => ({ pane: 'log', rows: [], total: 1, matched: 1, newer: 0, older: 0, forgotten: 0 }),
    onShown: () => undefined,
  });
  return { server, updates, view: server.open(LOG, (update) => updates.push(update)) };
}

test('a changed view is answered, though its rows are those of the update before', () => {
  const { view, updates } = openLog(new SimulatedClock());
  assert.equal(updates.length, 1);
  // `aioc tail` drops what comes while it prints, and waits for the answer to its next window.
  view.change({ ...LOG, afterId: 1 });
  assert.equal(updates.length, 2);
});

test('an update that changes nothing is not sent', async () => {
  const clock = new SimulatedClock();
  const { server, updates } = openLog(clock);
  server.touch();
  await clock.pass(500);
  assert.equal(updates.length, 1);
  server.stop();
});
