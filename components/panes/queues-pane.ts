import { ageText, bytesText, countText, durationText, rateText } from '../state/format.ts';
import { selectedRow } from '../state/list-motion.ts';
import type { SafeQueueRow } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { cellLeft, cellRight, fit, inTone, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import { countNote, type PaneInput, paneBlock } from './pane.ts';

const HEAD_WIDTH = 46;
/** Width at which rates and bytes are shown. */
const ALL_COLUMNS_WIDTH = 60;
const FULL_NOTE_WIDTH = 48;
/** Below this height, rows of queues are worth more than the remedy. */
const REMEDY_HEIGHT_MIN = 4;

/** Rows left for the list after the column heads and the line about the worst queue. */
export function queuesRows({ box, data }: Pick<PaneInput, 'box' | 'data'>): number {
  const head = innerWidth(box.width) >= HEAD_WIDTH ? 1 : 0;
  return Math.max(1, innerHeight(box.height) - head - whyLines({ box, data }, innerWidth(box.width)).length);
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
  const rows = (update?.rows ?? []).slice(0, queuesRows(input)).map((row) => {
    const line = fit(queueLine(row, width, ui.nowMs), width);
    return row === selected ? inTone([plain(GLYPHS.cursor), ...line.slice(1)], 'selected') : line;
  });
  const head = width >= HEAD_WIDTH && rows.length > 0 ? [headLine(width, update)] : [];
  const table = rows.length > 0 ? [...head, ...rows] : emptyLines(update);
  const why = whyLines(input, width);
  const room = innerHeight(box.height) - why.length;
  const lines = [...table.slice(0, room), ...blank(room - table.length), ...why];
  const order = ui.queues.descending ? GLYPHS.down : GLYPHS.up;
  const note: Line = [plain(`by ${ui.queues.sort} ${order} · `, 'faint'), ...countNote(update)];
  const shortNote = countNote(update);
  return paneBlock('queues', input, {
    body: { lines },
    note: box.width < FULL_NOTE_WIDTH ? shortNote : note,
  });
}

/** `client3 · events`; an incoming queue is the inbox of its type. */
export function queueName(row: SafeQueueRow): SafeText {
  return row.direction === 'in' && row.peer === undefined
    ? safe`inbox · ${row.type}`
    : safe`${row.peerName} · ${row.type}`;
}

interface QueueColumns {
  readonly name: number;
  readonly depth: number;
  readonly bytes: number;
  readonly oldest: number;
  readonly rate: number;
  readonly drain: number;
}

function columnsOf(width: number): QueueColumns {
  if (width < ALL_COLUMNS_WIDTH) {
    return { name: Math.max(4, width - 3 - 21), depth: 8, bytes: 0, oldest: 7, rate: 0, drain: 6 };
  }
  return { name: width - 3 - 41, depth: 8, bytes: 8, oldest: 7, rate: 6, drain: 6 };
}

function headLine(width: number, update: PaneInput['data']['queues']): Line {
  const columns = columnsOf(width);
  // With storage, the column tells whether the bytes are on disk.
  const storing = update?.rows.some(({ stored }) => stored !== undefined) === true;
  const right = (text: string, cells: number) => cellRight(trusted(text), cells, 'faint');
  return [
    plain('   '),
    cellLeft(trusted('queue'), columns.name, 'faint'),
    right('depth', columns.depth),
    right(storing ? 'on disk' : 'size', columns.bytes),
    right('oldest', columns.oldest),
    right('in/s', columns.rate),
    right('out/s', columns.rate),
    right('drain', columns.drain),
  ];
}

function queueLine(row: SafeQueueRow, width: number, nowMs: number): Line {
  const columns = columnsOf(width);
  const isStuck = row.blocked !== undefined;
  const oldest = row.oldestAtMs === undefined ? trusted(GLYPHS.dash) : ageText(nowMs - row.oldestAtMs);
  const drain = row.drainSeconds === undefined ? trusted(GLYPHS.dash) : durationText(row.drainSeconds);
  const glyph = isStuck ? '!' : row.direction === 'in' ? GLYPHS.incoming : GLYPHS.outgoing;
  return [
    plain(' '),
    plain(glyph, isStuck ? 'warn' : 'faint'),
    plain(' '),
    cellLeft(queueName(row), columns.name, 'strong'),
    cellRight(countText(row.depth), columns.depth, isStuck ? 'warn' : 'plain'),
    row.stored === false
      ? cellRight(trusted('no'), columns.bytes, 'warn')
      : cellRight(bytesText(row.bytes), columns.bytes),
    cellRight(oldest, columns.oldest),
    cellRight(rateText(row.inRate), columns.rate),
    cellRight(rateText(row.outRate), columns.rate),
    cellRight(isStuck && width < ALL_COLUMNS_WIDTH ? trusted('stuck') : drain, columns.drain),
  ];
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
    [
      plain(
        update.total === 0 ? 'No queues yet: nothing has been sent.' : 'No queue matches the filter.',
        'faint',
      ),
    ],
  ];
}

function blank(count: number): readonly Line[] {
  return Array.from({ length: Math.max(0, count) }, () => []);
}
