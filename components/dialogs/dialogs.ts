/** The table of dialogs. To add a dialog, write its file and list it here. */
import type { KeyContext } from '../keys/key-context.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import type { KeyEvent } from '../terminal/key-event.ts';
import { commandLogDialog } from './command-log.ts';
import { detailDialog } from './detail.ts';
import { closeDialog, type DialogContext, type DialogDefinition } from './dialog.ts';
import type { Overlay } from './dialog-box.ts';
import { helpDialog } from './help.ts';
import { inviteDialog } from './invite.ts';
import { joinDialog } from './join.ts';
import { joinRequestDialog } from './join-request.ts';
import { messageDialog } from './message.ts';
import { paletteDialog } from './palette.ts';
import { pasteDialog } from './paste.ts';
import { peekDialog } from './peek.ts';
import { peerCommandDialog } from './peer-command.ts';
import { quitDialog } from './quit.ts';
import { transfersDialog } from './transfers.ts';
import { typedConfirmDialog } from './typed-confirm.ts';

const DIALOGS: ReadonlyMap<string, DialogDefinition<OpenDialog>> = new Map(
  [
    joinRequestDialog,
    peerCommandDialog,
    quitDialog,
    transfersDialog,
    typedConfirmDialog,
    inviteDialog,
    joinDialog,
    pasteDialog,
    peekDialog,
    detailDialog,
    messageDialog,
    helpDialog,
    commandLogDialog,
    paletteDialog,
  ].map((definition: DialogDefinition<OpenDialog>) => [definition.kind, definition]),
);

/** @throws Error for a dialog that is missing in the table */
export function definitionOf({ kind }: OpenDialog): DialogDefinition<OpenDialog> {
  const definition = DIALOGS.get(kind);
  if (definition === undefined) throw new Error(`The table of dialogs has no "${kind}".`);
  return definition;
}

/** The open dialog, drawn; undefined when none is open. */
export function dialogOverlay(context: KeyContext, typed: string): Overlay | undefined {
  const { dialog } = context.ui;
  return dialog && definitionOf(dialog).draw(dialog, context, typed);
}

export function hasPrompt(dialog: OpenDialog): boolean {
  return definitionOf(dialog).afterTyping !== undefined;
}

/** Handles a key while a dialog is open. Esc closes every dialog and never confirms anything. */
export function pressInDialog(event: KeyEvent, dialog: OpenDialog, context: DialogContext): void {
  if (event.kind === 'paste') {
    const { prompt } = context.control;
    const text = definitionOf(dialog).pasted?.(event.text, prompt.text) ?? event.text;
    if (hasPrompt(dialog)) prompt.paste(text);
  } else if (event.name === 'escape') closeDialog(context.control);
  else definitionOf(dialog).press(event, dialog, context);
}
