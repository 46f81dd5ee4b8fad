/** Files on their way beside the messages, and those that wait for their peers. */
import type { UiContext } from '../control/ui-context.ts';
import { chordOf } from '../keys/chord.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { ageText, bytesText, counted, durationText } from '../state/format.ts';
import type { SafeTransferRow } from '../state/safe-rows.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import { type Column, fitColumns, headLine, rowLine } from '../widgets/columns.ts';
import { cellLeft, cellRight, fit, inTone, type Line, plain, span } from '../widgets/line.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogHeight, dialogWidth } from './dialog-box.ts';
import { CLOSE_HINT } from './list-box.ts';

interface TransfersDialog extends OpenDialog {
  readonly kind: 'transfers';
  /** Of the selected row, which stays selected while others come and go. */
  readonly id: string | undefined;
}

/** Rows that the connector is asked for. */
export const TRANSFER_ROWS = 200;
const WIDTH = 110;
const NAMES_MAX = 200;

export function openTransfers(control: UiContext): void {
  showDialog<TransfersDialog>(control, { kind: 'transfers', id: undefined });
}

export const transfersDialog: DialogDefinition<TransfersDialog> = {
  kind: 'transfers',
  hints: [['↑ ↓', 'choose'], ['c', 'cancel the file'], CLOSE_HINT],

  draw({ id }, { ui, data }) {
    const width = dialogWidth(ui.size, WIDTH);
    const title = trusted('Files on their way');
    const all = data.transfers?.rows ?? [];
    if (all.length === 0) {
      const text =
        data.transfers === undefined
          ? 'Asking the connector …'
          : 'No files are on their way, and none wait for their peers.';
      return centred({ title, width, lines: [[plain(text, 'faint')]] }, ui.size);
    }
    const rows = rowsIn(ui.size);
    const selected = indexOf(all, id);
    const top = Math.max(0, Math.min(selected - Math.floor(rows / 2), all.length - rows));
    const columns = fitColumns(transferColumns(ui.nowMs), width, all);
    const lines = all.slice(top, top + rows).map((row, index): Line => {
      const line = fit(rowLine(columns, row), width);
      return top + index === selected ? inTone(line, 'selected') : line;
    });
    const note = [span(counted(data.transfers?.matched ?? all.length, 'file'))];
    return centred({ title, width, lines: [headLine(columns), ...lines], note }, ui.size);
  },

  press(key, dialog, { control }) {
    const rows = control.data().transfers?.rows ?? [];
    const selected = indexOf(rows, dialog.id);
    const chord = chordOf(key);
    if (chord === 'q' || chord === 'enter') return closeDialog(control);
    if (chord === 'c') return cancel(control, rows[selected]);
    const step = STEPS[chord];
    if (step === undefined) return;
    const next = rows[Math.max(0, Math.min(selected + step, rows.length - 1))];
    showDialog(control, { ...dialog, id: next?.id });
  },
};

const STEPS: Readonly<Record<string, number>> = {
  ...{ j: 1, down: 1, k: -1, up: -1, pagedown: 10, pageup: -10 },
  ...{ home: -TRANSFER_ROWS, g: -TRANSFER_ROWS, end: TRANSFER_ROWS, G: TRANSFER_ROWS },
};

/** Ends a transfer on both sides, after the countdown, which needs the keys of the dialog. */
function cancel(control: UiContext, row: SafeTransferRow | undefined): void {
  if (row === undefined) return;
  closeDialog(control);
  control.later({
    label: safe`Cancel ${row.name} ${fromOrTo(row)}`,
    commands: [{ kind: 'transfer.cancel', id: row.id }],
    done: safe`Cancelled ${row.name}; its message arrives without the file.`,
  });
}

function indexOf(rows: readonly SafeTransferRow[], id: string | undefined): number {
  return Math.max(
    0,
    rows.findIndex((row) => row.id === id),
  );
}

function fromOrTo({ direction, peerName }: SafeTransferRow): SafeText {
  return safe`${trusted(direction === 'in' ? 'from' : 'to')} ${peerName}`;
}

function transferColumns(nowMs: number): readonly Column<SafeTransferRow>[] {
  const right = (head: string, cells: number, rank: number) =>
    ({ head, min: cells, max: cells, rank, align: 'right' }) as const;
  return [
    {
      ...{ head: '', min: 1, max: 1, rank: 1 },
      cell: ({ direction }) => [
        direction === 'in' ? plain(GLYPHS.incoming, 'info') : plain(GLYPHS.outgoing, 'good'),
      ],
    },
    {
      ...{ head: 'peer', min: 6, max: 16, rank: 2 },
      needs: ({ peerName }) => textWidth(peerName),
      cell: ({ peerName }, width) => [cellLeft(peerName, width)],
    },
    {
      ...{ head: 'name', min: 8, max: NAMES_MAX, rank: 0, isName: true },
      needs: ({ name }) => textWidth(name),
      cell: ({ name }, width) => [cellLeft(name, width, 'strong')],
    },
    { ...right('done', 7, 3), cell: ({ doneBytes }, width) => [cellRight(bytesText(doneBytes), width)] },
    {
      ...right('size', 7, 4),
      cell: ({ totalBytes }, width) => [
        cellRight(totalBytes === undefined ? trusted(GLYPHS.dash) : bytesText(totalBytes), width),
      ],
    },
    { ...right('%', 4, 1), cell: (row, width) => [cellRight(shareText(row), width)] },
    {
      ...right('rate', 9, 3),
      cell: ({ bytesPerSecond }, width) => [
        cellRight(bytesPerSecond === 0 ? trusted(GLYPHS.dash) : safe`${bytesText(bytesPerSecond)}/s`, width),
      ],
    },
    { ...right('left', 6, 2), cell: (row, width) => [cellRight(leftText(row), width)] },
    {
      ...{ head: 'state', min: 9, max: 32, rank: 1 },
      needs: (row) => textWidth(stateText(row, nowMs)),
      cell: (row, width) => [
        cellLeft(stateText(row, nowMs), width, row.phase === 'waiting' ? 'warn' : 'plain'),
      ],
    },
  ];
}

function shareText({ doneBytes, totalBytes }: SafeTransferRow): SafeText {
  if (totalBytes === undefined) return trusted(GLYPHS.dash);
  return trusted(String(totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100)));
}

function leftText({ doneBytes, totalBytes, bytesPerSecond }: SafeTransferRow): SafeText {
  if (totalBytes === undefined || bytesPerSecond === 0) return trusted(GLYPHS.dash);
  return durationText((totalBytes - doneBytes) / bytesPerSecond);
}

/** What it does, and what was there already when this connection began. */
function stateText({ phase, idleSinceMs, resumedBytes }: SafeTransferRow, nowMs: number): SafeText {
  if (phase === 'waiting')
    return idleSinceMs === undefined ? trusted('waits') : safe`waits, idle ${ageText(nowMs - idleSinceMs)}`;
  return resumedBytes > 0 ? safe`${trusted(phase)}, resumed at ${bytesText(resumedBytes)}` : trusted(phase);
}

/** Visible rows, under their head. */
function rowsIn(size: KeyContext['ui']['size']): number {
  return Math.max(1, dialogHeight(size, TRANSFER_ROWS) - 1);
}
