/** The parts of a dialog. Each dialog is one file in this folder and one entry in the table of `dialogs.ts`. */
import type { UiContext } from '../control/ui-context.ts';
import type { ActionId } from '../keys/action-id.ts';
import type { KeyContext } from '../keys/key-context.ts';
import type { OpenDialog } from '../state/ui-state.ts';
import type { Key } from '../terminal/key-event.ts';
import type { Overlay } from './dialog-box.ts';

/** A key, and what it does, for the footer. */
export type KeyHint = readonly [key: string, label: string];

/** What a dialog can reach when it gets a key. */
export interface DialogContext {
  readonly control: UiContext;
  readonly chat: { pasteAs(text: string, how: 'one' | 'message' | 'lines'): void };
  /** `words`: what the user has typed after a command of the palette. */
  run(action: ActionId, words?: string): void;
}

export interface DialogDefinition<State extends OpenDialog> {
  readonly kind: State['kind'];
  readonly hints: readonly KeyHint[];
  /** It shows a countdown: the clock then ticks every ten seconds instead of every minute. */
  readonly showsTimeLeft?: boolean;
  /** Only for dialogs with a prompt: the state after the prompt's text has changed. */
  afterTyping?(dialog: State): State;
  /** Only for dialogs with a prompt: the text of a paste to insert. Default: its first line. */
  pasted?(text: string, typed: string): string;
  /** Draws the dialog over the panes; undefined when its subject is gone. `typed` is the prompt's text. */
  draw(dialog: State, context: KeyContext, typed: string): Overlay | undefined;
  /** Handles a key. Esc never gets here: it closes every dialog. */
  press(key: Key, dialog: State, context: DialogContext): void;
}

/** The dialog behind it comes back, if there is one. */
export function closeDialog(control: UiContext): void {
  control.change({ kind: 'dialog', dialog: control.ui().dialog?.behind });
}

export function showDialog<State extends OpenDialog>(control: UiContext, dialog: State): void {
  control.change({ kind: 'dialog', dialog });
}
