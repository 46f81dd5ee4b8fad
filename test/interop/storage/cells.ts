/** What the matrix of what is stored consists of. */
import type { Pairing } from '../matrix/cells.ts';

/** disk_persistence_send and disk_persistence_recv of the connector of ours that is looked at. */
export const PERSISTENCES = [false, true, ['a']] as const;
export type Persistence = (typeof PERSISTENCES)[number];

export const POLICIES = ['refuse', 'drop_oldest', 'drop_newest'] as const;
export type Policy = (typeof POLICIES)[number];

/**
 * In the order in which they are tried: each restart of ours brings the next policy, and a connector waits for a
 * listener that was there a moment ago instead of dropping anything, so that a full queue for one comes after a restart.
 */
export const ROWS = [
  'peer down and back',
  'listener down and back',
  'listener down and back, ours killed meanwhile',
  'peer down and back, ours killed meanwhile',
  'full for a peer that is down, ours killed meanwhile: refuse',
  'full for a listener that is down: drop_oldest',
  'full for a peer that is down, ours killed meanwhile: drop_oldest',
  'full for a listener that is down: drop_newest',
  'full for a peer that is down, ours killed meanwhile: drop_newest',
  'full for a listener that is down: refuse',
] as const;
export type Row = (typeof ROWS)[number];

export interface ColumnName {
  readonly pairing: Pairing;
  readonly persistence: Persistence;
}

export function titleOf({ pairing, persistence }: ColumnName): string {
  return `${pairing}, persistence ${JSON.stringify(persistence)}`;
}

/** The rows with a sign for each column. */
export function storageTable(
  columns: readonly ColumnName[],
  signOf: (row: Row, column: ColumnName) => string,
): string {
  const nameWidth = Math.max(...ROWS.map(({ length }) => length)) + 2;
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(nameWidth)}${cells.map((cell) => cell.padEnd(7)).join('')}`.trimEnd();
  const pairings = columns.map(({ pairing }, index) =>
    pairing === columns[index - 1]?.pairing ? '' : pairing.padEnd(21),
  );
  return [
    `${'server + client'.padEnd(nameWidth)}${pairings.join('')}`.trimEnd(),
    line(
      'persistence',
      columns.map(({ persistence }) => JSON.stringify(persistence)),
    ),
    ...ROWS.map((row) =>
      line(
        row,
        columns.map((column) => signOf(row, column)),
      ),
    ),
  ].join('\n');
}
