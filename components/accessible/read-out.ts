/** The whole screen, or its pane with the focus, read from top to bottom. */
import { dialogOverlay, hasPrompt } from '../dialogs/dialogs.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { layoutOf } from '../layout.ts';
import { chatPane } from '../panes/chat-pane.ts';
import { footerLine } from '../panes/footer.ts';
import { headerLine } from '../panes/header.ts';
import { logPane } from '../panes/log-pane.ts';
import type { PaneInput } from '../panes/pane.ts';
import { peersPane } from '../panes/peers-pane.ts';
import { queuesPane } from '../panes/queues-pane.ts';
import { PANES, type PaneName } from '../state/ui-state.ts';
import { type SafeText, safe } from '../terminal/sanitize.ts';
import type { Block } from '../widgets/frame.ts';
import type { Line } from '../widgets/line.ts';
import type { LineEditor } from '../widgets/line-editor.ts';
import type { Prompt } from '../widgets/prompt.ts';
import { linearLines, linearText } from './linear-text.ts';

/** Wide and high enough that nothing is cut that a screen shows. */
export const LINEAR_SIZE = { columns: 220, rows: 70 } as const;
const DRAW: Record<PaneName, (input: PaneInput) => Block> = {
  peers: peersPane,
  queues: queuesPane,
  log: logPane,
  chat: chatPane,
};

/** What is read. */
export interface Readable {
  readonly context: KeyContext;
  readonly prompt: Prompt;
  readonly chatLine: LineEditor;
  /** In which commands run. */
  readonly directory: PaneInput['directory'];
  readonly search: PaneInput['search'];
}

/** A pane: its title, and its lines. */
export function readPane(name: PaneName, readable: Readable): readonly SafeText[] {
  return linearLines(paneLines(name, readable), name);
}

/** The row with the cursor. */
export function readSelected(name: PaneName, readable: Readable): SafeText | undefined {
  return readPane(name, readable).find((text) => text.startsWith('selected: '));
}

/** The first line of the screen: how the connector is. */
export function readHeader({ context: { ui, data } }: Readable): SafeText {
  const { nowMs, attached, silentSinceMs } = ui;
  return linearText(
    headerLine(data.status, { nowMs, width: LINEAR_SIZE.columns, attached, silentSinceMs }),
    'header',
  );
}

/** The last line of the screen: what was said last, and the keys. */
export function readKeys({ context }: Readable): SafeText {
  return linearText(footerLine(context, LINEAR_SIZE.columns), 'footer');
}

/** The dialog that is open; no lines without one. */
export function readDialog({ context, prompt }: Readable): readonly SafeText[] {
  return linearLines(dialogOverlay(context, prompt.text)?.lines ?? [], 'dialog');
}

/** What is typed into a filter or a dialog; no lines while that is nothing. */
function readTyped({ context, prompt }: Readable): readonly SafeText[] {
  const { dialog, filtering } = context.ui;
  const isOpen = dialog === undefined ? filtering : hasPrompt(dialog);
  return isOpen ? [safe`Typed: ${prompt.text}`] : [];
}

/** Everything that the screen shows. */
export function readAll(readable: Readable): readonly SafeText[] {
  const { ui } = readable.context;
  const shown = layoutOf(ui);
  const panes = PANES.filter((name) => shown[name] !== undefined);
  return [
    readHeader(readable),
    ...panes.flatMap((name) => readPane(name, readable)),
    ...readDialog(readable),
    ...readTyped(readable),
    readKeys(readable),
  ];
}

function paneLines(name: PaneName, { context, ...line }: Readable): readonly Line[] {
  const { ui, data } = context;
  const box = { row: 0, column: 0, width: LINEAR_SIZE.columns, height: LINEAR_SIZE.rows };
  return DRAW[name]({ ui, data, box, ...line }).lines;
}
