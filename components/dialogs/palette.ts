/** All commands by name; typing filters them, Enter runs the selected one. */
import type { UiContext } from '../control/ui-context.ts';
import type { Binding } from '../keys/binding.ts';
import { attempt, paletteEntries, typedCommand } from '../keys/dispatcher.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { trusted } from '../terminal/sanitize.ts';
import { cellLeft, fit, type Line, plain } from '../widgets/line.ts';
import { type DialogDefinition, showDialog } from './dialog.ts';
import { dialogHeight, dialogWidth } from './dialog-box.ts';
import { CODE_CHARACTERS_MAX, codeIn } from './join.ts';
import { CLOSE_HINT, type ListDialog, listBox, PICK_HINT, pressInList, RUN_HINT } from './list-box.ts';

interface Palette extends ListDialog {
  readonly kind: 'palette';
}

const PALETTE_WIDTH = 56;
const PALETTE_ROWS = 10;

export function openPalette(control: UiContext): void {
  control.prompt.open('', CODE_CHARACTERS_MAX);
  showDialog<Palette>(control, { kind: 'palette', selected: 0 });
}

export const paletteDialog: DialogDefinition<Palette> = {
  kind: 'palette',
  hints: [PICK_HINT, RUN_HINT, ['Tab', 'complete'], CLOSE_HINT],

  afterTyping: (dialog) => ({ ...dialog, selected: 0 }),

  pasted: (text, typed) => (typedCommand(typed)?.binding.action === 'join' ? codeIn(text) : text),

  draw({ selected }, context, typed) {
    const { size } = context.ui;
    const width = dialogWidth(size, PALETTE_WIDTH);
    const rows = dialogHeight(size, PALETTE_ROWS + 1) - 1;
    const total = paletteEntries('').length;
    return listBox(paletteEntries(typed), (binding) => fit(paletteLine(binding, context), width), {
      title: 'Command',
      ...{ width, rows, selected, total, size },
    });
  },

  press(key, dialog, context) {
    const { prompt } = context.control;
    const entries = paletteEntries(prompt.text);
    const command = entries[dialog.selected]?.command;
    if (key.name === 'tab' && command !== undefined) {
      if (typedCommand(prompt.text) === undefined) prompt.open(command, CODE_CHARACTERS_MAX);
    } else pressInList(key, dialog, context, entries);
  },
};

function paletteLine(binding: Binding, context: KeyContext): Line {
  const isPossible = attempt(binding, context).kind === 'action';
  const { label, words } = binding;
  return [
    cellLeft(trusted(` ${binding.command ?? ''}`), 18, isPossible ? 'strong' : 'faint'),
    plain(words === undefined ? ` ${label}` : ` ${label}: ${words}`, isPossible ? 'plain' : 'faint'),
  ];
}
