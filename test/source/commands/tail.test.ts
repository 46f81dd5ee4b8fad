import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { LogRow, Update } from '../../../engine/contract/views.ts';
import { followLog, type LogSource } from '../../../source/commands/tail.ts';
import { OutputLines } from '../../../source/output-lines.ts';

function row(id: number): LogRow {
  return {
    ...{ id, atMs: id, kind: 'event', peerName: '', type: '' },
    outcome: 'info',
    text: `row ${id}`,
  } as LogRow;
}

function update(ids: readonly number[], more: { readonly isPartial?: true } = {}): Update {
  const counts = { total: 9, matched: ids.length, newer: 0, older: 0, forgotten: 0 };
  return { pane: 'log', ...counts, rows: ids.map(row), ...more };
}

/** What tail prints when its connector answers the first window, and each later one, with these updates. */
async function printed(windows: readonly (readonly Update[])[], count: number): Promise<readonly string[]> {
  const lines: string[] = [];
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    lines.push(...chunk.toString().split('\n').slice(0, -1));
    done();
  };
  const answers = [...windows];
  const engine: LogSource = {
    onClose: () => undefined,
    open: (_view, onUpdate) => {
      const answer = (): void =>
        queueMicrotask(() => {
          for (const one of answers.shift() ?? []) onUpdate(one);
        });
      answer();
      return { change: answer, close: () => undefined };
    },
  };
  const options = { directories: [], json: false, filter: 'row', count };
  await followLog(engine, options, new OutputLines(new Writable({ write })));
  return lines.map((line) => line.slice(line.indexOf('row')));
}

test('tail waits until its filter has tested all rows, first and later', async () => {
  const first = [update([], { isPartial: true }), update([3], { isPartial: true }), update([1, 3])];
  const later = [update([9], { isPartial: true }), update([7, 9])];
  assert.deepEqual(await printed([first, later], 4), ['row 1', 'row 3', 'row 7', 'row 9']);
});

test('an update of the window before, which was on its way, prints nothing again', async () => {
  const later = [update([1, 2]), update([3])];
  assert.deepEqual(await printed([[update([1, 2])], later], 3), ['row 1', 'row 2', 'row 3']);
});
