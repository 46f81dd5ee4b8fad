import { ageText, countText, rateText, shortCount } from '../state/format.ts';
import { selectedRow } from '../state/list-motion.ts';
import type { SafeNewcomer, SafePeerRow } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { sparkline } from '../widgets/graphs.ts';
import { cellLeft, cellRight, fit, inTone, type Line, lineWidth, span, words } from '../widgets/line.ts';
import { countNote, type PaneInput, paneBlock } from './pane.ts';
import { firstRun } from './welcome.ts';

const NEWCOMERS_SHOWN = 3;
const HEAD_WIDTH = 46;
const WIDE = 96;

/** How many rows of the list fit beside the column heads and those who want in. */
export function peersRows(input: Pick<PaneInput, 'data' | 'box'>): number {
  const { data, box } = input;
  const newcomers = Math.min(data.status?.newcomers.length ?? 0, NEWCOMERS_SHOWN);
  return Math.max(1, innerHeight(box.height) - (hasHead(box.width) ? 1 : 0) - newcomers);
}

/** The peers, one line each; before anybody is there, what to do about it. */
export function peersPane(input: PaneInput): Block {
  const { ui, data, box } = input;
  const width = innerWidth(box.width);
  const { peers, status } = data;
  const newcomers = (status?.newcomers ?? [])
    .slice(0, NEWCOMERS_SHOWN)
    .map((row) => newcomerLine(row, width));
  const isEmpty = peers !== undefined && peers.total === 0 && newcomers.length === 0;
  const selected = ui.focus === 'peers' && !ui.editing ? selectedRow(ui.peers, peers) : undefined;
  const rows = (peers?.rows ?? []).map((row) => {
    const line = fit(peerLine(row, width, ui.nowMs), width);
    return row === selected ? inTone([words(GLYPHS.cursor), ...line.slice(1)], 'selected') : line;
  });
  const head = hasHead(box.width) && rows.length > 0 ? [headLine(width)] : [];
  const lines =
    isEmpty && status !== undefined
      ? firstRun(status, { width, height: innerHeight(box.height) })
      : [...newcomers, ...head, ...rows];
  const order = ui.peers.descending ? GLYPHS.down : GLYPHS.up;
  const note: Line = [words(`by ${ui.peers.sort} ${order} · `, 'faint'), ...countNote(peers)];
  return paneBlock('peers', input, { body: { lines }, note: box.width < 40 ? countNote(peers) : note });
}

function hasHead(boxWidth: number): boolean {
  return innerWidth(boxWidth) >= HEAD_WIDTH;
}

interface Columns {
  readonly name: number;
  readonly where: number;
  readonly spark: number;
  readonly rate: number;
  readonly lag: number;
  readonly kind: number;
  readonly words: number;
}

/** Numbers have fixed columns, so that they never jump; names take what is left. */
function columnsOf(width: number): Columns {
  const fixed = { spark: 6, rate: 5, lag: 7, kind: 0, words: 0, where: 0 };
  if (width < HEAD_WIDTH) return { ...fixed, spark: 5, name: Math.max(4, width - 4 - 17) };
  if (width < WIDE) {
    const rest = width - 3 - 18 - 2;
    const where = Math.min(22, Math.floor(rest * 0.56));
    return { ...fixed, where, name: rest - where };
  }
  const rest = width - 3 - 18 - 2 - 2 - 8;
  return { ...fixed, kind: 8, name: 22, where: 22, words: rest - 44 };
}

function headLine(width: number): Line {
  const columns = columnsOf(width);
  const right = (text: string, cells: number) => cellRight(trusted(text), cells, 'faint');
  return [
    words('   ', 'faint'),
    cellLeft(trusted('name'), columns.name, 'faint'),
    words(' '),
    cellLeft(trusted('where'), columns.where, 'faint'),
    right('', columns.spark + 1),
    right('rate', columns.rate),
    right('lag', columns.lag),
    ...(columns.words > 0 ? [words('  with    ', 'faint'), words('words', 'faint')] : []),
  ];
}

function peerLine(row: SafePeerRow, width: number, nowMs: number): Line {
  const columns = columnsOf(width);
  const { glyph, tone } = stateMark(row);
  const head: Line = [words(' '), words(glyph, tone), words(' '), ...nameCell(row, columns.name)];
  const story = storyOf(row, nowMs);
  if (story !== undefined) return [...head, words(' '), span(story, tone)];
  const isQuiet = row.rate === 0 && row.rateHistory.every((rate) => rate === 0);
  return [
    ...head,
    ...(columns.where > 0 ? [words(' '), cellLeft(row.address, columns.where, 'faint')] : []),
    words(' '),
    span(sparkline(row.rateHistory, columns.spark), isQuiet ? 'faint' : 'info'),
    cellRight(rateText(row.rate), columns.rate, isQuiet ? 'faint' : 'plain'),
    cellRight(row.lagMs === undefined ? trusted(GLYPHS.dash) : lagText(row.lagMs), columns.lag),
    ...(columns.words > 0
      ? [
          words('  '),
          cellLeft(kindWord(row.kind), columns.kind, 'faint'),
          cellLeft(wordsOf(row), columns.words),
        ]
      : []),
  ];
}

/** The name, and in brackets how many of its lines have not been read. */
function nameCell(row: SafePeerRow, width: number): Line {
  const unread = row.unread > 0 ? safe` (${shortCount(row.unread)})` : trusted('');
  return fit([span(clip(row.name, width - unread.length), 'strong'), span(unread, 'warn')], width);
}

/** As much as fits of who it is and what to compare: the dialog has it all. */
function newcomerLine(row: SafeNewcomer, width: number): Line {
  const compared = row.words ?? trusted('no certificate');
  const head: Line = [words(` ${GLYPHS.newcomer} `, 'warn'), span(row.name, 'strong')];
  const stories = [
    safe` ${row.address} wants in (a): ${compared}`,
    safe` wants in (a): ${compared}`,
    trusted(' wants in (a)'),
  ];
  const room = width - lineWidth(head);
  const story = stories.find((text) => textWidth(text) <= room) ?? trusted(' wants in (a)');
  return [...head, span(story, 'warn')];
}

/** A state that has more to say than numbers: shown instead of them. */
function storyOf(row: SafePeerRow, nowMs: number): SafeText | undefined {
  const since = ageText(nowMs - row.sinceMs);
  const because = row.reason === undefined ? trusted('') : safe`: ${row.reason}`;
  const waiting = row.waitingCount > 0 ? safe`, ${countText(row.waitingCount)} waiting` : trusted('');
  if (row.ignored) {
    const away = row.state === 'connected' ? trusted('') : safe`, ${trusted(row.state)}`;
    return safe`ignored${away}, ${countText(row.ignoredIn + row.ignoredOut)} dropped`;
  }
  switch (row.state) {
    case 'connected':
      return undefined;
    case 'away':
      return safe`away ${since}${waiting}${because}`;
    case 'connecting':
      return safe`connecting${because}`;
    case 'waiting':
      return safe`waiting to be let in${because}`;
    case 'refused':
      return safe`refused${because}`;
  }
}

function stateMark(row: SafePeerRow): { readonly glyph: string; readonly tone: Tone } {
  if (row.ignored) return { glyph: GLYPHS.ignored, tone: 'warn' };
  switch (row.state) {
    case 'connected':
      return { glyph: GLYPHS.connected, tone: 'good' };
    case 'away':
      return { glyph: GLYPHS.away, tone: 'warn' };
    case 'connecting':
    case 'waiting':
      return { glyph: GLYPHS.pending, tone: 'info' };
    case 'refused':
      return { glyph: GLYPHS.refused, tone: 'bad' };
  }
}

function lagText(lagMs: number): SafeText {
  return lagMs < 9_950 ? safe`${Math.max(1, Math.round(lagMs))} ms` : safe`${Math.round(lagMs / 1000)} s`;
}

function kindWord(kind: SafePeerRow['kind']): SafeText {
  return trusted({ aioc: 'aioc', python: 'Python', unknown: '?' }[kind]);
}

function wordsOf(row: SafePeerRow): SafeText {
  return row.words ?? trusted('no certificate');
}
