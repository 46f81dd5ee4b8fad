/** The first messages of a queue. Looking takes nothing: they stay where they are. */
import type { UiContext } from '../control/ui-context.ts';
import { chordOf } from '../keys/chord.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { bytesText, clockWithMs, clockWithSeconds, counted, countText, dateText } from '../state/format.ts';
import { type SafePeek, type SafePeekRow, safeBody, safePeek } from '../state/safe-rows.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { type Column, fitColumns, headLine, rowLine } from '../widgets/columns.ts';
import { cellLeft, cellRight, fit, inTone, type Line, span } from '../widgets/line.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogHeight, dialogWidth } from './dialog-box.ts';
import { CLOSE_HINT } from './list-box.ts';
import { showMessage } from './message.ts';

interface PeekDialog extends OpenDialog {
  readonly kind: 'peek';
  readonly queue: string;
  readonly title: SafeText;
  readonly peek: SafePeek;
  readonly selected: number;
}

/** As many as one look shows; an export has all. */
const ROWS = 100;
const WIDTH = 110;
/** More than a screen has columns. */
const TEXT_MAX = 10_000;

/** Asks the connector for the first messages of a queue, and shows them. */
export function openPeek(
  control: UiContext,
  { id, name }: { readonly id: string; readonly name: SafeText },
): void {
  control.engine.peek({ queue: id, rows: ROWS }).then(
    (answer) => {
      if ('fault' in answer) return control.toast('bad', sanitize(answer.fault));
      if (answer.rows.length === 0)
        return control.toast('info', safe`${name} has no message that could be shown.`);
      const dialog = { kind: 'peek', queue: id, title: name, peek: safePeek(answer), selected: 0 } as const;
      showDialog<PeekDialog>(control, dialog);
    },
    () => control.toast('bad', trusted('The connector did not answer.')),
  );
}

export const peekDialog: DialogDefinition<PeekDialog> = {
  kind: 'peek',
  hints: [['↑ ↓', 'choose'], ['Enter', 'open'], CLOSE_HINT],

  draw({ title, peek, selected }, { ui }) {
    const width = dialogWidth(ui.size, WIDTH);
    const rows = rowsIn(ui.size);
    const columns = fitColumns(peekColumns(peek, ui.nowMs), width, peek.rows);
    const top = Math.max(0, Math.min(selected - Math.floor(rows / 2), peek.rows.length - rows));
    const lines = peek.rows.slice(top, top + rows).map((row, index): Line => {
      const line = fit(rowLine(columns, row), width);
      return top + index === selected ? inTone(line, 'selected') : line;
    });
    const count = peek.hasMore
      ? safe`the first ${peek.rows.length} of ${countText(peek.depth)}`
      : counted(peek.rows.length, 'message');
    return centred({ title, width, lines: [headLine(columns), ...lines], note: [span(count)] }, ui.size);
  },

  press(key, dialog, { control }) {
    const chord = chordOf(key);
    if (chord === 'q') return closeDialog(control);
    if (chord === 'enter' || chord === 'o') return openRow(control, dialog);
    const step = stepOf(chord, rowsIn(control.ui().size));
    if (step === undefined) return;
    const selected = Math.max(0, Math.min(dialog.selected + step, dialog.peek.rows.length - 1));
    showDialog(control, { ...dialog, selected });
  },
};

/** Asks for the whole message: it may have left the queue meanwhile. */
function openRow(control: UiContext, dialog: PeekDialog): void {
  const { queue, peek, selected, title } = dialog;
  const row = peek.rows[selected];
  if (row === undefined) return;
  const before = peek.rows[selected - 1]?.place;
  const question = {
    queue,
    rows: 1,
    bodies: 'beginning',
    ...(before !== undefined && { after: before }),
  } as const;
  control.engine.peek(question).then(
    (answer) => {
      const [raw] = 'fault' in answer ? [] : answer.rows;
      if (raw?.body === undefined || raw.place !== row.place)
        return control.toast('info', trusted('This message has left the queue.'));
      if (control.ui().dialog !== dialog) return;
      const summary = [[span(whatItIs(row), 'faint')]];
      showMessage(control, {
        title: safe`${title} · ${selected + 1}`,
        summary,
        body: safeBody(raw.body),
        behind: dialog,
      });
    },
    () => control.toast('bad', trusted('The connector did not answer.')),
  );
}

function whatItIs({ atMs, sizeBytes, isSent }: SafePeekRow): SafeText {
  const when = safe`in the queue since ${dateText(atMs)} ${clockWithMs(atMs)} · ${counted(sizeBytes, 'byte')}`;
  return isSent ? safe`${when} · sent and not acknowledged` : when;
}

function peekColumns({ rows }: SafePeek, nowMs: number): readonly Column<SafePeekRow>[] {
  const isToday = rows.every(({ atMs }) => dateText(atMs) === dateText(nowMs));
  const timeWidth = isToday ? 8 : 16;
  const columns: readonly Column<SafePeekRow>[] = [
    {
      ...{ head: '', min: 3, max: 3, rank: 2, align: 'right' },
      cell: (row, width) => [cellRight(trusted(String(rows.indexOf(row) + 1)), width, 'faint')],
    },
    {
      ...{ head: 'since', min: timeWidth, max: timeWidth, rank: 1 },
      cell: ({ atMs }, width) => [cellLeft(timeText(atMs, isToday), width, 'faint')],
    },
    {
      ...{ head: 'from', min: 4, max: 16, rank: 3 },
      needs: ({ from }) => textWidth(from ?? trusted('')),
      cell: ({ from }, width) => [cellLeft(from ?? trusted(''), width)],
    },
    {
      ...{ head: 'state', min: 5, max: 5, rank: 4 },
      cell: ({ isSent }, width) => [
        cellLeft(trusted(isSent ? 'sent' : 'waits'), width, isSent ? 'plain' : 'warn'),
      ],
    },
    {
      ...{ head: 'size', min: 6, max: 6, rank: 2, align: 'right' },
      cell: ({ sizeBytes }, width) => [cellRight(bytesText(sizeBytes), width, 'faint')],
    },
    {
      ...{ head: 'text', min: 7, max: TEXT_MAX, rank: 0 },
      cell: ({ text }, width) => fit([span(text)], width),
    },
  ];
  const hasSenders = rows.some(({ from }) => from !== undefined);
  return columns.filter(({ head }) => head !== 'from' || hasSenders);
}

function timeText(atMs: number, isToday: boolean): SafeText {
  return isToday ? clockWithSeconds(atMs) : safe`${dateText(atMs)} ${clockWithSeconds(atMs)}`;
}

function stepOf(chord: string, rows: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ...{ j: 1, down: 1, k: -1, up: -1, pagedown: rows - 1, pageup: 1 - rows },
    ...{ home: -ROWS, g: -ROWS, end: ROWS, G: ROWS },
  };
  return steps[chord];
}

/** Visible rows, under their head. */
function rowsIn(size: KeyContext['ui']['size']): number {
  return Math.max(1, dialogHeight(size, ROWS + 1) - 1);
}
