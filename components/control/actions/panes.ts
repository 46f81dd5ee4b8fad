import { openCommandLog } from '../../dialogs/command-log.ts';
import { copyText } from '../../dialogs/detail.ts';
import { openHelp } from '../../dialogs/help.ts';
import { openPalette } from '../../dialogs/palette.ts';
import { openTransfers } from '../../dialogs/transfers.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { READER_ONLY } from '../../keys/bindings/general.ts';
import { isMarkedPane } from '../../state/marks.ts';
import { neighbour } from '../../state/ui-reducer.ts';
import { PANES, type PaneName, PEER_SORTS, QUEUE_SORTS } from '../../state/ui-state.ts';
import { wayBack } from '../../state/way-back.ts';
import { safe, sanitize, trusted } from '../../terminal/sanitize.ts';
import { THEMES } from '../../themes/themes.ts';
import { selectedText } from '../copy.ts';
import type { UiContext } from '../ui-context.ts';
import { visibleRows } from '../wanted-views.ts';
import type { Act } from './act.ts';

/** Moving between and inside panes, and what every pane has. */
export const PANE_ACTIONS = {
  'focus-peers': (control) => focus(control, 'peers'),
  'focus-queues': (control) => focus(control, 'queues'),
  'focus-log': (control) => focus(control, 'log'),
  write,
  leave: (control) => focus(control, 'chat'),
  'next-pane': (control) => focus(control, neighbour(control.ui().focus, 1)),
  'previous-pane': (control) => focus(control, neighbour(control.ui().focus, -1)),
  zoom: (control) => control.change({ kind: 'zoom' }),
  down: (control) => move(control, 1),
  up: (control) => move(control, -1),
  'page-down': (control) => move(control, page(control)),
  'page-up': (control) => move(control, -page(control)),
  first: (control) => move(control, Number.NEGATIVE_INFINITY),
  last: (control) => move(control, Number.POSITIVE_INFINITY),
  filter: (control, _chat, words) => startFilter(control, words),
  sort: (control, _chat, words) => sort(control, words),
  'sort-back': (control) => control.change({ kind: 'sort', step: -1 }),
  reverse: (control) => control.change({ kind: 'reverse' }),
  transfers: openTransfers,
  palette: openPalette,
  help: openHelp,
  cost: (control) => control.change({ kind: 'cost' }),
  repaint: (control) => control.host.repaint(),
  suspend: (control) => control.host.suspend(),
  copy: (control) => {
    const lines = selectedText(control.context());
    if (lines !== undefined) copyText(control, trusted('To copy'), lines);
  },
  clipboard: (control, _chat, words) =>
    setChoice(control, 'clipboard', words, [
      'y copies to the terminal’s clipboard.',
      'y shows what to copy.',
    ]),
  mouse: (control, _chat, words) =>
    setChoice(control, 'mouse', words, [
      'The mouse is on: wheel and click. To select text, hold Shift. M: off.',
      'The mouse is off: the terminal selects text.',
    ]),
  theme: (control, _chat, words) => setTheme(control, words),
  'read-pane': (control) => readOut(control, 'pane'),
  'read-all': (control) => readOut(control, 'all'),
  'save-screen': saveScreen,
  'command-log': openCommandLog,
  undo: (control) => control.countdown.cancel(),
  'act-now': (control) => control.countdown.now(),
  back,
  quit: (control) => control.quit(),
} satisfies Partial<Record<ActionId, Act>>;

export function focus(control: UiContext, pane: PaneName): void {
  control.change({ kind: 'focus', pane, editing: false, byUser: true });
}

/** Focuses the chat's line, where every key is text. Only the user does this, never the program. */
function write(control: UiContext): void {
  control.change({ kind: 'focus', pane: 'chat', editing: true, byUser: true });
}

export function move(control: UiContext, by: number): void {
  const ui = control.ui();
  const data = control.data();
  control.change({ kind: 'move', by, visibleRows: visibleRows(ui.focus, ui, data), data });
}

function page(control: UiContext): number {
  return Math.max(1, visibleRows(control.ui().focus, control.ui(), control.data()) - 1);
}

function startFilter(control: UiContext, words: string): void {
  if (words !== '') return setFilter(control, words);
  const ui = control.ui();
  control.prompt.open(ui[ui.focus].filter);
  control.change({ kind: 'filtering', on: true });
}

/** Esc: takes back one thing that the user has set in this pane. */
function back(control: UiContext): void {
  const step = wayBack(control.ui());
  const { focus: pane } = control.ui();
  if (step === 'unmark' && isMarkedPane(pane)) control.change({ kind: 'unmark-all', pane });
  else if (step === 'unfreeze') control.change({ kind: 'freeze-log', lastId: undefined });
  else if (step === 'show all') control.change({ kind: 'filter', text: '' });
  else if (step === 'follow') move(control, Number.POSITIVE_INFINITY);
  else if (step === 'unzoom') control.change({ kind: 'zoom' });
}

/** `log type:order`: the filter of a pane, or of the focused one. */
function setFilter(control: UiContext, words: string): void {
  const [, first = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(words) ?? [];
  const pane = PANES.find((name) => name === first);
  if (pane !== undefined) focus(control, pane);
  control.change({ kind: 'filter', text: pane === undefined ? words : rest });
}

/** `age down`: sorts by a column; without words by the next one. */
function sort(control: UiContext, words: string): void {
  const [by, direction] = words.split(/\s+/);
  const { focus: pane } = control.ui();
  if (pane !== 'peers' && pane !== 'queues')
    return control.toast('warn', trusted('Only Peers and Queues are sorted: press 1 or 2 first.'));
  const sorts: readonly string[] = pane === 'peers' ? PEER_SORTS : QUEUE_SORTS;
  if (words === '') return control.change({ kind: 'sort' });
  if (by === undefined || !sorts.includes(by) || !['up', 'down', undefined].includes(direction))
    return control.toast('warn', trusted(`Sort by one of: ${sorts.join(', ')}; then up or down.`));
  control.change({
    kind: 'sort',
    by,
    ...(direction !== undefined && { descending: direction === 'down' }),
  });
}

function setChoice(
  control: UiContext,
  kind: 'clipboard' | 'mouse',
  words: string,
  [whenOn, whenOff]: readonly [string, string],
): void {
  if (words !== '' && words !== 'on' && words !== 'off')
    return control.toast('warn', trusted(`Type on or off: :${kind} on`));
  const on = words === '' ? !control.ui()[kind] : words === 'on';
  control.change({ kind, on });
  control.toast('info', trusted(on ? whenOn : whenOff));
}

function readOut(control: UiContext, what: 'pane' | 'all'): void {
  if (control.host.readOut === undefined) control.toast('info', trusted(READER_ONLY));
  else control.host.readOut(what);
}

/** `light`: these colours; without words the next ones. */
function setTheme(control: UiContext, words: string): void {
  const now = control.ui().theme ?? 'auto';
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  const theme = words === '' ? next : THEMES.find((one) => one === words);
  if (theme === undefined)
    return control.toast('warn', trusted(`Type one of these after :theme: ${THEMES.join(', ')}`));
  control.change({ kind: 'theme', theme });
  const what = theme === 'auto' ? 'as the background of the terminal' : 'T: the next one';
  control.toast('info', trusted(`Colours: ${theme}, ${what}.`));
}

function saveScreen(control: UiContext): void {
  control.local.saveText(`${control.host.shownRows().join('\n')}\n`, 'screen').then(
    (path) => control.toast('good', safe`Saved the screen as ${sanitize(path)}`),
    (error: unknown) =>
      control.toast(
        'bad',
        safe`Not saved: ${sanitize(error instanceof Error ? error.message : 'unknown reason')}`,
      ),
  );
}
