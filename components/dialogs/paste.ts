/** Asks what to do with a paste of several lines. */
import type { UiContext } from '../control/ui-context.ts';
import { counted } from '../state/format.ts';
import { safe, sanitize } from '../terminal/sanitize.ts';
import { clip } from '../terminal/width.ts';
import { paragraph, plain, span } from '../widgets/line.ts';
import { pasteLines } from '../widgets/line-editor.ts';
import { CHOOSE_HINT, choices, ENTER_HINT, movedChoice } from './choices.ts';
import { closeDialog, type DialogDefinition, showDialog } from './dialog.ts';
import { centred, dialogWidth, QUESTION_WIDTH } from './dialog-box.ts';

interface PasteQuestion {
  readonly kind: 'paste';
  readonly text: string;
  readonly first: string;
  readonly lineCount: number;
  readonly choice: PasteChoice;
}

type PasteChoice = 'cancel' | 'one' | 'message' | 'lines';

/** More lines than this are a document, not a conversation. */
const PASTE_LINES_MAX = 100;

/** `begun`: what was typed of its first line, in a terminal that does not mark pastes. */
export function askAboutPaste(control: UiContext, text: string, begun: string): void {
  const lineCount = pasteLines(text);
  const first = (begun + text).split('\n', 1)[0] ?? '';
  showDialog<PasteQuestion>(control, { kind: 'paste', text, first, lineCount, choice: 'cancel' });
}

export const pasteDialog: DialogDefinition<PasteQuestion> = {
  kind: 'paste',
  hints: [CHOOSE_HINT, ENTER_HINT, ['Esc', 'cancel']],

  draw(dialog, { ui }) {
    const { first, lineCount } = dialog;
    const width = dialogWidth(ui.size, QUESTION_WIDTH);
    const warning = safe`More than ${PASTE_LINES_MAX} lines: send them as a file with !upload.`;
    const lines = [
      [plain('starts with '), span(clip(sanitize(first.slice(0, 200)), width - 12), 'faint')],
      ...(lineCount <= PASTE_LINES_MAX ? [] : paragraph(warning, width, 'warn')),
      [],
      choices(answersTo(lineCount), dialog.choice),
    ];
    return centred({ title: safe`Paste of ${counted(lineCount, 'line')}`, width, lines }, ui.size);
  },

  press(key, dialog, { control, chat }) {
    const order = answersTo(dialog.lineCount).map(([id]) => id);
    const choice = movedChoice(key, order, dialog.choice);
    if (choice !== undefined) return showDialog(control, { ...dialog, choice });
    if (key.name !== 'enter') return;
    closeDialog(control);
    if (dialog.choice !== 'cancel') chat.pasteAs(dialog.text, dialog.choice);
  },
};

function answersTo(lineCount: number): readonly (readonly [PasteChoice, string])[] {
  const all = [
    ['cancel', 'Cancel'],
    ['one', 'As one line'],
    ['message', 'As one message'],
  ] as const;
  return lineCount <= PASTE_LINES_MAX ? [...all, ['lines', `Send ${lineCount} lines`]] : all;
}
