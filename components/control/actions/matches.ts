import type { TailUpdate, View } from '../../../engine/contract/views.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { isMarkedPane } from '../../state/marks.ts';
import type { MarkedPane } from '../../state/ui-state.ts';
import { type SafeText, safe, sanitize, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import { visibleRows } from '../wanted-views.ts';
import { lookOnce, ROWS_A_VIEW } from '../whole-lists.ts';
import type { Act } from './act.ts';
import { move } from './panes.ts';

/** `n` and `N`: to the next row that the pane's last filter finds, among all rows. */
export const MATCH_ACTIONS = {
  'next-match': (control) => void toMatch(control, 1),
  'previous-match': (control) => void toMatch(control, -1),
} satisfies Partial<Record<ActionId, Act>>;

async function toMatch(control: UiContext, step: 1 | -1): Promise<void> {
  const ui = control.ui();
  const pane = ui.focus;
  const filter = ui.sought[pane] ?? '';
  // Only matches are shown.
  if (ui[pane].filter !== '') return move(control, step);
  const found = isMarkedPane(pane)
    ? await inList(control, pane, { filter, step })
    : await inTail(control, pane, { filter, step });
  if (!found)
    control.toast('info', safe`No ${trusted(step === 1 ? 'later' : 'earlier')} match of ${sought(filter)}.`);
}

function sought(filter: string): SafeText {
  return safe`“${sanitize(filter)}”`;
}

interface Search {
  readonly filter: string;
  readonly step: 1 | -1;
}

/** Lists of more rows than a view has are searched in their first ones. */
async function inList(control: UiContext, pane: MarkedPane, { filter, step }: Search): Promise<boolean> {
  const { selected, ...list } = control.ui()[pane];
  const whole = { ...list, offset: 0, rows: ROWS_A_VIEW };
  const filteredBy = (text: string) =>
    look(control, { pane, ...whole, filter: text } as View & { pane: MarkedPane });
  const [all, matching] = await Promise.all([filteredBy(''), filteredBy(filter)]);
  if (all === undefined || matching === undefined) return false;
  const ids = new Set(matching.rows.map(({ id }) => id));
  // A row that was chosen by its place is known by its id once it is loaded.
  const here =
    selected.id === undefined ? selected.index : all.rows.findIndex(({ id }) => id === selected.id);
  for (let at = here + step; at >= 0 && at < all.rows.length; at += step) {
    const id = all.rows[at]?.id;
    if (id === undefined || !ids.has(id)) continue;
    const room = visibleRows(pane, control.ui(), control.data());
    const offset = Math.max(at - room + 1, Math.min(list.offset, at));
    control.change({ kind: 'select', pane, id, index: at, offset });
    return true;
  }
  return false;
}

/** Of log and chat, whose ids increase. */
async function inTail(control: UiContext, pane: 'log' | 'chat', { filter, step }: Search): Promise<boolean> {
  const { logRow, chatRow, ui } = control.context();
  const here = (pane === 'log' ? logRow : chatRow)?.id;
  if (here === undefined) return false;
  const view = (endId: number | undefined, rows: number): View & { pane: 'log' | 'chat' } => {
    const tail = { filter, rows, ...(endId !== undefined && { endId }) };
    return pane === 'log' ? { pane, ...tail } : { pane, peer: ui.chatPeer?.id ?? '', ...tail };
  };
  const match =
    step === -1
      ? (await look(control, view(here - 1, 1)))?.rows.findLast(({ id }) => id < here)
      : await firstAfter(here, (endId) => look(control, view(endId, ROWS_A_VIEW)));
  if (match === undefined) return false;
  const shown = (pane === 'log' ? control.data().log : control.data().chat)?.rows ?? [];
  const isShown = shown.some(({ id }) => id === match.id);
  control.change({
    kind: 'to-row',
    pane,
    id: match.id,
    endId: (isShown ? shown.at(-1) : match)?.id ?? match.id,
  });
  return true;
}

/** From the newest matches back, until an update reaches to the row where the search begins. */
async function firstAfter(
  here: number,
  lookUpTo: (endId: number | undefined) => Promise<TailUpdate<{ readonly id: number }> | undefined>,
): Promise<{ readonly id: number } | undefined> {
  let match: { readonly id: number } | undefined;
  for (let endId: number | undefined; ; ) {
    const update = await lookUpTo(endId);
    const later = update?.rows.filter(({ id }) => id > here) ?? [];
    const [first] = later;
    if (update === undefined || first === undefined) return match;
    match = first;
    if (later.length < update.rows.length || update.older === 0) return match;
    endId = first.id - 1;
  }
}

function look<Pane extends Exclude<View['pane'], 'status'>>(
  control: UiContext,
  view: View & { readonly pane: Pane },
) {
  return lookOnce<Pane>(control.engine, view as never, (delayMs, act) =>
    control.host.clock.after(delayMs, act),
  );
}
