import { bytesText, clockText, clockWithSeconds } from '../state/format.ts';
import type { SafeLogRow } from '../state/safe-rows.ts';
import { tailRow } from '../state/tail-motion.ts';
import { trusted } from '../terminal/sanitize.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { cellLeft, cellRight, fit, inTone, type Line, span, words } from '../widgets/line.ts';
import { type PaneInput, paneBlock, tailNote } from './pane.ts';

const SECONDS_WIDTH = 46;
const SIZE_WIDTH = 60;
const OUTCOME_WIDTH = 80;
const SIZE_CELLS = 7;

export function logRows({ box }: Pick<PaneInput, 'box'>): number {
  return Math.max(1, innerHeight(box.height));
}

/** One line a message, a file or an event; the newest at the bottom. */
export function logPane(input: PaneInput): Block {
  const { ui, data, box } = input;
  const width = innerWidth(box.width);
  const update = data.log;
  const cursor = ui.focus === 'log' ? tailRow(ui.log, update) : undefined;
  const rows = (update?.rows ?? []).slice(-logRows(input)).map((row) => {
    const line = fit(logLine(row, width), width);
    return row === cursor ? inTone(line, 'selected') : line;
  });
  const empty: Line[] = update !== undefined && rows.length === 0 ? [emptyLine(ui.log.filter)] : [];
  return paneBlock('log', input, {
    body: { lines: rows.length > 0 ? rows : empty },
    note: tailNote(update, ui.log),
  });
}

function logLine(row: SafeLogRow, width: number): Line {
  const time = width >= SECONDS_WIDTH ? clockWithSeconds(row.atMs) : clockText(row.atMs);
  const { glyph, tone } = markOf(row);
  const head: Line = [span(time, 'faint'), words(' '), words(glyph, tone), words(' ')];
  if (row.kind === 'event') return [...head, span(row.text, tone === 'faint' ? 'plain' : tone)];
  const isLong = width >= OUTCOME_WIDTH;
  const names = isLong ? [14, 10] : [8, 6];
  const outcome = isLong || !isPlain(row) ? row.outcome : '';
  const size = row.sizeBytes !== undefined && width >= SIZE_WIDTH && (isLong || outcome === '');
  const tail: Line = [
    ...(outcome === '' ? [] : [words(` ${outcome}`, tone)]),
    ...(size ? [cellRight(bytesText(row.sizeBytes ?? 0), SIZE_CELLS + 1, 'faint')] : []),
  ];
  const tailWidth = (outcome === '' ? 0 : outcome.length + 1) + (size ? SIZE_CELLS + 1 : 0);
  const left: Line = [
    ...head,
    cellLeft(row.peerName, names[0] ?? 0),
    words(' '),
    cellLeft(row.type, names[1] ?? 0, 'faint'),
    words(row.kind === 'file' ? ' file ' : ' ', 'faint'),
    span(row.text),
  ];
  return [...fit(left, width - tailWidth), ...tail];
}

/** What needs no word: the arrow has said it. */
function isPlain({ outcome }: SafeLogRow): boolean {
  return (
    outcome === 'delivered' || outcome === 'sent' || outcome === 'received by peer' || outcome === 'info'
  );
}

function markOf(row: SafeLogRow): { readonly glyph: string; readonly tone: Tone } {
  switch (row.outcome) {
    case 'dropped':
      return { glyph: GLYPHS.ignored, tone: 'warn' };
    case 'refused':
    case 'failed':
      return { glyph: GLYPHS.refused, tone: 'bad' };
    case 'warning':
      return { glyph: '!', tone: 'warn' };
    case 'waiting':
      return { glyph: GLYPHS.pending, tone: 'warn' };
    default:
      break;
  }
  if (row.direction === undefined) return { glyph: GLYPHS.event, tone: 'faint' };
  return row.direction === 'in'
    ? { glyph: GLYPHS.incoming, tone: 'info' }
    : { glyph: GLYPHS.outgoing, tone: 'good' };
}

function emptyLine(filter: string): Line {
  const text = filter === '' ? 'Nothing has happened yet.' : 'No row passes the filter.';
  return [span(trusted(text), 'faint')];
}
