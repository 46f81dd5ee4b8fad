import { isSingle, isWide } from '../layout.ts';
import { selectedRow } from '../state/list-motion.ts';
import type { EngineData, SafeJoinRequest, SafePeerRow, SafeStatus } from '../state/safe-rows.ts';
import { safe, trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import { fitColumns, headLine } from '../widgets/columns.ts';
import { type Block, innerHeight, innerWidth } from '../widgets/frame.ts';
import { fit, inTone, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import { columnsKey, RowLines } from '../widgets/row-lines.ts';
import { listNotes, noMatchLine, type PaneInput, type PaneSize, paneBlock, withMark } from './pane.ts';
import { bothWords, peerSummary, summaryRows } from './peer-detail.ts';
import { headedColumns, MARK_CELLS, peerColumns, peerLine } from './peer-row.ts';
import { firstRun, welcome } from './welcome.ts';

const JOIN_REQUESTS_SHOWN = 3;
const LINES = new RowLines();
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
    return listRows(data) + connectionLines(ui, status, { width, height: HELP_ROWS_MAX }).length;
  const isWaiting = first !== undefined && status?.phase.kind === 'waiting-to-be-let-in';
  return listRows(data) + (isWaiting ? bothWords(first, { status, nowMs: ui.nowMs, width }).length : 0);
}

/** Why a connector has no connection, and what to do; no lines while it has one. */
function connectionLines(
  ui: PaneInput['ui'],
  status: SafeStatus | undefined,
  size: PaneSize,
): readonly Line[] {
  if (status === undefined || ['connected', 'listening', 'starting'].includes(status.phase.kind)) return [];
  return welcome(status, size, { calling: ui });
}

/** With column heads and connection requests. */
function listRows(data: EngineData): number {
  return rowsAbove(data) + Math.max(1, data.peers?.matched ?? 0);
}

/** Connection requests above the list. */
export function peerRowsAbove(data: EngineData): number {
  return rowsAbove(data) - 1;
}

function rowsAbove({ status }: EngineData): number {
  return 1 + Math.min(status?.joinRequests.length ?? 0, JOIN_REQUESTS_SHOWN);
}

function isEmpty({ peers, status }: EngineData): boolean {
  return peers !== undefined && peers.total === 0 && (status?.joinRequests.length ?? 0) === 0;
}

/** How to connect a peer: in full where no chat says it, too. */
function helpLines(ui: PaneInput['ui'], status: SafeStatus, size: PaneSize): readonly Line[] {
  return ui.isConnector ? welcome(status, size, { calling: ui }) : firstRun(status, size, ui);
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
  const shown = (peers?.rows ?? []).slice(0, peersRows(input));
  const columns = fitColumns(peerColumns(shown, ui), width - MARK_CELLS, shown);
  const view = { width, columns, nowMs: ui.nowMs, asksForCertificate: status?.asksForCertificate === true };
  const hasFocus = ui.focus === 'peers';
  const marks = ui.marks.peers;
  const manner = `${width} ${ui.nowMs} ${view.asksForCertificate} ${columnsKey(columns)} ${hasFocus}`;
  const rows = shown.map((row) =>
    LINES.of(row, `${manner} ${row === selected} ${marks.has(row.id)}`, () => {
      const line = fit(withMark(peerLine(row, view), marks.has(row.id)), width);
      if (row !== selected) return line;
      const marked = [plain(GLYPHS.cursor), ...line.slice(1)];
      return hasFocus ? inTone(marked, 'selected') : marked;
    }),
  );
  const head: readonly Line[] =
    rows.length > 0
      ? [[plain(' '.repeat(MARK_CELLS)), ...headLine(headedColumns(columns, shown, view), ui.peers)]]
      : [];
  const list =
    isEmpty(data) && status !== undefined
      ? helpLines(ui, status, { width, height })
      : [
          ...joinRequests,
          ...head,
          ...(rows.length === 0 && ui.peers.filter !== '' ? [noMatchLine(peers)] : rows),
        ];
  const summary = summaryOf(input, selected, height - list.length);
  const blank = Array.from({ length: Math.max(0, height - list.length - summary.length) }, (): Line => []);
  return paneBlock('peers', input, {
    body: { lines: [...list, ...blank, ...summary] },
    ...listNotes(ui.peers, marks, peers),
  });
}

/**
 * Under the list: why a connector has no connection, else the summary of the selected peer. Without room for it, a client
 * that waits still shows the words to compare.
 */
function summaryOf(input: PaneInput, selected: SafePeerRow | undefined, room: number): readonly Line[] {
  const { status } = input.data;
  const width = innerWidth(input.box.width);
  const connection = input.ui.isConnector ? connectionLines(input.ui, status, { width, height: room }) : [];
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
  if (ui.isConnector && connectionLines(ui, status, { width: 80, height: HELP_ROWS_MAX }).length > 0)
    return 0;
  const rows = summaryRows(innerWidth(box.width));
  return innerHeight(box.height) >= rows + (isSingle(ui) ? LIST_ROWS_MIN : listRows(data)) ? rows : 0;
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
