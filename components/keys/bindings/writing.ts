import { type Binding, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

const isTransferring = ({ transfer }: KeyContext): boolean => transfer !== undefined;

const isPending = ({ ui }: KeyContext): boolean => ui.pending !== undefined;

const isCommand = ({ chatLine, ui }: KeyContext): boolean =>
  chatLine.startsWith('!') && ui.completes !== false;

const isChoosing = ({ ui }: KeyContext): boolean => ui.candidates !== undefined;

const runsCommand = ({ isShellRunning, data }: KeyContext): boolean =>
  isShellRunning || (data.status?.exec?.running.length ?? 0) > 0;

/** The keys of the chat line. */
export const WRITING_KEYS: readonly Binding[] = [
  on('writing', 'enter', ['send', 'send'], { footer: 1 }),
  on('writing', 'tab', ['complete', 'complete, in a line that starts with !; again: next of several'], {
    footer: 2,
    applies: isCommand,
    otherwise: 'The line does not start with !.',
  }),
  on('writing', 'tab', ['next-pane', 'next pane, in any other line'], {
    footer: 2,
    applies: (context) => !isCommand(context),
    otherwise: 'The line starts with !: Tab completes it.',
  }),
  on('writing', 'shift-tab', ['complete-back', 'previous of several completions'], {
    footer: 2,
    applies: isChoosing,
    otherwise: 'There is no list of completions.',
  }),
  on('writing', 'shift-tab', ['previous-pane', 'previous pane'], {
    applies: (context) => !isChoosing(context),
    otherwise: 'A list of completions is open.',
  }),
  on('writing', 'escape', ['take-back', 'take a completion back'], {
    footer: 2,
    applies: isChoosing,
    otherwise: 'There is no list of completions.',
  }),
  on('writing', 'escape', ['undo', 'undo, during the five seconds before an action'], {
    applies: (context) => isPending(context) && !isChoosing(context),
    otherwise: 'No action is counting down.',
  }),
  on('writing', 'escape', ['leave', 'stop typing'], {
    footer: 3,
    applies: (context) => !isPending(context) && !isChoosing(context),
    otherwise: 'Esc first takes back an action that counts down, or a completion.',
  }),
  on('writing', '', ['cancel-transfer', 'cancel the transfer, while there is one'], {
    press: 'Esc c',
    footer: 1,
    applies: isTransferring,
    otherwise: 'No transfer is running in this conversation.',
  }),
  on('writing', 'up', ['older-line', 'previous line']),
  on('writing', 'down', ['newer-line', 'next line']),
  on('writing', 'ctrl-r', ['search', 'search the earlier lines; again: an older one']),
  on('writing', 'ctrl-c', ['stop-command', 'stop the command, while one runs'], {
    footer: 0,
    applies: runsCommand,
    otherwise: 'No command is running.',
  }),
  on('writing', 'ctrl-c', ['quit', 'quit'], {
    footer: 5,
    applies: (context) => !runsCommand(context),
    otherwise: 'A command is running: Ctrl-C stops it first.',
  }),
  on('writing', 'alt-1', ['focus-peers', 'peers'], { footer: 6 }),
  on('writing', 'alt-2', ['focus-queues', 'queues']),
  on('writing', 'alt-3', ['focus-log', 'log'], { footer: 6 }),
  on('writing', 'alt-4', ['write', 'chat']),
];
