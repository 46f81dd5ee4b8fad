import type { Outcome } from '../../engine/contract/views.ts';
import { bytesText, clockText, clockWithSeconds } from '../state/format.ts';
import type { SafeLogRow } from '../state/safe-rows.ts';
import { tailRow } from '../state/tail-motion.ts';
import { trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { cellLeft, cellRight, fit, inTone, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import { type PaneInput, paneBlock, tailNote } from './pane.ts';

const HEAD_WIDTH = 46;
/** Widths at which seconds, and then all columns, are shown. */
const MIDDLE_WIDTH = 60;
const WIDE_WIDTH = 90;
const SIZE_CELLS = 6;
/** Width beside the outcome at which type and size are shown. */
const WITH_TYPE_WIDTH = 36;

/** The outcome column's head, and its minimum width. */
const OUTCOME_HEAD = 'outcome';

export function logRows({ box }: Pick<PaneInput, 'box'>): number {
  return Math.max(1, innerHeight(box.height) - (hasHead(box.width) ? 1 : 0));
}

/** One line for each message, file or event; the newest at the bottom. */
export function logPane(input: PaneInput): Block {
  const { ui, data, box } = input;
  const width = innerWidth(box.width);
  const update = data.log;
  const cursor = ui.focus === 'log' ? tailRow(ui.log, update) : undefined;
  const entries = (update?.rows ?? []).slice(-logRows(input));
  const columns = columnsOf(entries, width);
  const rows = entries.map((row) => {
    const line = fit(logLine(row, columns), width);
    return row === cursor ? inTone(line, 'selected') : line;
  });
  const empty: Line[] = update !== undefined && rows.length === 0 ? [emptyLine(ui.log.filter)] : [];
  const head = hasHead(box.width) && rows.length > 0 ? [headLine(columns)] : [];
  return paneBlock('log', input, {
    body: { lines: rows.length > 0 ? [...head, ...rows] : empty },
    note: tailNote(update, ui.log),
  });
}

function hasHead(boxWidth: number): boolean {
  return innerWidth(boxWidth) >= HEAD_WIDTH;
}

interface LogColumns {
  readonly width: number;
  readonly time: number;
  /** 0 where only the arrow shows it. */
  readonly direction: number;
  readonly kind: number;
  readonly peer: number;
  /** 0 where there is no room for type and size. */
  readonly type: number;
  /** Right of the text; the outcome is never cut. */
  readonly outcome: number;
}

/** Names get the width that the visible ones need, up to a bound; the text gets the rest. */
function columnsOf(rows: readonly SafeLogRow[], width: number): LogColumns {
  const widest = (texts: readonly string[], low: number, high: number): number =>
    Math.min(high, Math.max(low, ...texts.map(textWidth)));
  const names = rows.map(({ peerName }) => peerName);
  const types = rows.map(({ type }) => type);
  const outcome = Math.max(OUTCOME_HEAD.length, ...rows.map((row) => outcomeWord(row.outcome).length));
  if (width >= WIDE_WIDTH) {
    const fixed = { width, time: 8, direction: 4, kind: 8, outcome };
    return { ...fixed, peer: widest(names, 8, 20), type: widest(types, 8, 14) };
  }
  const isMiddle = width >= MIDDLE_WIDTH;
  const fixed = { width, time: isMiddle ? 8 : 5, direction: 0, kind: 0, outcome };
  // Leave out type and size, so that some text fits; Enter shows the rest.
  if (width < HEAD_WIDTH || width - outcome < WITH_TYPE_WIDTH)
    return { ...fixed, peer: widest(names, 4, 8), type: 0 };
  const [peerMax, typeMax] = isMiddle ? [14, 10] : [8, 6];
  return { ...fixed, peer: widest(names, 4, peerMax), type: widest(types, 4, typeMax) };
}

function headLine({ width, time, direction, kind, peer, type, outcome }: LogColumns): Line {
  const left = (text: string, cells: number) => cellLeft(trusted(text), cells, 'faint');
  const before: Line = [
    left('time', time + 3),
    ...(direction > 0 ? [left('dir', direction), left('kind', kind)] : []),
    left('peer', peer + 1),
    ...(type > 0 ? [left('type', type + 1)] : []),
    plain('text', 'faint'),
  ];
  const after: Line = [
    ...(type > 0 ? [cellRight(trusted('size'), SIZE_CELLS + 1, 'faint')] : []),
    plain(' '),
    left(OUTCOME_HEAD, outcome),
  ];
  return [...fit(before, width - lineWidth(after)), ...after];
}

function logLine(row: SafeLogRow, columns: LogColumns): Line {
  const { width, time, direction, kind, peer, type, outcome } = columns;
  const clock = time > 5 ? clockWithSeconds(row.atMs) : clockText(row.atMs);
  const tone = toneOf(row.outcome);
  const head: Line = [span(clock, 'faint'), plain(' '), ...markOf(row), plain(' ')];
  if (row.kind === 'event') {
    const what: Line =
      direction > 0 ? [plain(' '.repeat(direction)), cellLeft(trusted('event'), kind, 'faint')] : [];
    const about: Line = row.peerName === '' ? [] : [cellLeft(row.peerName, peer), plain(' ')];
    return [...head, ...what, ...about, span(row.text, tone)];
  }
  const left: Line = [
    ...head,
    ...(direction > 0
      ? [
          cellLeft(trusted(row.direction ?? ''), direction, 'faint'),
          cellLeft(trusted(row.kind), kind, 'faint'),
        ]
      : []),
    cellLeft(row.peerName, peer),
    plain(' '),
    ...(type > 0 ? [cellLeft(row.type, type, 'faint'), plain(' ')] : []),
    ...(row.kind === 'file' && direction === 0 ? [plain('file ', 'info')] : []),
    span(row.text),
  ];
  const size = row.sizeBytes === undefined ? trusted('') : bytesText(row.sizeBytes);
  const right: Line = [
    ...(type > 0 ? [cellRight(size, SIZE_CELLS + 1, 'faint')] : []),
    plain(' '),
    cellLeft(trusted(outcomeWord(row.outcome)), outcome, tone),
  ];
  return [...fit(left, width - lineWidth(right)), ...right];
}

/** The outcome of a message; empty for an event. */
export function outcomeWord(outcome: Outcome): string {
  return outcome === 'info' || outcome === 'warning' ? '' : outcome;
}

function toneOf(outcome: Outcome): Tone {
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

function emptyLine(filter: string): Line {
  const text = filter === '' ? 'No log entries yet.' : 'No row matches the filter.';
  return [span(trusted(text), 'faint')];
}
