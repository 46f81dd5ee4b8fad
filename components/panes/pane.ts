import type { Rectangle } from '../layout.ts';
import { countText } from '../state/format.ts';
import type { EngineData } from '../state/safe-rows.ts';
import { type Marks, PANES, type PaneName, type UiState } from '../state/ui-state.ts';
import { type SafeText, safe, sanitize } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import { type Block, framed, innerWidth } from '../widgets/frame.ts';
import type { HistorySearch } from '../widgets/history-search.ts';
import { fit, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import type { LineEditor } from '../widgets/line-editor.ts';
import type { Prompt } from '../widgets/prompt.ts';

/** The cells inside a pane's frame. */
export interface PaneSize {
  readonly width: number;
  readonly height: number;
}

/** Everything that a pane is drawn from. */
export interface PaneInput {
  readonly ui: UiState;
  readonly data: EngineData;
  readonly box: Rectangle;
  /** The chat line. */
  readonly chatLine: LineEditor;
  /** The search in the earlier lines of the chat, while it is open. */
  readonly search: HistorySearch | undefined;
  /** Where the local commands of the chat run. */
  readonly directory: SafeText;
  /** The filter, while the user types it. */
  readonly prompt: Prompt;
}

export interface PaneContent {
  readonly body: Block;
  /** After the pane's name in its title. */
  readonly about?: Line;
  /** At the right of the upper border. */
  readonly note: Line;
  /** Without room for it, the first of these that fits. */
  readonly shorterNotes?: readonly Line[];
}

const NAMES: Record<PaneName, string> = { peers: 'Peers', queues: 'Queues', log: 'Log', chat: 'Chat' };

/** The pane's content in its frame; the title shows the filter. */
export function paneBlock(name: PaneName, input: PaneInput, content: PaneContent): Block {
  const { ui, box, prompt } = input;
  const hasFocus = ui.focus === name;
  const tone = hasFocus ? 'focus' : 'strong';
  const title: Line = [plain(`${PANES.indexOf(name) + 1} ${NAMES[name]}`, tone), ...(content.about ?? [])];
  const filtering = hasFocus && ui.filtering;
  const widest = Math.max(4, Math.floor(innerWidth(box.width) / 3));
  const promptWidth = Math.min(widest, textWidth(prompt.text) + 1);
  const filter: Line = filtering ? [plain(` / ${' '.repeat(promptWidth)}`)] : filterNote(input, name);
  const block = framed(content.body, {
    width: box.width,
    height: box.height,
    ...titled([...title, ...filter], content, box.width),
    border: hasFocus ? 'focus' : 'faint',
  });
  if (!filtering || ui.dialog !== undefined)
    return ui.dialog === undefined && hasFocus ? block : { lines: block.lines };
  return {
    lines: block.lines,
    prompt: { row: 0, column: 2 + lineWidth(title) + 3, width: promptWidth },
  };
}

type Notes = Pick<PaneContent, 'note' | 'shorterNotes'>;

/** The borders and blanks around a title and a note. */
const AROUND_NOTE_CELLS = 9;

/** The longest note that fits beside the title. A long filter is cut: the shortest note always has its place. */
function titled(
  title: Line,
  { note, shorterNotes = [] }: PaneContent,
  width: number,
): { readonly title: Line; readonly note: Line } {
  const notes = [note, ...shorterNotes];
  const room = width - AROUND_NOTE_CELLS;
  const fitting = notes.find((one) => lineWidth(title) + lineWidth(one) <= room);
  if (fitting !== undefined || shorterNotes.length === 0) return { title, note: fitting ?? note };
  const shortest = notes.at(-1) ?? note;
  return { title: fit(title, Math.max(1, room - lineWidth(shortest))), note: shortest };
}

/** `7 of 312`, always: the user must see that a filter hides rows. */
export function countNote(update: { readonly matched: number; readonly total: number } | undefined): Line {
  // The pane says that it is empty.
  if (update === undefined || update.total === 0) return [];
  return [span(safe`${countText(update.matched)} of ${countText(update.total)}`)];
}

/** In the place of rows when a filter finds none: it is faulty, or nothing matches. */
export function noMatchLine(update: { readonly filterFault?: string } | undefined): Line {
  const fault = update?.filterFault;
  return fault === undefined
    ? [plain('No row matches the filter.', 'faint')]
    : [span(sanitize(fault), 'warn')];
}

/** `by name ▲ · 4 of 4`. */
function orderNote(
  { sort, descending }: { readonly sort: string; readonly descending: boolean },
  update: Parameters<typeof countNote>[0],
): Line {
  const count = countNote(update);
  const order = plain(`by ${sort} ${descending ? GLYPHS.down : GLYPHS.up} · `, 'faint');
  return count.length === 0 ? [] : [order, ...count];
}

/** The third cell of a row shows its mark, after the cursor and the state. */
export function withMark(line: Line, isMarked: boolean): Line {
  return isMarked ? [...line.slice(0, 2), plain(GLYPHS.marked, 'key'), ...line.slice(3)] : line;
}

/** `2 marked · by name ▲ · 4 of 4`, and what is left of it where there is less room. */
export function listNotes(
  list: Parameters<typeof orderNote>[0],
  marks: Marks,
  update: Parameters<typeof countNote>[0],
): Notes {
  const marked: Line =
    marks.size === 0 ? [] : [span(safe`${countText(marks.size)} marked`, 'key'), plain(' · ')];
  const count = countNote(update);
  return { note: [...marked, ...orderNote(list, update)], shorterNotes: [[...marked, ...count], count] };
}

/** `following`, or the number of new rows below. */
export function tailNote(
  update: { readonly matched: number; readonly total: number; readonly newer: number } | undefined,
  tail: { readonly endId?: number; readonly filter: string },
): Notes {
  if (update === undefined) return { note: [] };
  const place =
    tail.endId === undefined
      ? plain('following')
      : span(update.newer > 0 ? safe`▼ ${countText(update.newer)} new below` : safe`not following`, 'warn');
  const isFiltered = tail.filter !== '';
  const count = countNote(update);
  return isFiltered ? { note: [...count, plain(' · '), place], shorterNotes: [count] } : { note: [place] };
}

function filterNote({ ui }: PaneInput, name: PaneName): Line {
  const { filter } = ui[name];
  return filter === '' ? [] : [plain(' / ', 'warn'), span(sanitize(filter), 'warn')];
}
