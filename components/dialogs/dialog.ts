import type { Facts } from '../keys/facts.ts';
import type { Overlay } from './dialog-box.ts';
import { detailDialog, helpDialog, paletteDialog } from './list-dialogs.ts';
import { certainDialog, confirmDialog, newcomerDialog, pasteDialog, quitDialog } from './question-dialogs.ts';

/** The open dialog as it lies over the panes, if there is one. */
export function dialogOverlay(facts: Facts): Overlay | undefined {
  const { ui, data } = facts;
  const { dialog } = ui;
  if (dialog === undefined) return undefined;
  const ground = { data, size: ui.size, nowMs: ui.nowMs };
  switch (dialog.kind) {
    case 'newcomer':
      return newcomerDialog(dialog, ground);
    case 'quit':
      return quitDialog(dialog, ground, ui.attached !== undefined);
    case 'confirm':
      return confirmDialog(dialog, ground);
    case 'certain':
      return certainDialog(dialog, ground);
    case 'paste':
      return pasteDialog(dialog, ground);
    case 'help':
      return helpDialog(dialog, facts);
    case 'palette':
      return paletteDialog(dialog, facts);
    case 'detail':
      return detailDialog(dialog, facts);
  }
}
