/** What makes a dialog: one file each in this folder, collected in the table of `dialogs.ts`. */
import type { UiContext } from '../control/ui-context.ts';
import type { ActionId } from '../keys/binding.ts';
import type { KeyContext } from '../keys/key-context.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import type { Key } from '../terminal/key-event.ts';
import type { Overlay } from './dialog-box.ts';

/** A key, and what it does, for the footer. */
export type KeyHint = readonly [key: string, label: string];

/** What a dialog may do when it gets a key. */
export interface DialogContext {
  readonly control: UiContext;
  readonly chat: { pasteAs(text: string, how: 'one' | 'lines'): void };
  run(action: ActionId): void;
}

export interface DialogDefinition<State extends OpenDialog> {
  readonly kind: State['kind'];
  readonly hints: readonly KeyHint[];
  /** Shows how much time is left: the clock then moves every ten seconds instead of every minute. */
  readonly showsTimeLeft?: boolean;
  /** Only with a prompt: the state after the prompt's text has changed. */
  afterTyping?(dialog: State): State;
  /** The dialog as it lies over the panes; undefined when there is nothing to show any more. */
  draw(dialog: State, context: KeyContext, typed: string): Overlay | undefined;
  /** Any key but Esc, which closes every dialog. */
  press(key: Key, dialog: State, context: DialogContext): void;
}

export function closeDialog(control: UiContext): void {
  control.change({ kind: 'dialog', dialog: undefined });
}

export function showDialog<State extends OpenDialog>(control: UiContext, dialog: State): void {
  control.change({ kind: 'dialog', dialog });
}
