import type { Bar, CaseResult, Row } from './case.ts';
import { median, ratios, spread, text } from './figures.ts';
import { NATS_CORE } from './systems/brokers.ts';

/** `12 / 3.4 / 5.6 / 7`: a figure for each process, in the order of a message's path. */
export function parts(each: Readonly<Record<string, number>> | undefined): string {
  return Object.values(each ?? {})
    .map(text)
    .join(' / ');
}

/** `1.3 × NATS core`, where that was measured beside it. */
export function besideNats(row: Row, rows: readonly Row[]): string {
  const reference = rows.find(({ system }) => system === NATS_CORE.name);
  if (reference === undefined || reference === row) return '';
  return `${text(median(ratios(row.values, reference.values)))} ×`;
}

function barText({ text: what, value, isMet }: Bar): string {
  return `${what}: ${text(value)}, ${isMet ? 'met' : 'MISSED'}`;
}

/** A case's table for a terminal. */
export function report({ rows, bars }: CaseResult): string {
  const cells = rows.map((row) => [
    row.system,
    `${spread(row.values)}`,
    row.unit,
    besideNats(row, rows),
    parts(row.cpuUs),
    parts(row.peakMb),
    row.faults ?? '',
  ]);
  const table = [['', 'median (min..max)', '', 'NATS', 'CPU, µs a message', 'peak memory, MB', ''], ...cells];
  const used = table[0]?.map((_, column) => cells.some((row) => row[column] !== '')) ?? [];
  const widths = used.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (used[column] ? `${cell.padEnd(widths[column] ?? 0)}  ` : ''))
      .join('')
      .trimEnd(),
  );
  return [...lines, ...bars.map((bar) => `bar  ${barText(bar)}`)].map((line) => `  ${line}`).join('\n');
}
