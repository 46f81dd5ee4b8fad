/**
 * What of ours outlives what: persistence × peer or listener down and back × a full queue with each policy, in the three
 * pairings with Python. Real daemons, killed with -9. The peer stores nothing, so all that is seen to be kept is kept by
 * the connector that is looked at.
 */
import { test } from 'node:test';
import { findPython } from '../helpers/python-peer.ts';
import { PAIRINGS } from './matrix/cells.ts';
import { type ColumnName, PERSISTENCES, ROWS, storageTable, titleOf } from './storage/cells.ts';
import { StorageColumn } from './storage/column.ts';
import { STORAGE_ROWS } from './storage/rows.ts';

/** They wait for processes to start, most of the time. */
const COLUMNS_AT_ONCE = 9;

const COLUMNS: readonly ColumnName[] = PAIRINGS.flatMap((pairing) =>
  PERSISTENCES.map((persistence) => ({ pairing, persistence })),
);

test('what is stored comes, whoever was away: each cell of the matrix', {
  concurrency: COLUMNS_AT_ONCE,
  timeout: 600_000,
}, async (t) => {
  const found = await findPython();
  const signs = new Map<string, string>();
  await Promise.all(
    COLUMNS.map((name) =>
      t.test(titleOf(name), async (t) => {
        if ('unavailable' in found && name.pairing.includes('Python')) return t.skip(found.unavailable);
        const python = 'unavailable' in found ? undefined : found;
        const tls = name.persistence === true && name.pairing !== 'Python + aioc';
        const column = await StorageColumn.start(t, { ...name, tls, python });
        for (const row of ROWS) {
          signs.set(`${titleOf(name)}: ${row}`, '✗');
          await t.test(row, async () => {
            await STORAGE_ROWS[row](column);
            signs.set(`${titleOf(name)}: ${row}`, '✓');
          });
        }
      }),
    ),
  );
  console.log(storageTable(COLUMNS, (row, name) => signs.get(`${titleOf(name)}: ${row}`) ?? 's'));
});
