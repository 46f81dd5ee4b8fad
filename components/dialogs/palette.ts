/** All commands by name; typing filters them, Enter runs the selected one. */
import type { UiContext } from '../control/ui-context.ts';
import { argumentsFor, completedLine } from '../keys/arguments.ts';
import type { Binding } from '../keys/binding.ts';
import { attempt, paletteEntries, typedCommand } from '../keys/dispatcher.ts';
import type { KeyContext } from '../keys/key-context.ts';
import { sanitize, trusted } from '../terminal/sanitize.ts';
import { cellLeft, fit, type Line, plain } from '../widgets/line.ts';
import { type DialogContext, type DialogDefinition, showDialog } from './dialog.ts';
import { dialogHeight, dialogWidth } from './dialog-box.ts';
import { CODE_CHARACTERS_MAX, codeIn } from './join.ts';
import { CLOSE_HINT, type ListDialog, listBox, PICK_HINT, pressInList, RUN_HINT } from './list-box.ts';

interface Palette extends ListDialog {
  readonly kind: 'palette';
  /** How many lines back in the history. */
  readonly walked?: number;
}

const PALETTE_WIDTH = 56;
const PALETTE_ROWS = 10;
const CHOICES_SHOWN = 12;

export function openPalette(control: UiContext): void {
  control.prompt.open('', CODE_CHARACTERS_MAX);
  showDialog<Palette>(control, { kind: 'palette', selected: 0 });
}

export const paletteDialog: DialogDefinition<Palette> = {
  kind: 'palette',
  hints: [PICK_HINT, RUN_HINT, ['Tab', 'complete'], ['↑', 'earlier commands'], CLOSE_HINT],

  afterTyping: () => ({ kind: 'palette', selected: 0 }),

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
    if (key.name === 'tab') completeIn(context, command);
    else if (key.name === 'up' && (prompt.text === '' || dialog.walked !== undefined))
      recall(context, (dialog.walked ?? 0) + 1);
    else if (key.name === 'down' && dialog.walked !== undefined) recall(context, dialog.walked - 1);
    else {
      if (key.name === 'enter') remember(context);
      pressInList(key, dialog, context, entries);
    }
  },
};

/** Completes the command, or what follows it; several that fit are shown in the footer. */
function completeIn({ control }: DialogContext, command: string | undefined): void {
  const { prompt } = control;
  const typed = typedCommand(prompt.text);
  if (typed === undefined) {
    if (command !== undefined) prompt.open(command, CODE_CHARACTERS_MAX);
    return;
  }
  const fitting = argumentsFor(typed, control.context());
  if (fitting.length === 0) return;
  prompt.open(completedLine(typed, fitting), CODE_CHARACTERS_MAX);
  if (fitting.length > 1) control.toast('info', sanitize(fitting.slice(0, CHOICES_SHOWN).join('  ')));
}

/** The line that was run `back` lines ago; 0 is an empty one. */
function recall({ control }: DialogContext, back: number): void {
  const { commands } = control.ui();
  const walked = Math.max(0, Math.min(back, commands.length));
  if (commands.length === 0) return;
  control.prompt.open(walked === 0 ? '' : (commands.at(-walked) ?? ''), CODE_CHARACTERS_MAX);
  showDialog<Palette>(control, { kind: 'palette', selected: 0, ...(walked > 0 && { walked }) });
}

/** Keeps the line for the next time. The code of an invitation is a secret, and is not kept. */
function remember({ control }: DialogContext): void {
  const line = control.prompt.text.trim();
  if (line !== '' && !line.toLowerCase().startsWith('join')) control.change({ kind: 'command', line });
}

function paletteLine(binding: Binding, context: KeyContext): Line {
  const isPossible = attempt(binding, context).kind === 'action';
  const { label, words } = binding;
  return [
    cellLeft(trusted(` ${binding.command ?? ''}`), 18, isPossible ? 'strong' : 'faint'),
    plain(words === undefined ? ` ${label}` : ` ${label}: ${words}`, isPossible ? 'plain' : 'faint'),
  ];
}
