/** Draws what a batch costs against clients and against waiting messages: `npm run bench:plot -- [RESULTS]`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './case.ts';
import { median, text } from './figures.ts';
import { readResults } from './results-file.ts';

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 76;
const RIGHT = 24;
const TOP = 44;
const BOTTOM = 52;
const STEPS = 4;
/** What a cost may differ from the median of all. */
const BAND = 0.2;
const FONTS = "ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
const INK = '#d6dae3';
const PAPER = '#12151c';
const QUIET = '#8b93a5';
const LINE = '#78aee8';

interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly source: string;
}

interface Point {
  readonly at: number;
  readonly values: readonly number[];
}

/** The smallest of 1, 2, 2.5, 5, 10 … of which so many steps leave room above the largest value. */
function roundStep(largest: number): number {
  const least = (1.15 * largest) / STEPS;
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 2.5, 5].find((digits) => digits * power >= least) ?? 10);
}

const n = (value: number): string => String(Math.round(value * 10) / 10);

/** The median of each point with its least and most, on a logarithmic x axis, and the band that the bar allows. */
function draw(points: readonly Point[], { title, xLabel, yLabel, source }: Plot): string {
  const [first, last] = [Math.log10(points[0]?.at ?? 1), Math.log10(points.at(-1)?.at ?? 10)];
  const step = roundStep(Math.max(...points.flatMap(({ values }) => values)));
  const top = STEPS * step;
  const x = (at: number): number =>
    LEFT + ((WIDTH - LEFT - RIGHT) * (Math.log10(at) - first + 0.2)) / (last - first + 0.4);
  const y = (value: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top;
  const label = (at: readonly [number, number], anchor: string, words: string, more = ''): string =>
    `<text x="${n(at[0])}" y="${n(at[1])}" text-anchor="${anchor}"${more}>${words}</text>`;
  const middle = median(points.map(({ values }) => median(values)));
  const [low, high] = [y((1 - BAND) * middle), y((1 + BAND) * middle)];
  const steps = Array.from({ length: STEPS + 1 }, (_, index) => index * step);
  const path = points.map(
    ({ at, values }, index) => `${index === 0 ? 'M' : 'L'}${n(x(at))} ${n(y(median(values)))}`,
  );
  const quiet = ` style="fill:${QUIET}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<style>text{font-family:${FONTS};font-size:12px;fill:${INK}}</style>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="${PAPER}"/>`,
    label([LEFT, 26], 'start', title, ' style="font-weight:bold"'),
    `<rect x="${LEFT}" y="${n(high)}" width="${WIDTH - LEFT - RIGHT}" height="${n(low - high)}" fill="${LINE}" opacity="0.12"/>`,
    label([LEFT + 6, low - 6], 'start', `± ${100 * BAND} % of the median`, quiet),
    ...steps.map(
      (value) =>
        `<path d="M${LEFT} ${n(y(value))}H${WIDTH - RIGHT}" stroke="${QUIET}" opacity="0.25"/>` +
        label([LEFT - 8, y(value) + 4], 'end', text(value), quiet),
    ),
    ...points.map(({ at }) => label([x(at), HEIGHT - BOTTOM + 20], 'middle', text(at))),
    `<path d="${path.join('')}" fill="none" stroke="${LINE}" stroke-width="2"/>`,
    ...points.map(
      ({ at, values }) =>
        `<path d="M${n(x(at))} ${n(y(Math.min(...values)))}V${n(y(Math.max(...values)))}" stroke="${LINE}"/>` +
        `<circle cx="${n(x(at))}" cy="${n(y(median(values)))}" r="4" fill="${LINE}"/>` +
        label([x(at), y(Math.max(...values)) - 10], 'middle', text(median(values))),
    ),
    label([LEFT, HEIGHT - 10], 'start', `${xLabel} → ${yLabel}`),
    label([WIDTH - RIGHT, HEIGHT - 10], 'end', source, quiet),
    '</svg>',
    '',
  ].join('\n');
}

const PLOTS = [
  {
    case: 'clients',
    file: 'cost-by-clients.svg',
    title: 'What a batch of 20 messages costs the server',
    xLabel: 'clients',
    yLabel: 'CPU, µs a batch',
  },
  {
    case: 'depth',
    file: 'cost-by-backlog.svg',
    title: 'What a batch of 100 messages costs both connectors',
    xLabel: 'messages that wait',
    yLabel: 'CPU, µs a batch',
  },
];

const [path = 'bench.json'] = process.argv.slice(2);
const results = readResults(path);
for (const plot of PLOTS) {
  const measured = results[plot.case];
  const points = (measured?.rows ?? []).filter((row): row is Row & { at: number } => row.at !== undefined);
  if (measured === undefined || points.length < 2) {
    console.log(
      `${plot.file}: ${path} has no figures of the case ${plot.case} (npm run bench -- ${plot.case})`,
    );
    continue;
  }
  const source = `${measured.commit}, ${measured.at.slice(0, 10)}, ${measured.rounds} rounds`;
  writeFileSync(join(import.meta.dirname, '../../media', plot.file), draw(points, { ...plot, source }));
  console.log(plot.file);
}
