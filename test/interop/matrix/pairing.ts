import type { TestContext } from 'node:test';
import { findPython, type PythonPeer } from '../../helpers/python-peer.ts';
import { MODES, type Mode, type Pairing } from './cells.ts';
import { tryColumn } from './column.ts';
import { writeResult } from './results.ts';
import { ROW_TESTS } from './rows.ts';

/** Columns spend most of their time on Python's pace and delays, so two of them fit on one core. */
export const COLUMNS_AT_ONCE = 2;
const COLUMN_MS = 600_000;

/** Tries all columns of a pairing; without Python the columns with Python in them are skipped, which is told. */
export async function tryPairing(t: TestContext, pairing: Pairing): Promise<void> {
  const [server, client] = pairing.split(' + ');
  const found = await findPython();
  if ('unavailable' in found && pairing.includes('Python')) {
    writeResult({ pairing, skipped: found.unavailable });
    t.skip(found.unavailable);
    return;
  }
  const python = found as PythonPeer;
  const kinds = {
    server: server === 'Python' ? python : undefined,
    client: client === 'Python' ? python : undefined,
  };
  await Promise.all(
    MODES.map((mode) =>
      t.test(`${pairing}, ${mode}`, { timeout: COLUMN_MS }, (t) =>
        tryColumn(t, {
          pairing,
          mode,
          kinds,
          programsIn: programsIn(pairing, mode, python),
          rows: ROW_TESTS,
        }),
      ),
    ),
  );
}

/** Programs on connectors of ours are in both languages, in turn; between two of ours in TypeScript. */
function programsIn(pairing: Pairing, mode: Mode, python: PythonPeer): PythonPeer | undefined {
  if (pairing === 'aioc + aioc') return undefined;
  return MODES.indexOf(mode) % 2 === 0 ? python : undefined;
}
