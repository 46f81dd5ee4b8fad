import type { ActionId } from './action-id.ts';

/** Keys that dialogs and filters leave alone. */
export const EVERYWHERE: Readonly<Record<string, ActionId>> = {
  'ctrl-z': 'suspend',
  'ctrl-s': 'save-screen',
  'alt-r': 'read-pane',
  'alt-w': 'read-all',
};
