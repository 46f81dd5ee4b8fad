import type { Outcome } from '../../engine/contract/views.ts';
import { bytesText, clockText, clockWithSeconds, countText } from '../state/format.ts';
import type { SafeLogRow } from '../state/safe-rows.ts';
import { tailRow } from '../state/tail-motion.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Column, type FittedColumn, fitColumns, headLine, rowLine } from '../widgets/columns.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { cellLeft, cellRight, fit, inTone, type Line, plain, span } from '../widgets/line.ts';
import { columnsKey, RowLines } from '../widgets/row-lines.ts';
import { countNote, noMatchLine, type PaneContent, type PaneInput, paneBlock, tailNote } from './pane.ts';

const OUTCOME_HEAD = 'outcome';
const TIME_CELLS = { minutes: 5, seconds: 8 };
const LINES = new RowLines();
/** More than a screen has columns. */
const TEXT_MAX = 10_000;
/** A narrower log has no seconds, types and sizes: the text needs their cells. Enter shows them. */
const ROOMY_WIDTH = 60;
/** What the text gets before another column. */
const TEXT_SHARE = 0.22;

export function logRows({ box }: Pick<PaneInput, 'box'>): number {
  return Math.max(1, innerHeight(box.height) - 1);
}

/** One line for each message, file or event; the newest at the bottom. */
export function logPane(input: PaneInput): Block {
  const { ui, data, box } = input;
  const width = innerWidth(box.width);
  const update = data.log;
  const cursor = ui.focus === 'log' ? tailRow(ui.log, update) : undefined;
  const entries = (update?.rows ?? []).slice(-logRows(input));
  const columns = fitColumns(logColumns(entries, width), width, entries);
  const manner = `${width} ${columnsKey(columns)}`;
  const rows = entries.map((row) =>
    LINES.of(row, `${manner} ${row === cursor}`, () => {
      const line = fit(logLine(row, columns), width);
      return row === cursor ? inTone(line, 'selected') : line;
    }),
  );
  const empty: Line[] = update !== undefined && rows.length === 0 ? [emptyLine(input)] : [];
  const head: readonly Line[] = rows.length > 0 ? [headLine(columns)] : [];
  return paneBlock('log', input, {
    body: { lines: rows.length > 0 ? [...head, ...rows] : empty },
    ...(ui.frozenLogId === undefined ? tailNote(update, ui.log) : frozenNotes(input, ui.frozenLogId)),
  });
}

/** `frozen · ▼ 1,204 new below`; how many of them a filter would find is not known. */
function frozenNotes({ ui, data }: PaneInput, lastId: number): Pick<PaneContent, 'note' | 'shorterNotes'> {
  const newCount = Math.max(0, (data.status?.logLastId ?? lastId) - lastId);
  const word: Line = [plain('frozen', 'warn')];
  if (ui.log.filter !== '')
    return { note: [...countNote(data.log), plain(' · '), ...word], shorterNotes: [word] };
  if (newCount === 0) return { note: word };
  return { note: [...word, span(safe` · ▼ ${countText(newCount)} new below`, 'warn')], shorterNotes: [word] };
}

/** Names get the width that the visible ones need; the text gets the rest. Enter shows what has no room here. */
function logColumns(rows: readonly SafeLogRow[], paneWidth: number): readonly Column<SafeLogRow>[] {
  const isRoomy = paneWidth >= ROOMY_WIDTH;
  const time = isRoomy ? TIME_CELLS.seconds : TIME_CELLS.minutes;
  const columns: readonly (Column<SafeLogRow> | undefined)[] = [
    {
      ...{ head: 'time', min: time, max: time, rank: 0 },
      cell: ({ atMs }, width) => [cellLeft(timeText(atMs, width), width, 'faint')],
    },
    { head: '', min: 1, max: 1, rank: 0, cell: markOf },
    {
      ...{ head: 'peer', min: 4, max: 24, rank: 0, isName: true },
      needs: ({ peerName }) => textWidth(peerName),
      cell: ({ peerName }, width) => [cellLeft(peerName, width)],
    },
    isRoomy
      ? {
          ...{ head: 'type', min: 4, max: 16, rank: 3 },
          needs: ({ type }) => textWidth(type),
          cell: ({ type }, width) => [cellLeft(type, width, 'faint')],
        }
      : undefined,
    {
      ...{
        head: 'text',
        min: Math.max(7, Math.floor(paneWidth * TEXT_SHARE)),
        max: TEXT_MAX,
        rank: 0,
      },
      cell: ({ kind, text }, width) =>
        fit([...(kind === 'file' ? [plain('file ', 'info')] : []), span(text)], width),
    },
    isRoomy
      ? {
          ...{ head: 'size', min: 6, max: 6, rank: 2, align: 'right' },
          cell: ({ sizeBytes }, width) => [
            cellRight(sizeBytes === undefined ? trusted('') : bytesText(sizeBytes), width, 'faint'),
          ],
        }
      : undefined,
    outcomeColumn(rows),
  ];
  return columns.filter((column) => column !== undefined);
}

/** The outcome is never cut. */
function outcomeColumn(rows: readonly SafeLogRow[]): Column<SafeLogRow> {
  const cells = rows.map((row) => outcomeWord(row.outcome).length);
  const width = Math.max(OUTCOME_HEAD.length, ...cells);
  return {
    ...{ head: OUTCOME_HEAD, min: width, max: width, rank: 1 },
    cell: ({ outcome }, cell) => [cellLeft(trusted(outcomeWord(outcome)), cell, toneOf(outcome))],
  };
}

/** Seconds are left out where the names need their room. */
function timeText(atMs: number, width: number): SafeText {
  return width < TIME_CELLS.seconds ? clockText(atMs) : clockWithSeconds(atMs);
}

/** An event has neither type nor outcome: its text has all the room after the peer. */
function logLine(row: SafeLogRow, columns: readonly FittedColumn<SafeLogRow>[]): Line {
  if (row.kind !== 'event') return rowLine(columns, row);
  const about = columns.slice(0, row.peerName === '' ? 2 : 3);
  const times = row.repeats === undefined ? trusted('') : safe`×${countText(row.repeats)} `;
  return [...rowLine(about, row), plain(' '), span(safe`${times}${row.text}`, toneOf(row.outcome))];
}

/** The outcome of a message; empty for an event. */
export function outcomeWord(outcome: Outcome): string {
  return outcome === 'info' || outcome === 'warning' ? '' : outcome;
}

export function toneOf(outcome: Outcome): Tone {
  switch (outcome) {
    case 'refused':
    case 'failed':
      return 'bad';
    case 'dropped':
    case 'warning':
    case 'queued':
      return 'warn';
    case 'taken':
    case 'peer has it':
      return 'good';
    default:
      return 'plain';
  }
}

/** The direction's arrow; an event has none. */
function markOf(row: SafeLogRow): Line {
  if (row.outcome === 'warning') return [plain('!', 'warn')];
  if (row.direction === undefined) return [plain(GLYPHS.event, 'faint')];
  return row.direction === 'in' ? [plain(GLYPHS.incoming, 'info')] : [plain(GLYPHS.outgoing, 'good')];
}

function emptyLine({ ui, data }: PaneInput): Line {
  return ui.log.filter === '' ? [plain('No log entries yet.', 'faint')] : noMatchLine(data.log);
}
