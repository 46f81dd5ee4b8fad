import {
  applies,
  type CellResult,
  type ColumnResult,
  MODES,
  PAIRINGS,
  type Pairing,
  type Result,
  ROWS,
  type SkippedPairing,
} from './cells.ts';

const GREEN = '✓';
const RED = '✗';
const NOTHING = '–';
const MISSING = '?';
const SKIPPED = 's';

const COLUMNS = PAIRINGS.flatMap((pairing) => MODES.map((mode) => ({ pairing, mode })));

export interface Matrix {
  readonly text: string;
  /** Every cell is green, but those of pairings that were skipped. */
  readonly green: boolean;
}

/** The matrix as it is printed. A cell of which nothing was written down counts as red. */
export function matrixOf(results: readonly Result[]): Matrix {
  const cells = results.filter((result): result is CellResult => 'row' in result);
  const columns = results.filter((result): result is ColumnResult => 'residentMaxBytes' in result);
  const skipped = new Map(
    results
      .filter((result): result is SkippedPairing => 'skipped' in result)
      .map(({ pairing, skipped }) => [pairing, skipped]),
  );
  const rows = ROWS.map((row) => ({
    row,
    signs: COLUMNS.map(({ pairing, mode }) => {
      if (!applies(row, mode)) return NOTHING;
      if (skipped.has(pairing)) return SKIPPED;
      const cell = cells.find((one) => one.row === row && one.pairing === pairing && one.mode === mode);
      if (cell === undefined) return MISSING;
      return cell.green ? GREEN : RED;
    }),
  }));
  const signs = rows.flatMap((row) => row.signs);
  const count = (sign: string): number => signs.filter((one) => one === sign).length;
  const lines = [
    ...headLines(),
    ...rows.map(({ row, signs }) => line(row, signs)),
    '',
    `${count(GREEN)} green, ${count(RED)} red, ${count(MISSING)} missing, ${count(SKIPPED)} skipped`,
    ...footLines(cells, columns, skipped),
  ];
  return { text: lines.join('\n'), green: count(RED) + count(MISSING) === 0 };
}

const NAME_WIDTH = Math.max(...ROWS.map(({ length }) => length)) + 2;
const CELL_WIDTH = 4;

function line(name: string, signs: readonly string[]): string {
  const groups = PAIRINGS.map((_, index) => signs.slice(index * MODES.length, (index + 1) * MODES.length));
  const shown = groups.map((group) => group.map((sign) => sign.padEnd(CELL_WIDTH)).join('')).join('  ');
  return `${name.padEnd(NAME_WIDTH)}${shown}`.trimEnd();
}

function headLines(): readonly string[] {
  const width = MODES.length * CELL_WIDTH + 2;
  const pairings = PAIRINGS.map((pairing) => pairing.padEnd(width)).join('');
  const letters = MODES.map((_, index) => 'abcd'[index] ?? '');
  return [
    `${'server + client'.padEnd(NAME_WIDTH)}${pairings}`.trimEnd(),
    line('', [...letters, ...letters, ...letters]),
    ...MODES.map((mode, index) => `${' '.repeat(NAME_WIDTH)}${'abcd'[index]}: ${mode}`),
  ];
}

function footLines(
  cells: readonly CellResult[],
  columns: readonly ColumnResult[],
  skipped: ReadonlyMap<Pairing, string>,
): readonly string[] {
  const stalls = cells.reduce((sum, { stalls }) => sum + stalls, 0);
  const late = columns.reduce((sum, column) => sum + column.late, 0);
  const resident = Math.max(0, ...columns.map(({ residentMaxBytes }) => residentMaxBytes));
  const slowest = cells.toSorted((a, b) => b.seconds - a.seconds)[0];
  return [
    `stalls of Python’s TLS, each tried once more: ${stalls}`,
    `messages that Python’s connectors delivered out of order: ${late}; no connector of ours may`,
    `the most memory a connector of ours had: ${(resident / 1_000_000).toFixed(1)} MB`,
    ...(slowest === undefined
      ? []
      : [`the slowest cell: ${slowest.row}, ${slowest.pairing}, ${slowest.mode}: ${slowest.seconds} s`]),
    ...[...skipped].map(([pairing, why]) => `skipped: ${pairing}: ${why}`),
  ];
}
