/** Changes of what is kept beside the panes: choices of earlier runs, commands that were typed or sent. */
import type { ThemeName } from '../themes/themes.ts';
import { withChoices, withCommand } from './preferences.ts';
import type { ExecutedCommand, UiState } from './ui-state.ts';

/** Commands that `@` shows. */
const EXECUTED_KEPT = 200;

export type KeptAction =
  | { readonly kind: 'remembered'; readonly choices: unknown }
  | { readonly kind: 'executed'; readonly entry: ExecutedCommand }
  | { readonly kind: 'clipboard' | 'mouse'; readonly on: boolean }
  | { readonly kind: 'theme'; readonly theme: ThemeName }
  | { readonly kind: 'command'; readonly line: string }
  /** The line for another machine gets the next of this machine's addresses. */
  | { readonly kind: 'next-address' }
  | { readonly kind: 'answered'; readonly id: number; readonly answer: ExecutedCommand['answer'] & {} };

export function reduceKept(ui: UiState, action: KeptAction): UiState {
  switch (action.kind) {
    case 'remembered':
      return withChoices(ui, action.choices);
    case 'executed':
      return { ...ui, executed: [...ui.executed, action.entry].slice(-EXECUTED_KEPT) };
    case 'answered':
      return {
        ...ui,
        executed: ui.executed.map((one) => (one.id === action.id ? { ...one, answer: action.answer } : one)),
      };
    case 'clipboard':
      return { ...ui, clipboard: action.on };
    case 'mouse':
      return { ...ui, mouse: action.on };
    case 'theme':
      return { ...ui, theme: action.theme };
    case 'next-address':
      return { ...ui, addressAt: ui.addressAt + 1 };
    case 'command':
      return { ...ui, commands: withCommand(ui.commands, action.line) };
  }
}
