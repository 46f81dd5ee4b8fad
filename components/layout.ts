import type { Size } from './host.ts';
import type { PaneName, UiState } from './state/ui-state.ts';

export const SMALLEST: Size = { columns: 40, rows: 10 };
const WIDE_COLUMNS = 120;
const MIDDLE_COLUMNS = 80;
/** Below this height there is no room for a second row of panes. */
const TWO_PANE_ROWS_HEIGHT = 16;

export interface Rectangle {
  readonly row: number;
  readonly column: number;
  readonly width: number;
  readonly height: number;
}

export type Layout = Readonly<Partial<Record<PaneName, Rectangle>>>;

export function isTooSmall(size: Size): boolean {
  return size.columns < SMALLEST.columns || size.rows < SMALLEST.rows;
}

/**
 * The place of each visible pane. The first row of the screen is the header, the last one the footer. All four
 * panes from 120 columns, two and the chat (or the log) from 80, else the focused one.
 */
export function layoutOf(ui: Pick<UiState, 'size' | 'focus' | 'zoom' | 'logInstead'>): Layout {
  const { columns, rows } = ui.size;
  const body: Rectangle = { row: 1, column: 0, width: columns, height: rows - 2 };
  if (isTooSmall(ui.size)) return {};
  if (ui.zoom || columns < MIDDLE_COLUMNS || rows < TWO_PANE_ROWS_HEIGHT) return { [ui.focus]: body };
  const isWide = columns >= WIDE_COLUMNS;
  const topHeight = Math.max(7, Math.round(body.height * (isWide ? 0.4 : 0.36)));
  // On a wide screen, the right side fits the longest command to type on the other machine.
  const leftWidth = Math.floor(columns * (isWide ? 0.43 : 0.45));
  const [topLeft, topRight] = sideBySide({ ...body, height: topHeight }, leftWidth);
  const below: Rectangle = { ...body, row: 1 + topHeight, height: body.height - topHeight };
  if (!isWide) return { peers: topLeft, queues: topRight, [ui.logInstead ? 'log' : 'chat']: below };
  const [log, chat] = sideBySide(below, leftWidth);
  return { peers: topLeft, queues: topRight, log, chat };
}

function sideBySide(box: Rectangle, leftWidth: number): [Rectangle, Rectangle] {
  return [
    { ...box, width: leftWidth },
    { ...box, column: box.column + leftWidth, width: box.width - leftWidth },
  ];
}
