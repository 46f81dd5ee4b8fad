import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookOnce } from '../../components/control/whole-lists.ts';
import type { EngineApi } from '../../engine/contract/engine-api.ts';
import type { Update } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine } from '../helpers/sample-data.ts';

test('a look waits until the filter has tested all rows', async () => {
  const update = (matched: number): Update => ({
    ...{ pane: 'log', total: 9, matched, newer: 0, older: 0, forgotten: 0, rows: [] },
  });
  let isClosed = false;
  const engine: EngineApi = Object.assign(new FakeEngine(busyEngine()), {
    open: (_view: unknown, onUpdate: (update: Update) => void) => {
      onUpdate({ ...update(1), isPartial: true } as Update);
      queueMicrotask(() => onUpdate(update(3)));
      return {
        change: () => undefined,
        close: () => {
          isClosed = true;
        },
      };
    },
  });
  const never = () => ({ cancel: () => undefined });
  const found = await lookOnce<'log'>(engine, { pane: 'log', filter: '/x/', rows: 1 }, never);
  assert.equal(found?.matched, 3);
  await Promise.resolve();
  assert.ok(isClosed);
});
