/** The help, the palette and the detail view: dialogs to read and to choose from. */
import { attempt, paletteEntries } from '../keys/dispatcher.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { type HelpEntry, helpEntries } from '../keys/key-list.ts';
import type { Dialog } from '../state/ui-state.ts';
import { safe, trusted } from '../terminal/sanitize.ts';
import { cellLeft, fit, inTone, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import { centred, dialogHeight, dialogWidth, type Overlay } from './dialog-box.ts';

type ListDialog<Kind extends Dialog['kind']> = Extract<Dialog, { kind: Kind }>;

const HELP_WIDTH = 92;
const PALETTE_WIDTH = 56;
const PALETTE_ROWS = 10;
const DETAIL_WIDTH = 100;
const DETAIL_WIDTH_MIN = 40;

/** Every key there is; typing filters them, Enter does what the selected one does. */
export function helpDialog(dialog: ListDialog<'help'>, context: KeyContext): Overlay {
  const { size } = context.ui;
  const width = dialogWidth(size, HELP_WIDTH);
  const entries = helpEntries(context, dialog.filter);
  const rows = dialogHeight(size, 100) - 1;
  const top = topOf(dialog.selected, rows, entries.length);
  const shown = entries.slice(top, top + rows).map((entry, index) => {
    const line = fit(helpLine(entry, context, width), width);
    return top + index === dialog.selected ? chosenLine(line) : line;
  });
  return listed('Help: keys', {
    shown,
    rows,
    width,
    context,
    of: [entries.length, helpEntries(context, '').length],
  });
}

export function paletteDialog(dialog: ListDialog<'palette'>, context: KeyContext): Overlay {
  const { size } = context.ui;
  const width = dialogWidth(size, PALETTE_WIDTH);
  const entries = paletteEntries(dialog.text);
  const rows = dialogHeight(size, PALETTE_ROWS + 1) - 1;
  const top = topOf(dialog.selected, rows, entries.length);
  const shown = entries.slice(top, top + rows).map((binding, index) => {
    const isPossible = attempt(binding, context).kind === 'action';
    const line: Line = [
      cellLeft(trusted(` ${binding.command ?? ''}`), 18, isPossible ? 'strong' : 'faint'),
      plain(` ${binding.label}`, isPossible ? 'plain' : 'faint'),
    ];
    return top + index === dialog.selected ? chosenLine(fit(line, width)) : fit(line, width);
  });
  return listed('Command', {
    shown,
    rows,
    width,
    context,
    of: [entries.length, paletteEntries('').length],
  });
}

export function detailDialog(dialog: ListDialog<'detail'>, context: KeyContext): Overlay {
  const { size } = context.ui;
  // All lines count, also those that are not in sight: the box stays as it is while it is scrolled.
  const widest = Math.max(DETAIL_WIDTH_MIN, ...dialog.lines.map(lineWidth));
  const width = Math.min(detailWidth(context), widest);
  const rows = detailRows(context);
  const last = Math.min(dialog.lines.length, dialog.top + rows);
  return centred(
    {
      title: dialog.title,
      width,
      lines: dialog.lines.slice(dialog.top, last),
      note:
        dialog.lines.length > rows ? [span(safe`${dialog.top + 1}–${last} of ${dialog.lines.length}`)] : [],
    },
    size,
  );
}

/** Lines of a detail view that are seen at once, and their width. */
export function detailRows({ ui }: KeyContext): number {
  return Math.max(1, dialogHeight(ui.size, 100));
}

export function detailWidth({ ui }: KeyContext): number {
  return dialogWidth(ui.size, DETAIL_WIDTH);
}

interface Listed {
  readonly shown: readonly Line[];
  readonly rows: number;
  readonly width: number;
  readonly context: KeyContext;
  readonly of: readonly [matched: number, total: number];
}

function listed(title: string, { shown, rows, width, context, of }: Listed): Overlay {
  const blank: readonly Line[] = Array.from({ length: Math.max(0, rows - shown.length) }, () => []);
  return centred(
    {
      title: trusted(title),
      width,
      lines: [[plain('› ', 'focus')], ...shown, ...blank],
      prompt: { row: 0, column: 2, width: width - 2 },
      note: [span(safe`${of[0]} of ${of[1]}`)],
    },
    context.ui.size,
  );
}

function helpLine({ shown, place, label, binding }: HelpEntry, context: KeyContext, width: number): Line {
  const keys = cellLeft(trusted(` ${shown}`), 11, 'key');
  if (width < 50) return [keys, plain(label)];
  const reason = binding?.applies?.(context) === false ? undefined : binding?.refusal?.(context);
  const text =
    reason === undefined ? plain(label) : span(safe`${trusted(label)} — ${trusted(reason)}`, 'faint');
  return [keys, cellLeft(trusted(place), 15, 'faint'), text];
}

/** The row that Enter does: marked, and not only by its look. */
function chosenLine(line: Line): Line {
  const [first, ...rest] = inTone(line, 'selected');
  if (first === undefined) return line;
  return [plain('›', 'selected'), span(trusted(first.text.slice(1)), 'selected'), ...rest];
}

function topOf(selected: number, rows: number, count: number): number {
  return Math.max(0, Math.min(selected - Math.floor(rows / 2), count - rows));
}
