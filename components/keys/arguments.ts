/** The words after a command of the palette: what may stand there, and what they name. */

import { commonPrefix } from '../state/completion.ts';
import { PANES, PEER_SORTS, QUEUE_SORTS } from '../state/ui-state.ts';
import { THEMES } from '../themes/themes.ts';
import type { TypedCommand } from './dispatcher.ts';
import type { KeyContext } from './key-context.ts';

/** What the first word may be, beginning as it does. */
export function argumentsFor({ binding, words }: TypedCommand, context: KeyContext): readonly string[] {
  return candidates(binding.argument, context).filter((one) => one.startsWith(words));
}

/** The line with its argument completed as far as it is clear. */
export function completedLine(typed: TypedCommand, fitting: readonly string[]): string {
  const common = fitting.reduce(commonPrefix, fitting[0] ?? typed.words);
  return `${typed.binding.command} ${common}`;
}

function candidates(
  argument: TypedCommand['binding']['argument'],
  { ui, data }: KeyContext,
): readonly string[] {
  switch (argument) {
    case 'peer':
      return (data.peers?.rows ?? []).map(({ name }) => name);
    case 'sort':
      return ui.focus === 'queues' ? QUEUE_SORTS : PEER_SORTS;
    case 'pane':
      return PANES;
    case 'theme':
      return THEMES;
    case undefined:
      return [];
  }
}
