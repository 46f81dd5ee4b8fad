import { isSingle, isWide } from '../layout.ts';
import { CAUSE_WORDS } from '../state/cause-text.ts';
import { ageText, countText, rateText, shortCount } from '../state/format.ts';
import { selectedRow } from '../state/list-motion.ts';
import type { EngineData, SafeJoinRequest, SafePeerRow, SafeStatus } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { sparkline } from '../widgets/graphs.ts';
import { cellLeft, cellRight, fit, inTone, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import { countNote, type PaneInput, type PaneSize, paneBlock } from './pane.ts';
import { bothWords, peerSummary, sinceText, summaryRows } from './peer-detail.ts';
import { firstRun, welcome } from './welcome.ts';

const JOIN_REQUESTS_SHOWN = 3;
const HEAD_WIDTH = 46;
const WIDE = 96;
/** In a pane with the whole screen, the summary of the selected peer leaves this many rows for the list. */
const LIST_ROWS_MIN = 4;
/** More than the help to connect a peer has. */
const HELP_ROWS_MAX = 100;

type PeersPlace = Pick<PaneInput, 'ui' | 'data' | 'box'>;

/** Rows left for the list after the column heads, the connection requests and the summary. */
export function peersRows(input: PeersPlace): number {
  const { data, box } = input;
  return Math.max(1, innerHeight(box.height) - rowsAbove(data) - summaryRoom(input));
}

/**
 * Rows of everything that the pane can show. On a wide screen, the chat program also wants room for the selected peer; a
 * client that waits to be accepted always needs the words to compare.
 */
export function peersContentRows({ ui, data, box }: PeersPlace): number {
  const { status, peers } = data;
  const width = innerWidth(box.width);
  if (isEmpty(data) && status !== undefined)
    return helpLines(ui, status, { width, height: HELP_ROWS_MAX }).length;
  const [first] = peers?.rows ?? [];
  if (first !== undefined && !ui.isConnector && isWide(ui.size)) return listRows(data) + summaryRows(width);
  if (ui.isConnector)
    return listRows(data) + connectionLines(status, { width, height: HELP_ROWS_MAX }).length;
  const isWaiting = first !== undefined && status?.phase.kind === 'waiting-to-be-let-in';
  return listRows(data) + (isWaiting ? bothWords(first, { status, nowMs: ui.nowMs, width }).length : 0);
}

/** Why a connector has no connection, and what to do; no lines while it has one. */
function connectionLines(status: SafeStatus | undefined, size: PaneSize): readonly Line[] {
  if (status === undefined || ['connected', 'listening', 'starting'].includes(status.phase.kind)) return [];
  return welcome(status, size, undefined);
}

/** With column heads and connection requests. */
function listRows(data: EngineData): number {
  return rowsAbove(data) + Math.max(1, data.peers?.matched ?? 0);
}

function rowsAbove({ status }: EngineData): number {
  return 1 + Math.min(status?.joinRequests.length ?? 0, JOIN_REQUESTS_SHOWN);
}

function isEmpty({ peers, status }: EngineData): boolean {
  return peers !== undefined && peers.total === 0 && (status?.joinRequests.length ?? 0) === 0;
}

/** How to connect a peer: in full where no chat says it, too. */
function helpLines(ui: PaneInput['ui'], status: SafeStatus, size: PaneSize): readonly Line[] {
  return ui.isConnector ? welcome(status, size, undefined) : firstRun(status, size);
}

/** The peers, one line each; while there are none, how to connect one. */
export function peersPane(input: PaneInput): Block {
  const { ui, data, box } = input;
  const [width, height] = [innerWidth(box.width), innerHeight(box.height)];
  const { peers, status } = data;
  const joinRequests = (status?.joinRequests ?? [])
    .slice(0, JOIN_REQUESTS_SHOWN)
    .map((row) => joinRequestLine(row, width));
  const selected = selectedRow(ui.peers, peers);
  const rows = (peers?.rows ?? []).slice(0, peersRows(input)).map((row) => {
    const view = { width, nowMs: ui.nowMs, asksForCertificate: status?.asksForCertificate === true };
    const line = fit(peerLine(row, view), width);
    if (row !== selected) return line;
    const marked = [plain(GLYPHS.cursor), ...line.slice(1)];
    return ui.focus === 'peers' ? inTone(marked, 'selected') : marked;
  });
  const head = hasHead(box.width) && rows.length > 0 ? [headLine(width)] : [];
  const list =
    isEmpty(data) && status !== undefined
      ? helpLines(ui, status, { width, height })
      : [...joinRequests, ...head, ...rows];
  const summary = summaryOf(input, selected, height - list.length);
  const blank = Array.from({ length: Math.max(0, height - list.length - summary.length) }, (): Line => []);
  const order = ui.peers.descending ? GLYPHS.down : GLYPHS.up;
  const note: Line = [plain(`by ${ui.peers.sort} ${order} · `, 'faint'), ...countNote(peers)];
  return paneBlock('peers', input, {
    body: { lines: [...list, ...blank, ...summary] },
    note: box.width < 40 ? countNote(peers) : note,
  });
}

/**
 * Under the list: why a connector has no connection, else the summary of the selected peer. Without room for it, a client
 * that waits still shows the words to compare.
 */
function summaryOf(input: PaneInput, selected: SafePeerRow | undefined, room: number): readonly Line[] {
  const { status } = input.data;
  const width = innerWidth(input.box.width);
  const connection = input.ui.isConnector ? connectionLines(status, { width, height: room }) : [];
  if (selected === undefined || connection.length > 0) return connection.slice(0, Math.max(0, room));
  const view = { status, nowMs: input.ui.nowMs, width };
  if (summaryRoom(input) > 0) return peerSummary(selected, view);
  const compared = status?.phase.kind === 'waiting-to-be-let-in' ? bothWords(selected, view) : [];
  return compared.length <= room ? compared : [];
}

/** The same for every peer, so that the list does not move with the selection. Beside other panes, the list goes first. */
function summaryRoom({ ui, data, box }: PeersPlace): number {
  const { status, peers } = data;
  if ((peers?.total ?? 0) === 0) return 0;
  if (ui.isConnector && connectionLines(status, { width: 80, height: HELP_ROWS_MAX }).length > 0) return 0;
  const rows = summaryRows(innerWidth(box.width));
  return innerHeight(box.height) >= rows + (isSingle(ui) ? LIST_ROWS_MIN : listRows(data)) ? rows : 0;
}

function hasHead(boxWidth: number): boolean {
  return innerWidth(boxWidth) >= HEAD_WIDTH;
}

interface PeerColumns {
  readonly name: number;
  readonly where: number;
  readonly spark: number;
  readonly rate: number;
  readonly lag: number;
  /** Whether to show the program, the time of connection, and the waiting and dropped counts. */
  readonly more: boolean;
}

const MORE_CELLS = [8, 14, 9, 9] as const;

/** Numbers have fixed columns, so that they never jump; names get the rest. */
function columnsOf(width: number): PeerColumns {
  const fixed = { spark: 6, rate: 5, lag: 7, where: 0, more: false };
  if (width < HEAD_WIDTH) return { ...fixed, spark: 5, name: Math.max(4, width - 4 - 17) };
  if (width < WIDE) {
    const rest = width - 3 - 18 - 2;
    const where = Math.min(22, Math.floor(rest * 0.56));
    return { ...fixed, where, name: rest - where };
  }
  const rest = width - 3 - 18 - 2 - 2 - MORE_CELLS.reduce((sum, cells) => sum + cells, 0);
  const where = Math.min(40, Math.floor(rest * 0.5));
  return { ...fixed, more: true, where, name: rest - where };
}

function headLine(width: number): Line {
  const columns = columnsOf(width);
  const left = (text: string, cells: number) => cellLeft(trusted(text), cells, 'faint');
  const right = (text: string, cells: number) => cellRight(trusted(text), cells, 'faint');
  const [kind, since, waiting, dropped] = MORE_CELLS;
  return [
    plain('   ', 'faint'),
    left('name', columns.name),
    plain(' '),
    left('address', columns.where),
    right('rate', columns.spark + 1 + columns.rate),
    right('lag', columns.lag),
    ...(columns.more
      ? [
          plain('  '),
          left('program', kind),
          left('connected', since),
          right('waiting', waiting),
          right('dropped', dropped),
        ]
      : []),
  ];
}

interface RowView {
  readonly width: number;
  readonly nowMs: number;
  readonly asksForCertificate: boolean;
}

function peerLine(row: SafePeerRow, view: RowView): Line {
  const { width, nowMs } = view;
  const columns = columnsOf(width);
  const { glyph, tone } = stateMark(row);
  const mark: Line = [plain(' '), plain(glyph, tone), plain(' ')];
  if (row.ignored) return [...mark, ...ignoredCells(row, { room: width - 3, name: columns.name })];
  const head: Line = [...mark, ...nameCell(row, columns.name)];
  const story = storyOf(row, view);
  if (story !== undefined) return [...head, plain(' '), span(story, tone)];
  const isQuiet = row.rate === 0 && row.rateHistory.every((rate) => rate === 0);
  return [
    ...head,
    ...(columns.where > 0 ? [plain(' '), cellLeft(whereOf(row, columns.where), columns.where, 'faint')] : []),
    plain(' '),
    span(sparkline(row.rateHistory, columns.spark), isQuiet ? 'faint' : 'info'),
    cellRight(rateText(row.rate), columns.rate, isQuiet ? 'faint' : 'plain'),
    lagCell(row, columns.lag),
    ...(columns.more ? moreCells(row, nowMs) : []),
  ];
}

function moreCells(row: SafePeerRow, nowMs: number): Line {
  const [kind, since, waiting, dropped] = MORE_CELLS;
  return [
    plain('  '),
    cellLeft(kindWord(row.kind), kind, 'faint'),
    cellLeft(sinceText(row, nowMs), since, 'faint'),
    cellRight(countText(row.waitingCount), waiting, row.waitingCount > 0 ? 'warn' : 'plain'),
    cellRight(countText(row.ignoredIn + row.ignoredOut + (row.forgedIn ?? 0)), dropped),
  ];
}

/** A client's port tells the user nothing: it is left out first when there is little room. */
function whereOf({ address }: SafePeerRow, width: number): SafeText {
  return textWidth(address) <= width ? address : trusted(address.replace(/(?<=[\].\d]):\d+$/, ''));
}

/** The name, and in brackets the number of unread lines. */
function nameCell(row: SafePeerRow, width: number): Line {
  const unread = row.unread > 0 ? safe` (${shortCount(row.unread)})` : trusted('');
  return fit([span(clip(row.name, width - unread.length), 'strong'), span(unread, 'warn')], width);
}

/** A connection request in one line; the dialog shows the words to compare. */
function joinRequestLine(row: SafeJoinRequest, width: number): Line {
  const head: Line = [plain(` ${GLYPHS.joinRequest} `, 'warn'), span(row.name, 'strong')];
  const stories = [
    safe` from ${row.address} asks to connect (a: answer)`,
    safe` from ${row.address} asks to connect`,
    trusted(' asks to connect (a: answer)'),
    trusted(' asks to connect'),
  ];
  const room = width - lineWidth(head);
  const story = stories.find((text) => textWidth(text) <= room) ?? trusted(' asks to connect');
  return [...head, span(story, 'warn')];
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
  return cellRight(ms === undefined ? trusted(GLYPHS.dash) : lagText(ms), cells);
}

function lagText(lagMs: number): SafeText {
  return lagMs < 9_950 ? safe`${Math.max(1, Math.round(lagMs))} ms` : safe`${Math.round(lagMs / 1000)} s`;
}

function kindWord(kind: SafePeerRow['kind']): SafeText {
  return trusted({ aioc: 'aioc', python: 'Python', unknown: '?' }[kind]);
}
