/** A peer as a row of the list. */
import { CAUSE_WORDS } from '../state/cause-text.ts';
import { endsSoonText } from '../state/certificate-text.ts';
import { ageText, countText, millisText, rateText, shortCount } from '../state/format.ts';
import type { SafePeerRow } from '../state/safe-rows.ts';
import type { UiState } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Column, type FittedColumn, rowLine } from '../widgets/columns.ts';
import { sparkline } from '../widgets/graphs.ts';
import { cellLeft, cellRight, fit, type Line, plain, span } from '../widgets/line.ts';
import { sinceText } from './peer-detail.ts';

/** Cursor, state and a blank before the columns. */
export const MARK_CELLS = 3;
const DAY_MS = 24 * 60 * 60_000;
const NAMES_MAX = 64;
const CERTIFICATE_HEAD = 'cert';
/** In a narrower pane, a story has all the room after the name. */
const BESIDE_STORY_WIDTH = 44;

/** The columns of these rows. Numbers have fixed columns, so that they never jump; names get the rest. */
export function peerColumns(
  rows: readonly SafePeerRow[],
  { nowMs, isStill }: Pick<UiState, 'nowMs' | 'isStill'>,
): readonly Column<SafePeerRow>[] {
  const hasCertificates = rows.some(({ certificateEndsAtMs }) => certificateEndsAtMs !== undefined);
  const columns: readonly (Column<SafePeerRow> | undefined)[] = [
    {
      ...{ head: 'name', min: 4, max: NAMES_MAX, rank: 0, isName: true, sort: 'name' },
      needs: (row) => textWidth(row.name) + unreadText(row).length,
      cell: nameCell,
    },
    {
      ...{ head: 'address', min: 9, max: 40, rank: 5, sort: 'address' },
      needs: ({ address }) => textWidth(address),
      cell: (row, width) => [cellLeft(whereOf(row, width), width, 'faint')],
    },
    isStill
      ? undefined
      : {
          ...{ head: '', min: 5, max: 6, rank: 3 },
          cell: (row, width) => [span(sparkline(row.rateHistory, width), isQuiet(row) ? 'faint' : 'info')],
        },
    {
      ...{ head: 'rate', min: 5, max: 5, rank: 1, align: 'right', sort: 'rate' },
      cell: (row, width) => [cellRight(rateText(row.rate), width, isQuiet(row) ? 'faint' : 'plain')],
    },
    {
      ...{ head: 'lag', min: 6, max: 7, rank: 4, align: 'right', sort: 'lag' },
      cell: (row, width) => [lagCell(row, width)],
    },
    {
      ...{ head: 'program', min: 7, max: 8, rank: 8 },
      cell: ({ kind }, width) => [cellLeft(kindWord(kind), width, 'faint')],
    },
    {
      ...{ head: 'connected', min: 11, max: 14, rank: 9 },
      cell: (row, width) => [cellLeft(sinceText(row, nowMs), width, 'faint')],
    },
    {
      ...{ head: 'waiting', min: 8, max: 9, rank: 6, align: 'right', sort: 'waiting' },
      cell: ({ waitingCount }, width) => [
        cellRight(countText(waitingCount), width, waitingCount > 0 ? 'warn' : 'plain'),
      ],
    },
    {
      ...{ head: 'dropped', min: 8, max: 9, rank: 7, align: 'right', sort: 'dropped' },
      cell: (row, width) => [
        cellRight(countText(row.ignoredIn + row.ignoredOut + (row.forgedIn ?? 0)), width),
      ],
    },
    hasCertificates
      ? {
          ...{ head: CERTIFICATE_HEAD, min: 6, max: 7, rank: 2, align: 'right', sort: 'certificate' },
          cell: (row, width) => [certificateCell(row, width, nowMs)],
        }
      : undefined,
  ];
  return columns.filter((column) => column !== undefined);
}

interface RowView {
  readonly width: number;
  readonly columns: readonly FittedColumn<SafePeerRow>[];
  readonly nowMs: number;
  readonly asksForCertificate: boolean;
}

/** A peer that is not connected has its story in place of the numbers. Its certificate stays in its column. */
export function peerLine(row: SafePeerRow, view: RowView): Line {
  const { columns } = view;
  const { glyph, tone } = stateMark(row);
  const mark: Line = [plain(' '), plain(glyph, tone), plain(' ')];
  if (hasNumbers(row, view)) return [...mark, ...rowLine(columns, row)];
  const certificate = certificateBeside(view);
  const width = view.width - MARK_CELLS - (certificate === undefined ? 0 : certificate.width + 1);
  const told = fit(storyCells(row, width, view), width);
  const cell = certificate?.column.cell(row, certificate.width);
  return [...mark, ...told, ...(cell === undefined ? [] : [plain(' '), ...cell])];
}

function storyCells(row: SafePeerRow, width: number, view: RowView): Line {
  const name = view.columns[0]?.width ?? 0;
  if (row.ignored) return ignoredCells(row, { room: width, name });
  const story = storyOf(row, view) ?? trusted('');
  // A story that would be cut starts right after the name.
  const room = Math.max(0, width - 1 - textWidth(story));
  const cells = Math.min(name, Math.max(room, textWidth(row.name) + unreadText(row).length));
  return [...nameCell(row, cells), plain(' '), span(story, stateMark(row).tone)];
}

/** Columns with heads only over what the rows have. */
export function headedColumns(
  columns: readonly FittedColumn<SafePeerRow>[],
  rows: readonly SafePeerRow[],
  view: RowView,
): readonly FittedColumn<SafePeerRow>[] {
  if (rows.some((row) => hasNumbers(row, view))) return columns;
  const beside = certificateBeside(view);
  return columns.map((one): FittedColumn<SafePeerRow> => {
    const hasHead = one.column.isName === true || one === beside;
    const { sort: _none, ...column } = one.column;
    return hasHead ? one : { ...one, column: { ...column, head: '' } };
  });
}

function hasNumbers(row: SafePeerRow, view: RowView): boolean {
  return !row.ignored && storyOf(row, view) === undefined;
}

/** The column that stays beside a story, if there is room for both. */
function certificateBeside({ width, columns }: RowView): FittedColumn<SafePeerRow> | undefined {
  const last = columns.at(-1);
  return width >= BESIDE_STORY_WIDTH && last?.column.head === CERTIFICATE_HEAD ? last : undefined;
}

function isQuiet({ rate, rateHistory }: SafePeerRow): boolean {
  return rate === 0 && rateHistory.every((one) => one === 0);
}

/** Days that are left: in a warning tone for a certificate that ends soon. */
function certificateCell(
  { certificateEndsAtMs: endsAtMs }: SafePeerRow,
  width: number,
  nowMs: number,
): Line[number] {
  if (endsAtMs === undefined) return cellRight(trusted(GLYPHS.dash), width);
  if (endsAtMs < nowMs) return cellRight(trusted('ended'), width, 'bad');
  const days = trusted(`${Math.floor((endsAtMs - nowMs) / DAY_MS)} d`);
  return cellRight(days, width, endsSoonText(endsAtMs, nowMs) === undefined ? 'plain' : 'warn');
}

/** A client's port tells the user nothing: it is left out first when there is little room. */
function whereOf({ address }: SafePeerRow, width: number): SafeText {
  return textWidth(address) <= width ? address : trusted(address.replace(/(?<=[\].\d]):\d+$/, ''));
}

/** The name, and in brackets the number of unread lines. */
function nameCell(row: SafePeerRow, width: number): Line {
  const unread = unreadText(row);
  return fit([span(clip(row.name, width - unread.length), 'strong'), span(unread, 'warn')], width);
}

function unreadText({ unread }: SafePeerRow): SafeText {
  return unread > 0 ? safe` (${shortCount(unread)})` : trusted('');
}

/** The text that replaces the numbers while the peer is not connected. */
function storyOf(row: SafePeerRow, { nowMs, asksForCertificate }: RowView): SafeText | undefined {
  const since = ageText(nowMs - row.sinceMs);
  const because = row.reason === undefined ? trusted('') : safe`: ${row.reason}`;
  const waiting = row.waitingCount > 0 ? safe`, ${countText(row.waitingCount)} waiting` : trusted('');
  switch (row.state) {
    case 'connected':
      return undefined;
    case 'away':
      return safe`away ${since}${waiting}${because}`;
    case 'connecting':
      return safe`connecting${because}`;
    case 'waiting':
      return asksForCertificate ? trusted('requesting a certificate') : safe`not accepted yet${because}`;
    case 'refused':
      return safe`${trusted(row.cause === undefined ? 'refused' : CAUSE_WORDS[row.cause])}${because}`;
  }
}

/** The dropped count is never cut: the name's column shrinks first, then the text, and last the name. */
function ignoredCells(
  row: SafePeerRow,
  { room, name }: { readonly room: number; readonly name: number },
): Line {
  const away = row.state === 'connected' ? trusted('') : safe`, ${trusted(row.state)}`;
  const dropped = row.ignoredIn + row.ignoredOut;
  const stories = [
    safe`ignored${away}, ${countText(dropped)} dropped`,
    safe`ignored, ${countText(dropped)} dropped`,
    safe`ignored, ${shortCount(dropped)} dropped`,
    safe`${shortCount(dropped)} dropped`,
  ] as const;
  const fits = (story: SafeText): boolean =>
    Math.min(name, textWidth(row.name)) + 1 + textWidth(story) <= room;
  const story = stories.find(fits) ?? stories[3];
  const cells = Math.max(1, Math.min(name, room - 1 - textWidth(story)));
  return [...nameCell(row, cells), plain(' '), span(story, 'warn')];
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

/** What acks take now, or without any the last ping. */
function lagCell({ ackLagMs, lagMs }: SafePeerRow, cells: number): Line[number] {
  const ms = ackLagMs ?? lagMs;
  return cellRight(ms === undefined ? trusted(GLYPHS.dash) : millisText(ms), cells);
}

function kindWord(kind: SafePeerRow['kind']): SafeText {
  return trusted({ aioc: 'aioc', python: 'Python', unknown: '?' }[kind]);
}
