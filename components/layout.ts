import type { Size } from './host.ts';
import type { PaneName, UiState } from './state/ui-state.ts';

export const SMALLEST: Size = { columns: 40, rows: 10 };
const WIDE_COLUMNS = 120;
const MIDDLE_COLUMNS = 80;
/** Below this height there is no room for a second row of panes. */
const TWO_PANE_ROWS_HEIGHT = 16;
/** Borders of a pane. */
const BORDER_ROWS = 2;
/** The least height of a pane: its borders, the column heads, one row and a hint. */
const PANE_ROWS_MIN = 5;
/** Shares of the body that lists take at most. Before the first peer, the help to connect one takes more. */
const LISTS_SHARE = 0.4;
const FIRST_RUN_SHARE = 0.6;
/** The right side fits the longest command to type on the other machine. */
const CHAT_LEFT_SHARE = 0.43;
const LISTS_LEFT_SHARE = 0.45;
const FIRST_RUN_LEFT_SHARE = 0.62;
const CHAT_COLUMN_MIN = 44;
const CHAT_COLUMN_SHARE = 0.37;

export interface Rectangle {
  readonly row: number;
  readonly column: number;
  readonly width: number;
  readonly height: number;
}

export type Layout = Readonly<Partial<Record<PaneName, Rectangle>>>;

export type LayoutInput = Pick<
  UiState,
  'size' | 'focus' | 'zoom' | 'isConnector' | 'lastTail' | 'chatOpen' | 'content'
>;

/** More rows than any terminal has. */
const ALL_ROWS = { peers: 10_000, queues: 10_000 };

export function isTooSmall(size: Size): boolean {
  return size.columns < SMALLEST.columns || size.rows < SMALLEST.rows;
}

/** True when log and chat fit side by side. */
export function isWide({ columns }: Size): boolean {
  return columns >= WIDE_COLUMNS;
}

/** True when the layout has one pane: the focused one. */
export function isSingle({ size, zoom }: Pick<UiState, 'size' | 'zoom'>): boolean {
  return zoom || size.columns < MIDDLE_COLUMNS || size.rows < TWO_PANE_ROWS_HEIGHT;
}

/**
 * The place of each visible pane. The first row of the screen is the header, the last one the footer. The lists are as
 * high as their content, up to a share of the screen.
 *
 * A connector has its lists above and the log below, over the full width; from 120 columns the chat opens as a column
 * beside the log, below that in its place. The chat program has the lists and the log at the left and the chat at the
 * right from 120 columns, and the lists above the chat (or the log) below that.
 */
export function layoutOf(ui: LayoutInput): Layout {
  const { columns, rows } = ui.size;
  const body: Rectangle = { row: 1, column: 0, width: columns, height: rows - 2 };
  if (isTooSmall(ui.size)) return {};
  if (isSingle(ui)) return { [ui.focus]: body };
  return isWide(ui.size) && !ui.isConnector ? chatLayout(ui, body) : listsAbove(ui, body);
}

/** The layout in which the lists are as high as they may become: for the rows to ask for. */
export function roomiestLayoutOf(ui: LayoutInput): Layout {
  return layoutOf({ ...ui, content: { ...ALL_ROWS, isFirstRun: ui.content.isFirstRun } });
}

function listsAbove(ui: LayoutInput, body: Rectangle): Layout {
  const { peers, queues, isFirstRun } = ui.content;
  const leftShare = ui.isConnector && isFirstRun ? FIRST_RUN_LEFT_SHARE : LISTS_LEFT_SHARE;
  const height = heightOf(Math.max(peers, queues), ui, body);
  const [topLeft, topRight] = sideBySide({ ...body, height }, Math.floor(body.width * leftShare));
  const below: Rectangle = { ...body, row: body.row + height, height: body.height - height };
  const lists = { peers: topLeft, queues: topRight };
  if (!isWide(ui.size)) return { ...lists, [ui.lastTail ?? (ui.isConnector ? 'log' : 'chat')]: below };
  if (!ui.chatOpen) return { ...lists, log: below };
  const chatWidth = Math.max(CHAT_COLUMN_MIN, Math.floor(body.width * CHAT_COLUMN_SHARE));
  const [log, chat] = sideBySide(below, body.width - chatWidth);
  return { ...lists, log, chat };
}

function chatLayout(ui: LayoutInput, body: Rectangle): Layout {
  const [left, chat] = sideBySide(body, Math.floor(body.width * CHAT_LEFT_SHARE));
  const peers = { ...left, height: heightOf(ui.content.peers, ui, body) };
  const queues = {
    ...left,
    row: peers.row + peers.height,
    // The log gets at least as much as the queues.
    height: Math.min(heightOf(ui.content.queues, ui, body), Math.floor((left.height - peers.height) / 2)),
  };
  const row = queues.row + queues.height;
  return { peers, queues, log: { ...left, row, height: left.height - peers.height - queues.height }, chat };
}

function heightOf(contentRows: number, { content }: LayoutInput, body: Rectangle): number {
  const share = content.isFirstRun ? FIRST_RUN_SHARE : LISTS_SHARE;
  const most = Math.max(PANE_ROWS_MIN, Math.round(body.height * share));
  return Math.max(PANE_ROWS_MIN, Math.min(contentRows + BORDER_ROWS, most));
}

function sideBySide(box: Rectangle, leftWidth: number): [Rectangle, Rectangle] {
  return [
    { ...box, width: leftWidth },
    { ...box, column: box.column + leftWidth, width: box.width - leftWidth },
  ];
}
