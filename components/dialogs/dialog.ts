import type { KeyContext } from '../keys/key-context.ts';
import type { Overlay } from './dialog-box.ts';
import { detailDialog, helpDialog, paletteDialog } from './list-dialogs.ts';
import {
  confirmDialog,
  newcomerDialog,
  pasteDialog,
  quitDialog,
  typedConfirmDialog,
} from './question-dialogs.ts';

/** The open dialog as it lies over the panes, if there is one. */
export function dialogOverlay(context: KeyContext): Overlay | undefined {
  const { ui, data } = context;
  const { dialog } = ui;
  if (dialog === undefined) return undefined;
  const ground = { data, size: ui.size, nowMs: ui.nowMs };
  switch (dialog.kind) {
    case 'join-request':
      return newcomerDialog(dialog, ground);
    case 'quit':
      return quitDialog(dialog, ground, ui.attached !== undefined);
    case 'confirm':
      return confirmDialog(dialog, ground);
    case 'certain':
      return typedConfirmDialog(dialog, ground);
    case 'paste':
      return pasteDialog(dialog, ground);
    case 'help':
      return helpDialog(dialog, context);
    case 'palette':
      return paletteDialog(dialog, context);
    case 'detail':
      return detailDialog(dialog, context);
  }
}
