/** Writes the figures into README.md: `npm run bench:page -- [RESULTS]`. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageText, withSection } from '../helpers/page-tables.ts';
import type { Row } from './case.ts';
import { CASES } from './cases.ts';
import { spread, text } from './figures.ts';
import { besideNats, parts } from './report.ts';
import { type Measured, readResults } from './results-file.ts';

const PAGE = 'test/bench/README.md';
/** What `faults` says where every message was right. */
const NO_FAULT = /^0 lost, 0 twice, 0 out of order, 0 wrong$/;

type Named = readonly [name: string, measured: Measured];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function messages({ faults }: Row): string {
  if (faults === undefined) return '';
  return NO_FAULT.test(faults) ? 'right' : faults.replaceAll(/(, )?\b0 [a-z ]+/g, '').replace(/^, /, '');
}

function figuresTable(all: readonly Named[]): string {
  const rows = all.flatMap(([name, { rows }]) =>
    rows.map((row, index) => [
      index === 0 ? `\`${name}\`` : '',
      row.system,
      `${spread(row.values)} ${row.unit.replace('messages a second', '/s')}`,
      besideNats(row, rows),
      parts(row.cpuUs),
      parts(row.peakMb),
      messages(row),
    ]),
  );
  const head = [
    'case',
    'system',
    'median (least..most)',
    'NATS core',
    'CPU, µs a message',
    'memory, MB',
    'messages',
  ];
  return table(head, rows);
}

function barsTable(all: readonly Named[]): string {
  const rows = all.flatMap(([name, { bars }]) =>
    bars.map((bar, index) => [
      index === 0 ? `\`${name}\`` : '',
      bar.text,
      text(bar.value),
      bar.isMet ? 'met' : '**missed**',
    ]),
  );
  return table(['case', 'bar', 'measured', ''], rows);
}

/** When and where; several lines where not all cases were measured together. */
function origin(all: readonly Named[]): string {
  const lines = all.map(
    ([, { at, commit, machine, rounds, seconds }]) =>
      `${at.slice(0, 10)}, ${commit}, ${machine}, ${rounds} rounds of ${seconds} s.`,
  );
  return [...new Set(lines)].join('\n');
}

/** What plot.ts has drawn. */
const pictures = [
  { file: 'cost-by-clients.svg', text: 'The CPU of the server for a batch, against the number of clients' },
  {
    file: 'cost-by-backlog.svg',
    text: 'The CPU of both connectors for a batch, against the messages that wait',
  },
]
  .filter(({ file }) => existsSync(join(import.meta.dirname, '../../media', file)))
  .map(({ file, text }) => `![${text}](../../media/${file})`);

const [path = 'bench.json'] = process.argv.slice(2);
const results = readResults(path);
const all = CASES.flatMap(({ name }): Named[] => {
  const measured = results[name];
  return measured === undefined ? [] : [[name, measured]];
});
if (all.length === 0) throw new Error(`${path} has no figures: npm run bench first`);
const content = [
  origin(all),
  '',
  figuresTable(all),
  '',
  barsTable(all),
  ...pictures.flatMap((one) => ['', one]),
].join('\n');
writeFileSync(join(import.meta.dirname, '../..', PAGE), withSection(pageText(PAGE), 'figures', content));
console.log(`${PAGE}: ${all.map(([name]) => name).join(', ')}`);
