/** The lines that one row of a conversation takes. */
import { bytesText, clockText, durationText } from '../state/format.ts';
import type { SafeChatRow, SafeShell, SafeTransfer } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth, wrap } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { progressBar } from '../widgets/graphs.ts';
import { cellLeft, fit, type Line, lineWidth, plain, span, spread } from '../widgets/line.ts';

export interface ChatRoom {
  readonly width: number;
  /** Most lines for one row, so that no peer can fill the pane with one message. */
  readonly linesMax: number;
  readonly authorWidth: number;
  /** How this side is called: a line of a peer that has this name says so. */
  readonly ownName?: SafeText | undefined;
}

const BAR_CELLS_MIN = 6;
const BAR_CELLS_MAX = 26;
const WITH_AUTHOR_COLUMN = 46;
const LETTER = /[\p{L}\p{N}_]/u;

export function chatRowLines(row: SafeChatRow, room: ChatRoom): readonly Line[] {
  if (row.shell !== undefined) return shellLines(row, row.shell, room);
  if (row.transfer !== undefined) return transferLines(row, row.transfer, room);
  return row.from === 'here' ? remarkLines(row, room) : saidLines(row, room);
}

export function newMarker(width: number): Line {
  return marker(' new ', width, 'warn');
}

/** Above the rows of a day of an earlier run. */
export function earlierMarker(day: SafeText, width: number): Line {
  return marker(` earlier, ${day} `, width, 'faint');
}

function marker(label: string, width: number, tone: Tone): Line {
  const left = Math.max(0, Math.floor((width - label.length) / 2));
  return [plain('─'.repeat(left) + label + '─'.repeat(Math.max(0, width - label.length - left)), tone)];
}

function saidLines(row: SafeChatRow, room: ChatRoom): readonly Line[] {
  const mine = row.from === 'me';
  const author = mine ? trusted('you') : row.author;
  const tone: Tone = mine ? 'good' : 'info';
  const head: Line =
    room.width >= WITH_AUTHOR_COLUMN
      ? [
          cellLeft(author, room.authorWidth, tone),
          plain('  '),
          span(clockText(row.atMs), 'faint'),
          plain('  '),
        ]
      : [
          span(clockText(row.atMs), 'faint'),
          plain(' '),
          span(clip(author, room.authorWidth), tone),
          plain(' '),
        ];
  const headWidth = lineWidth(head);
  const mark = mine ? markOf(row) : mentionOf(row, room.ownName);
  // The usual mark of one's own line is a glyph.
  const markRoom = mark === undefined ? 0 : mine ? 3 : textWidth(mark.text) + 1;
  const lines = bounded(wrapped(row.lines, room.width - headWidth - markRoom), room.linesMax);
  const indent = plain(' '.repeat(headWidth));
  const drawn = lines.map((line, index): Line => [...(index === 0 ? head : [indent]), span(line)]);
  if (mark === undefined) return drawn;
  const last = drawn.at(-1) ?? head;
  return [...drawn.slice(0, -1), spread(last, [plain(' '), mark], room.width)];
}

/** Beside a line of a peer that has the name of this side as a word. */
function mentionOf(
  { lines, from }: SafeChatRow,
  ownName: SafeText | undefined,
): { readonly text: SafeText; readonly tone: Tone } | undefined {
  if (from !== 'peer' || ownName === undefined) return undefined;
  return lines.some((line) => hasWord(line, ownName)) ? plain('@ you', 'warn') : undefined;
}

/** The delivery state of our line. Only states that matter have a word. */
function markOf({ mark }: SafeChatRow): { readonly text: SafeText; readonly tone: Tone } | undefined {
  switch (mark) {
    case 'waiting':
      return plain(`${GLYPHS.pending} waiting`, 'warn');
    case 'sent':
      return plain(GLYPHS.sent, 'faint');
    case 'received':
      return plain(GLYPHS.received, 'good');
    case 'dropped':
      return plain(`${GLYPHS.ignored} dropped`, 'warn');
    case 'failed':
      return plain(`${GLYPHS.refused} failed`, 'bad');
    case 'unknown':
      return plain('? no ack known', 'warn');
    default:
      return undefined;
  }
}

function remarkLines(row: SafeChatRow, room: ChatRoom): readonly Line[] {
  const tone: Tone = row.tone ?? 'info';
  const glyph = { good: GLYPHS.received, bad: GLYPHS.refused, info: '·' }[row.tone ?? 'info'];
  const lines = bounded(wrapped(row.lines, room.width - 2), room.linesMax);
  return lines.map((line, index) => [plain(index === 0 ? `${glyph} ` : '  ', tone), span(line, tone)]);
}

function transferLines(row: SafeChatRow, transfer: SafeTransfer, room: ChatRoom): readonly Line[] {
  const { width } = room;
  const size = transfer.totalBytes > 0 ? safe`  ${bytesText(transfer.totalBytes)}` : trusted('');
  const name = clip(row.text, Math.max(8, Math.floor(width * 0.4)));
  const arrow = row.from === 'me' ? '⇡' : '⇣';
  const left: Line = [plain(`${arrow} `, 'info'), span(name, 'strong'), span(size)];
  const detail = transfer.detail === undefined ? trusted('') : safe` · ${transfer.detail}`;
  switch (transfer.phase) {
    case 'preparing':
      return [fit([...left, plain('  preparing', 'faint'), span(detail, 'faint')], width)];
    case 'waiting':
      return [fit([...left, plain('  queued', 'faint'), span(detail, 'faint')], width)];
    case 'running':
      return [runningLine(left, transfer, width)];
    case 'done':
      return doneLines(
        [...left, plain(`  ${GLYPHS.received} done`, 'good'), span(detail, 'faint')],
        transfer,
        room,
      );
    case 'cancelled':
      return [fit([...left, plain('  cancelled', 'warn'), span(detail, 'faint')], width)];
    case 'refused':
    case 'failed':
      return brokenLines([...left, plain(`  ${GLYPHS.refused} ${transfer.phase}`, 'bad')], transfer, room);
  }
}

/** What is missing from a directory that arrived goes below. */
function doneLines(line: Line, { warning }: SafeTransfer, { width, linesMax }: ChatRoom): readonly Line[] {
  if (warning === undefined) return [fit(line, width)];
  const below = bounded(wrap(warning, width - 2), Math.max(1, linesMax - 1));
  return [fit(line, width), ...below.map((text): Line => [plain('  '), span(text, 'warn')])];
}

/** The reason of a failed transfer is never cut: without room beside the name it goes below. */
function brokenLines(head: Line, { detail }: SafeTransfer, { width, linesMax }: ChatRoom): readonly Line[] {
  if (detail === undefined) return [fit(head, width)];
  const whole: Line = [...head, span(safe` · ${detail}`, 'bad')];
  if (lineWidth(whole) <= width) return [fit(whole, width)];
  const below = bounded(wrap(detail, width - 2), Math.max(1, linesMax - 1));
  return [fit(head, width), ...below.map((text): Line => [plain('  '), span(text, 'bad')])];
}

function runningLine(left: Line, transfer: SafeTransfer, width: number): Line {
  const { doneBytes, totalBytes, bytesPerSecond, resumedBytes } = transfer;
  // A directory's size is known at its end.
  const fraction = totalBytes > 0 ? doneBytes / totalBytes : undefined;
  const rest =
    bytesPerSecond > 0 && fraction !== undefined
      ? durationText((totalBytes - doneBytes) / bytesPerSecond)
      : trusted(GLYPHS.dash);
  const share = fraction === undefined ? bytesText(doneBytes) : `${Math.floor(fraction * 100)} %`;
  const rate = `${bytesText(bytesPerSecond).padStart(7)}/s`;
  const isNarrow = width < WITH_AUTHOR_COLUMN;
  const right: Line = [
    plain(isNarrow ? ` ${share.padStart(5)}` : `  ${share.padStart(5)}  ${rate}  ${rest.padStart(5)}`),
  ];
  const resumed = resumedBytes === undefined ? '' : `  resumed at ${bytesText(resumedBytes)}`;
  const fits = width - lineWidth(left) - lineWidth(right) - 2 >= resumed.length;
  const head: Line = fits && resumed !== '' ? [...left, plain(resumed, 'faint')] : left;
  const room = width - lineWidth(head) - lineWidth(right) - 2;
  if (room < BAR_CELLS_MIN || fraction === undefined) return spread(head, right, width);
  const bar = progressBar(fraction, Math.min(room, BAR_CELLS_MAX));
  return spread([...head, plain('  '), span(bar, 'info')], right, width);
}

function shellLines(row: SafeChatRow, shell: SafeShell, room: ChatRoom): readonly Line[] {
  const head = spread([plain('$ ', 'strong'), span(row.text)], [plain('  '), shellEnd(shell)], room.width);
  const output = shell.lines.flatMap((line) => wrap(line, room.width - 2));
  const shown = output.slice(-Math.max(1, room.linesMax - 2));
  const above = output.length - shown.length + shell.droppedLines;
  const hidden: readonly Line[] =
    above === 0 ? [] : [[plain(`  … ${above} ${above === 1 ? 'line' : 'lines'} above (o: open)`, 'faint')]];
  return [head, ...hidden, ...shown.map((line): Line => [plain('  '), span(line, 'faint')])];
}

/** The exit status of a command, or how to stop it. */
function shellEnd(shell: SafeShell): { readonly text: SafeText; readonly tone: Tone } {
  if (shell.running) return plain('running (Ctrl-C: stop)', 'info');
  if (shell.signal !== undefined) return { text: safe`stopped by ${shell.signal}`, tone: 'warn' };
  return plain(`exit ${shell.exitCode ?? '?'}`, shell.exitCode === 0 ? 'good' : 'bad');
}

/** In any case, and not as a part of another word. */
function hasWord(text: string, word: string): boolean {
  const [all, sought] = [text.toLowerCase(), word.toLowerCase()];
  for (let at = all.indexOf(sought); at >= 0; at = all.indexOf(sought, at + 1)) {
    const around = [all.slice(0, at).at(-1) ?? ' ', all[at + sought.length] ?? ' '];
    if (around.every((character) => !LETTER.test(character))) return true;
  }
  return false;
}

function wrapped(lines: readonly SafeText[], width: number): readonly SafeText[] {
  return lines.flatMap((line) => (textWidth(line) <= width ? [line] : wrap(line, width)));
}

function bounded(lines: readonly SafeText[], linesMax: number): readonly SafeText[] {
  if (lines.length <= linesMax) return lines;
  const kept = Math.max(1, linesMax - 1);
  return [...lines.slice(0, kept), safe`… ${lines.length - kept} more lines (o: open)`];
}
