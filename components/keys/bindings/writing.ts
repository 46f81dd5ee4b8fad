import { type Binding, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

const isTransferring = ({ transfer }: KeyContext): boolean => transfer !== undefined;

const isCommand = ({ chatLine }: KeyContext): boolean => chatLine.startsWith('!');

/** The keys of the chat line. */
export const WRITING_KEYS: readonly Binding[] = [
  on('writing', 'enter', ['send', 'send'], { footer: 1 }),
  on('writing', 'tab', ['complete', 'complete, in a line that starts with !'], {
    footer: 2,
    applies: isCommand,
  }),
  on('writing', 'tab', ['next-pane', 'next pane, in any other line'], {
    footer: 2,
    applies: (context) => !isCommand(context),
  }),
  on('writing', 'escape', ['leave', 'stop typing'], { footer: 3 }),
  on('writing', '', ['cancel-transfer', 'cancel the transfer, while there is one'], {
    press: 'Esc c',
    footer: 1,
    applies: isTransferring,
  }),
  on('writing', 'up', ['older-line', 'previous line']),
  on('writing', 'down', ['newer-line', 'next line']),
  on('writing', 'ctrl-c', ['stop-command', 'stop the command, while one runs'], {
    footer: 0,
    applies: (context) => context.isShellRunning,
  }),
  on('writing', 'ctrl-c', ['quit', 'quit'], { footer: 5, applies: (context) => !context.isShellRunning }),
  on('writing', 'alt-1', ['focus-peers', 'peers'], { footer: 6 }),
  on('writing', 'alt-2', ['focus-queues', 'queues']),
  on('writing', 'alt-3', ['focus-log', 'log'], { footer: 6 }),
  on('writing', 'alt-4', ['write', 'chat']),
];
