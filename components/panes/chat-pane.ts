import { counted, countText, dayText } from '../state/format.ts';
import type { SafeChatRow } from '../state/safe-rows.ts';
import { tailRow } from '../state/tail-motion.ts';
import { unreadOf } from '../state/unread.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { fit, inTone, type Line, lineWidth, paragraph, plain, span } from '../widgets/line.ts';
import { chatRowLines, earlierMarker, newMarker } from './chat-rows.ts';
import { draftRows } from './draft.ts';
import { noMatchLine, type PaneInput, type PaneSize, paneBlock, tailNote } from './pane.ts';
import { emptyConversation, welcome } from './welcome.ts';

const AUTHOR_WIDTH_MAX = 14;
const AUTHOR_WIDTH_MIN = 3;
/** Candidates of Tab that are shown at once. */
const CANDIDATES_MAX = 6;

/** Rows of a text of several lines, while it is written. */
const DRAFT_ROWS_MAX = 6;

interface PromptRows {
  readonly lines: readonly Line[];
  readonly cursor: { readonly row: number; readonly column: number };
}

/** Rows to ask for: each takes at least one line. */
export function chatRows({ box }: Pick<PaneInput, 'box'>): number {
  return Math.max(1, innerHeight(box.height) - 1);
}

/** The conversation, and under it the chat line. */
export function chatPane(input: PaneInput): Block {
  const { ui, data, box } = input;
  const width = innerWidth(box.width);
  const height = innerHeight(box.height);
  const head = promptHead(input, width);
  const prompt = promptRows(input, head, { width, height });
  const banner = execBanner(input, width).slice(0, Math.max(0, height - 1 - prompt.lines.length));
  const list = aboveLine(input, { width, height: height - 1 - prompt.lines.length - banner.length });
  const room = height - prompt.lines.length - banner.length - list.length;
  const lines = conversation(input, { width, height: room });
  const blank = Array.from({ length: room - lines.length }, (): Line => []);
  // A conversation ends just above the line; a help text starts at the top.
  const isTalk = (data.chat?.rows.length ?? 0) > 0;
  const above = [...banner, ...(isTalk ? [...blank, ...lines] : [...lines, ...blank]), ...list];
  const { row, column } = prompt.cursor;
  const body: Block = {
    lines: [...above, ...prompt.lines],
    ...(ui.editing ? { cursor: { row: above.length + row, column } } : {}),
  };
  const about: Line = ui.chatPeer === undefined ? [] : [plain(' · '), span(ui.chatPeer.name, 'strong')];
  return paneBlock('chat', input, { body, about, ...noteOf(input, lineWidth(about) + 8, data.chat) });
}

function conversation(input: PaneInput, size: PaneSize): readonly Line[] {
  const { ui, data } = input;
  const rows = data.chat?.rows ?? [];
  if (ui.chatPeer === undefined) return beforeAnybody(input, rows, size);
  if (rows.length > 0) {
    const waiting = waitingLine(input, size.width);
    const height = size.height - waiting.length;
    return [...lastLines(input, rows, { ...size, height }), ...waiting];
  }
  if (data.chat === undefined) return [];
  if (ui.chat.filter !== '') return [noMatchLine(data.chat)];
  return emptyConversation(ui.chatPeer.name, data.status, size);
}

/** Where what was said to a peer that is away is, and when it goes out. On a connector, the queues say so. */
function waitingLine({ ui, data }: PaneInput, width: number): readonly Line[] {
  const peer = data.peers?.rows.find(({ id }) => id === ui.chatPeer?.id);
  if (ui.isConnector || peer === undefined || peer.state === 'connected' || peer.waitingCount === 0)
    return [];
  const wait = trusted(peer.waitingCount === 1 ? 'waits' : 'wait');
  const where =
    peer.isKept === true
      ? safe`on this disk for ${peer.name} to come back`
      : safe`in memory for ${peer.name} to come back, until you quit`;
  const text = safe`${trusted(GLYPHS.pending)} ${counted(peer.waitingCount, 'line')} ${wait} ${where}`;
  return [fit([span(text, 'warn')], width)];
}

/** How to connect a peer, and under it the output of local commands. */
function beforeAnybody(input: PaneInput, rows: readonly SafeChatRow[], size: PaneSize): readonly Line[] {
  const { ui, data } = input;
  if (data.status === undefined) return [];
  const remarks =
    rows.length === 0 ? [] : lastLines(input, rows, { ...size, height: Math.ceil(size.height / 2) });
  const gap = remarks.length === 0 ? 0 : 1;
  const serverWords = data.peers?.rows.find(({ words: itsWords }) => itsWords !== undefined)?.words;
  const above = welcome(
    data.status,
    { width: size.width, height: size.height - remarks.length - gap },
    { serverWords: data.status.role === 'client' ? serverWords : undefined, calling: ui },
  );
  const blank = Array.from(
    { length: gap === 0 ? 0 : size.height - above.length - remarks.length },
    (): Line => [],
  );
  const note: Line[] = ui.chat.filter !== '' && rows.length === 0 ? [[], noMatchLine(data.chat)] : [];
  return [...above, ...blank, ...note, ...remarks].slice(0, size.height);
}

/** As many rows as fit, from the end of the window upwards; the topmost may be cut. */
function lastLines(
  { ui, data }: PaneInput,
  rows: readonly SafeChatRow[],
  { width, height }: { width: number; height: number },
): readonly Line[] {
  const widest = Math.max(...rows.map((row) => (row.from === 'peer' ? textWidth(row.author) : 0)));
  const authorWidth = Math.max(AUTHOR_WIDTH_MIN, Math.min(AUTHOR_WIDTH_MAX, widest));
  const linesMax = Math.max(Math.min(height, 8), Math.ceil(height * 0.6));
  const room = { width, authorWidth, linesMax, ownName: data.status?.ownName };
  const cursor = ui.focus === 'chat' && !ui.editing ? tailRow(ui.chat, data.chat) : undefined;
  // While the user moves up, the first row has the cursor: it must be whole.
  const fromTop = ui.chat.edge === 'first';
  const blocks: Line[][] = [];
  let used = 0;
  const ordered = fromTop ? rows : rows.toReversed();
  const before = (row: SafeChatRow): SafeChatRow | undefined => rows[rows.indexOf(row) - 1];
  for (const row of ordered) {
    if (used >= height) break;
    const lines = chatRowLines(row, room).map((line) =>
      row === cursor ? inTone(fit(line, width), 'selected') : line,
    );
    const block = [...heading(row, before(row), { width, nowMs: ui.nowMs }), ...lines];
    blocks.push(block);
    used += block.length;
  }
  return fromTop ? blocks.flat().slice(0, height) : blocks.reverse().flat().slice(-height);
}

/** While peers may ask to run commands here: who does, and in what. */
function execBanner({ data }: PaneInput, width: number): readonly Line[] {
  const exec = data.status?.exec;
  if (exec === undefined) return [];
  const [first, ...others] = exec.running;
  if (first === undefined)
    return paragraph(
      safe`! --exec: peers may ask to run commands in ${exec.shell}; none runs without your yes`,
      width,
      'warn',
    );
  const how = trusted(first.isTerminal ? 'a terminal of script' : 'pipes');
  const more = others.length === 0 ? trusted('') : safe` and ${others.length} more`;
  return paragraph(
    safe`! ${first.peerName}${more} has ${exec.shell} here, in ${how}. Ctrl-C in the line ends it.`,
    width,
    'warn',
  );
}

/** The line that is written: one row, or several for a text of several lines. */
function promptRows(input: PaneInput, head: Line, { width, height }: PaneSize): PromptRows {
  const { ui, chatLine, search } = input;
  const headWidth = lineWidth(head);
  const textRoom = Math.max(1, width - headWidth);
  if (!ui.editing || search !== undefined || !chatLine.text.includes('\n')) {
    const shown = searched(input) ?? chatLine.visible(textRoom);
    const cursor = { row: 0, column: headWidth + shown.cursorColumn };
    return { lines: [promptLine(input, head, shown.text)], cursor };
  }
  const rows = Math.max(1, Math.min(DRAFT_ROWS_MAX, Math.floor(height / 2)));
  const draft = draftRows(chatLine, { width: textRoom, rows });
  const indent = plain(' '.repeat(headWidth));
  return {
    lines: draft.lines.map((text, at): Line => [...(at === 0 ? head : [indent]), span(text)]),
    cursor: { row: draft.cursor.row, column: headWidth + draft.cursor.column },
  };
}

/** Before the line: for a command, the directory in which it runs. */
function promptHead({ ui, chatLine, directory, search }: PaneInput, width: number): Line {
  const mark = plain(`${GLYPHS.cursor} `, ui.editing ? 'focus' : 'faint');
  if (search !== undefined) {
    const needle = clip(sanitize(search.needle), Math.floor(width / 2));
    return [plain('search: ', 'faint'), span(needle, 'strong'), plain(' '), mark];
  }
  if (!chatLine.text.startsWith('!')) return [mark];
  return [span(safe`${shortPath(directory, Math.floor(width / 3))} `, 'faint'), mark];
}

/** What the search has found, with the cursor behind what is searched. */
function searched({
  search,
}: PaneInput): { readonly text: SafeText; readonly cursorColumn: number } | undefined {
  if (search === undefined) return undefined;
  const nothing = search.needle === '' ? '' : 'no earlier line has this';
  const text = search.match === undefined ? trusted(nothing) : sanitize(search.match.replaceAll('\n', '⏎'));
  return { text, cursorColumn: -3 };
}

/** Under the conversation: the candidates of Tab, or the keys of the search. */
function aboveLine({ ui, search }: PaneInput, { width, height }: PaneSize): readonly Line[] {
  if (height < 1) return [];
  if (search !== undefined)
    return [[span(clip(trusted('Ctrl-R: older   Enter: take it   Esc: back'), width), 'faint')]];
  const { candidates } = ui;
  if (candidates === undefined) return [];
  const { shown, selected } = candidates;
  const rows = Math.min(shown.length, CANDIDATES_MAX, height - 1);
  const top = Math.max(0, Math.min((selected ?? 0) - Math.floor(rows / 2), shown.length - rows));
  const place =
    selected === undefined ? counted(shown.length, 'name') : safe`${selected + 1} of ${shown.length}`;
  return [
    ...shown.slice(top, top + Math.max(0, rows)).map((name, at) => {
      const line = fit([plain('  '), span(name)], width);
      return top + at === selected ? inTone(line, 'selected') : line;
    }),
    [span(clip(safe`${place}   Tab, Shift-Tab: choose   Esc: take back`, width), 'faint')],
  ];
}

/** The whole path, else its last name, else the beginning of that. */
function shortPath(path: SafeText, width: number): SafeText {
  if (textWidth(path) <= width) return path;
  return clip(trusted(`…/${path.slice(path.lastIndexOf('/') + 1)}`), width);
}

/** The line above a row that begins a day of an earlier run, or what is unread. */
function heading(
  row: SafeChatRow,
  before: SafeChatRow | undefined,
  { width, nowMs }: { readonly width: number; readonly nowMs: number },
): readonly Line[] {
  if (row.firstUnread === true) return [newMarker(width)];
  if (row.isEarlier !== true) return [];
  const day = dayText(row.atMs, nowMs);
  const isSame = before?.isEarlier === true && dayText(before.atMs, nowMs) === day;
  return isSame ? [] : [earlierMarker(day, width)];
}

function promptLine({ ui }: PaneInput, head: Line, text: SafeText): Line {
  if (ui.editing) return [...head, span(text)];
  if (text !== '') return [...head, span(text, 'faint')];
  const how = ui.focus === 'chat' ? trusted('Enter') : trusted('4');
  if (ui.chatPeer === undefined)
    return [
      plain(`${GLYPHS.cursor} `, 'faint'),
      span(safe`Press ${how} to write; !<command> runs on this machine`, 'faint'),
    ];
  // On a connector, a line is a message to programs.
  const effect = trusted(ui.isConnector ? ': its programs get it as type any' : '');
  return [
    plain(`${GLYPHS.cursor} `, 'faint'),
    span(safe`Press ${how} to write to ${ui.chatPeer.name}${effect}`, 'faint'),
  ];
}

/** The unread count and the directory for received files, if there is room. */
function noteOf(
  { ui, data, box }: PaneInput,
  titleWidth: number,
  chat: PaneInput['data']['chat'],
): ReturnType<typeof tailNote> {
  if (ui.chat.endId !== undefined || ui.chat.filter !== '') return tailNote(chat, ui.chat);
  const unread = unreadOf(ui, data);
  const news: Line = unread > 0 ? [span(safe`${countText(unread)} unread`, 'warn')] : [];
  const folder = data.status?.receivedDirectory;
  if (folder === undefined || ui.chatPeer === undefined) return { note: news };
  const full: Line = [
    span(safe`received: ${folder}`, 'faint'),
    ...(unread > 0 ? [plain(' · '), ...news] : []),
  ];
  return { note: titleWidth + lineWidth(full) + 10 <= box.width ? full : news };
}

/** One row of the conversation in full, for the detail dialog. */
export function chatRowTitle(row: SafeChatRow): SafeText {
  if (row.shell !== undefined) return safe`$ ${row.text}`;
  return row.from === 'me' ? safe`you to ${row.author}` : row.author;
}

export function chatRowDetail(row: SafeChatRow): readonly Line[] {
  const { shell, transfer } = row;
  if (shell !== undefined) {
    const dropped =
      shell.droppedLines === 0
        ? []
        : [[plain(`… ${shell.droppedLines} earlier lines are not kept`, 'faint')] as Line];
    return [...dropped, ...shell.lines.map((line): Line => [span(line)])];
  }
  const detail = transfer?.detail === undefined ? [] : [[span(transfer.detail)] as Line];
  const state =
    transfer === undefined
      ? []
      : [[span(safe`${counted(transfer.doneBytes, 'byte')}, ${trusted(transfer.phase)}`)] as Line];
  return [...row.lines.map((line): Line => [span(line)]), ...state, ...detail];
}
