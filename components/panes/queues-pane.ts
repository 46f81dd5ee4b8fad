import { ageText, bytesText, countText, durationText, millisText, rateText } from '../state/format.ts';
import { selectedRow } from '../state/list-motion.ts';
import type { SafeQueueRow } from '../state/safe-rows.ts';
import type { UiState } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import { type Column, fitColumns, headLine, rowLine } from '../widgets/columns.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { sparkline } from '../widgets/graphs.ts';
import { cellLeft, cellRight, fit, inTone, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import { columnsKey, RowLines } from '../widgets/row-lines.ts';
import { listNotes, noMatchLine, type PaneInput, paneBlock, withMark } from './pane.ts';

const NAMES_MAX = 64;
const LINES = new RowLines();
/** Below this height, rows of queues are worth more than the remedy. */
const REMEDY_HEIGHT_MIN = 4;
/** Cursor, direction and a blank before the columns. */
const MARK_CELLS = 3;

/** Rows left for the list after the column heads and the line about the worst queue. */
export function queuesRows({ box, data }: Pick<PaneInput, 'box' | 'data'>): number {
  const hints = whyLines({ box, data }, innerWidth(box.width)).length;
  return Math.max(1, innerHeight(box.height) - 1 - hints);
}

/** Rows of everything that the pane can show. */
export function queuesContentRows({ data }: Pick<PaneInput, 'data'>): number {
  const remedy = data.status?.worstQueue?.blocked.remedy === undefined ? 0 : 1;
  return 2 + remedy + Math.max(1, data.queues?.matched ?? 0);
}

/** The queues, largest backlog first, and why the worst one is stuck. */
export function queuesPane(input: PaneInput): Block {
  const { ui, data, box } = input;
  const width = innerWidth(box.width);
  const update = data.queues;
  const selected = ui.focus === 'queues' ? selectedRow(ui.queues, update) : undefined;
  const shown = (update?.rows ?? []).slice(0, queuesRows(input));
  const columns = fitColumns(queueColumns(shown, ui), width - MARK_CELLS, shown);
  const marks = ui.marks.queues;
  const manner = `${width} ${ui.nowMs} ${columnsKey(columns)}`;
  const rows = shown.map((row) =>
    LINES.of(row, `${manner} ${row === selected} ${marks.has(row.id)}`, () => {
      const line = fit([...withMark(markOf(row), marks.has(row.id)), ...rowLine(columns, row)], width);
      return row === selected ? inTone([plain(GLYPHS.cursor), ...line.slice(1)], 'selected') : line;
    }),
  );
  const head: readonly Line[] =
    rows.length > 0 ? [[plain(' '.repeat(MARK_CELLS)), ...headLine(columns, ui.queues)]] : [];
  const table = rows.length > 0 ? [...head, ...rows] : emptyLines(update);
  const why = whyLines(input, width);
  const room = innerHeight(box.height) - why.length;
  const lines = [...table.slice(0, room), ...blank(room - table.length), ...why];
  return paneBlock('queues', input, {
    body: { lines },
    ...listNotes(ui.queues, marks, update),
  });
}

/** `client3 · events`; an incoming queue is the inbox of its type. */
export function queueName(row: SafeQueueRow): SafeText {
  return row.direction === 'in' && row.peer === undefined
    ? safe`inbox · ${row.type}`
    : safe`${row.peerName} · ${row.type}`;
}

/** Numbers have fixed columns, so that they never jump; names get the rest. */
function queueColumns(
  rows: readonly SafeQueueRow[],
  { nowMs, isStill }: Pick<UiState, 'nowMs' | 'isStill'>,
): readonly Column<SafeQueueRow>[] {
  // With storage, the column tells whether the bytes are on disk.
  const storing = rows.some(({ stored }) => stored !== undefined);
  return [
    {
      ...{ head: 'queue', min: 5, max: NAMES_MAX, rank: 0, isName: true, sort: 'name' },
      needs: (row) => textWidth(queueName(row)),
      cell: (row, width) => [cellLeft(queueName(row), width, 'strong')],
    },
    {
      ...{ ...right('depth', [7, 8], 0), sort: 'depth' },
      cell: (row, width) => [cellRight(countText(row.depth), width, isStuck(row) ? 'warn' : 'plain')],
    },
    {
      ...{ ...right(storing ? 'on disk' : 'size', [7, 8], 4), sort: 'size' },
      cell: ({ stored, bytes }, width) => [
        stored === false ? cellRight(trusted('no'), width, 'warn') : cellRight(bytesText(bytes), width),
      ],
    },
    {
      ...{ ...right('oldest', [6, 7], 2), sort: 'age' },
      cell: ({ oldestAtMs }, width) => [
        cellRight(oldestAtMs === undefined ? trusted(GLYPHS.dash) : ageText(nowMs - oldestAtMs), width),
      ],
    },
    {
      ...{ ...right('in/s', [5, 6], 5), sort: 'in' },
      cell: ({ inRate }, width) => [cellRight(rateText(inRate), width)],
    },
    ...(isStill ? [] : [historyColumn()]),
    {
      ...{ ...right('out/s', [5, 6], 5), sort: 'out' },
      cell: ({ outRate }, width) => [cellRight(rateText(outRate), width)],
    },
    ...ackColumns(),
    {
      ...{ ...right('drain', [5, 6], 1), sort: 'drain' },
      cell: (row, width) => [
        isStuck(row) && row.drainSeconds === undefined
          ? cellRight(trusted('stuck'), width, 'warn')
          : cellRight(
              row.drainSeconds === undefined ? trusted(GLYPHS.dash) : durationText(row.drainSeconds),
              width,
            ),
      ],
    },
  ];
}

/** How far the acks of an outbox are behind. */
function ackColumns(): readonly Column<SafeQueueRow>[] {
  return [
    {
      ...{ ...right('acks', [6, 7], 7), sort: 'lag' },
      cell: ({ ackLagMs }, width) => [
        cellRight(ackLagMs === undefined ? trusted(GLYPHS.dash) : millisText(ackLagMs), width),
      ],
    },
    {
      ...right('unacked', [7, 8], 8),
      cell: ({ credit }, width) => [
        cellRight(credit === undefined ? trusted(GLYPHS.dash) : bytesText(credit.unackedBytes), width),
      ],
    },
  ];
}

function right(head: string, [min, max]: readonly [number, number], rank: number) {
  return { head, min, max, rank, align: 'right' } as const;
}

function historyColumn(): Column<SafeQueueRow> {
  return {
    ...{ head: '', min: 5, max: 6, rank: 6 },
    cell: (row, width) => [span(sparkline(row.rateHistory, width), hasStood(row) ? 'faint' : 'info')],
  };
}

function hasStood({ rateHistory }: SafeQueueRow): boolean {
  return rateHistory.every((rate) => rate === 0);
}

function isStuck({ blocked }: SafeQueueRow): boolean {
  return blocked !== undefined;
}

function markOf(row: SafeQueueRow): Line {
  const arrow = row.direction === 'in' ? GLYPHS.incoming : GLYPHS.outgoing;
  return [plain(' '), isStuck(row) ? plain('!', 'warn') : plain(arrow, 'faint'), plain(' ')];
}

/** Why the worst of all queues is stuck, and if there is room, what to do. */
function whyLines({ data, box }: Pick<PaneInput, 'data' | 'box'>, width: number): readonly Line[] {
  const { worstQueue } = data.status ?? {};
  if (worstQueue === undefined) return [droppedLine(data.queues)];
  const { text, remedy, endsByItself } = worstQueue.blocked;
  // The text names the peer of an outbox, and the type of an inbox.
  const isOne = worstQueue.direction === 'in' || (data.queues?.total ?? 0) < 2;
  const name = isOne ? trusted('') : safe`${worstQueue.type}: `;
  const line: Line = [plain(endsByItself ? ' slow? ' : ' stuck? ', 'warn'), span(safe`${name}${text}`)];
  const hint: Line = [plain(' (w: why)', 'faint')];
  const why = lineWidth(line) + lineWidth(hint) <= width ? [...line, ...hint] : line;
  if (remedy === undefined || innerHeight(box.height) < REMEDY_HEIGHT_MIN) return [why];
  return [why, [plain(` ${GLYPHS.cursor} `, 'warn'), span(remedy.command ?? remedy.text, 'strong')]];
}

/** Shows what full queues have dropped, even when no queue is stuck now. */
function droppedLine(update: PaneInput['data']['queues']): Line {
  if (update === undefined || update.total === 0) return [];
  const [first, ...others] = update.rows.filter(({ dropped }) => dropped !== undefined);
  if (first === undefined) return [plain(' nothing is stuck', 'faint')];
  const more = others.length > 0 ? safe`, and in ${countText(others.length)} more` : trusted('');
  const text = safe`${countText(first.dropped ?? 0)} in ${queueName(first)}${more}`;
  return [plain(' dropped (full): ', 'warn'), span(text)];
}

function emptyLines(update: PaneInput['data']['queues']): readonly Line[] {
  if (update === undefined) return [];
  return [
    update.total === 0 ? [plain('No queues yet: nothing has been sent.', 'faint')] : noMatchLine(update),
  ];
}

function blank(count: number): readonly Line[] {
  return Array.from({ length: Math.max(0, count) }, () => []);
}
