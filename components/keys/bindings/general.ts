import { marksOf } from '../../state/marks.ts';
import { wayBack } from '../../state/way-back.ts';
import { type Binding, type KeyScope, named, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

/** On a screen, where nothing is read aloud. */
export const READER_ONLY = 'Start aioc with --screen-reader: then it reads out.';

const BOTH: readonly KeyScope[] = ['any pane', 'writing'];

const needsConfiguration = ({ data }: KeyContext): string | undefined =>
  data.status?.configured === true ? undefined : 'This needs a connector with a configuration file.';

const needsMutualServer = ({ data }: KeyContext): string | undefined => {
  const { role, security } = data.status ?? {};
  return role === 'server' && security === 'mutual-tls'
    ? undefined
    : 'Only a server with mutual TLS can invite clients.';
};

/** A connector without a configuration may become a client; a configured server stays one. */
const needsNoServer = ({ data }: KeyContext): string | undefined =>
  data.status?.role === 'server' && data.status.configured
    ? 'This connector is a server. A client joins one: run aioc join in a shell.'
    : undefined;

const needsStopped = (context: KeyContext): string | undefined =>
  needsConfiguration(context) ??
  (['stopped', 'failed'].includes(context.data.status?.phase.kind ?? '')
    ? undefined
    : 'The connector is already running.');

const needsRunning = (context: KeyContext): string | undefined =>
  needsConfiguration(context) ??
  (context.data.status?.phase.kind === 'stopped' ? 'The connector is already stopped.' : undefined);

/** Connection requests, and commands of peers. */
const isAsked = ({ data }: KeyContext): boolean => {
  const { joinRequests = [], exec } = data.status ?? {};
  return joinRequests.length + (exec?.requests.length ?? 0) > 0;
};

const needsRequest = (context: KeyContext): string | undefined =>
  isAsked(context) ? undefined : 'There are no connection requests.';

/** A client can reconnect; a server that failed to listen can listen again. */
const mayRetry = ({ data }: KeyContext): boolean =>
  data.status?.role === 'client' || ['failed', 'stopped'].includes(data.status?.phase.kind ?? '');

const hasOtherAddress = ({ data, ui }: KeyContext): boolean =>
  data.status?.role === 'server' &&
  data.status.phase.kind === 'listening' &&
  (ui.content.isFirstRun || (ui.chatPeer === undefined && !ui.isConnector)) &&
  data.status.ownAddresses.length > 1;

const needsReasonToRetry = ({ data }: KeyContext): string | undefined =>
  ['retrying', 'refused', 'failed', 'stopped'].includes(data.status?.phase.kind ?? '')
    ? undefined
    : 'Already connected or connecting.';

const always = (): undefined => undefined;

const needsSelection = ({ ui, peer, queue, logRow, chatRow }: KeyContext): string | undefined => {
  const rows = { peers: peer, queues: queue, log: logRow, chat: chatRow };
  return rows[ui.focus] === undefined ? 'No row is selected.' : undefined;
};

const needsMark = (context: KeyContext): string | undefined =>
  marksOf(context.ui).size === 0 ? 'Mark a row first, with Space.' : needsSelection(context);

const needsSought = ({ ui }: KeyContext): string | undefined =>
  ui.sought[ui.focus] === undefined ? 'Filter first, with /: n goes to what it finds.' : undefined;

const needsReader = ({ ui }: KeyContext): string | undefined => (ui.isLinear ? undefined : READER_ONLY);

const isPending = ({ ui }: KeyContext): boolean => ui.pending !== undefined;

/** The keys of every pane and of the whole connector. */
export const GENERAL_KEYS: readonly Binding[] = [
  on('countdown', 'u escape', ['undo', 'undo, during the five seconds before an action'], {
    applies: isPending,
    otherwise: 'No action is counting down.',
  }),
  on('countdown', 'enter', ['act-now', 'act now, without waiting for the five seconds'], {
    applies: isPending,
    otherwise: 'No action is counting down.',
  }),
  on('any pane', 'r', ['dial', 'retry connecting or listening'], {
    command: 'retry',
    footer: 0,
    applies: mayRetry,
    otherwise: 'A server that listens waits for its clients.',
    refusal: needsReasonToRetry,
  }),
  on('any pane', 'a r', ['answer', 'accept or refuse'], {
    command: 'answer',
    footer: 0,
    applies: ({ data }) => data.status?.role === 'server' || data.status?.exec !== undefined,
    otherwise: 'Only a server is asked to accept clients.',
    refusal: needsRequest,
  }),
  on(BOTH, 'alt-a', ['answer', 'accept or refuse, also while writing'], {
    applies: isAsked,
    otherwise: 'There are no connection requests.',
  }),
  on('any pane', 'A', ['next-address', 'next address of this machine, in the line for another one'], {
    footer: 5,
    applies: hasOtherAddress,
    otherwise: 'That line is shown until the first peer comes, by a server with several addresses.',
    labelNow: () => 'next address',
  }),
  on('any pane', '/', ['filter', 'filter'], {
    command: 'filter',
    words: '[PANE] TEXT',
    argument: 'pane',
    footer: 10,
  }),
  on('any pane', 'escape', ['back', 'back: unmark, unfreeze, show all, follow, or unzoom'], {
    footer: 9,
    applies: ({ ui }) => wayBack(ui) !== undefined,
    otherwise: 'Nothing is marked, filtered, scrolled or zoomed here.',
    labelNow: ({ ui }) => wayBack(ui) ?? 'back',
  }),
  on(['peers', 'queues'], 's >', ['sort', 'sort by the next column'], {
    command: 'sort',
    words: '[COLUMN [up|down]]',
    argument: 'sort',
    footer: 11,
  }),
  on(['peers', 'queues'], '<', ['sort-back', 'sort by the previous column'], { command: 'sort-back' }),
  on(['peers', 'queues'], 'S', ['reverse', 'reverse the order'], { command: 'reverse' }),
  on(['peers', 'queues'], 'space', ['mark', 'mark the row, or take its mark away'], {
    refusal: needsSelection,
  }),
  on(['peers', 'queues'], 'V', ['mark-range', 'mark the rows from the nearest mark to here'], {
    refusal: needsMark,
  }),
  on(['peers', 'queues'], '*', ['mark-all', 'mark all rows that the filter shows'], {
    command: 'mark-all',
    refusal: needsSelection,
  }),
  on('any pane', 'n', ['next-match', 'next match of the filter, also when all is shown'], {
    refusal: needsSought,
  }),
  on('any pane', 'N', ['previous-match', 'previous match'], { refusal: needsSought }),
  on('any pane', 'j down', ['down', 'down']),
  on('any pane', 'k up', ['up', 'up']),
  on(BOTH, 'pagedown', ['page-down', 'page down']),
  on(BOTH, 'pageup', ['page-up', 'page up']),
  on('any pane', 'home g', ['first', 'first row']),
  on('any pane', 'end G', ['last', 'last row, and follow']),
  on('any pane', 'I', ['ignore-all', 'ignore all peers / stop ignoring'], { command: 'ignore-all' }),
  on('any pane', '1 alt-1', ['focus-peers', 'peers'], {
    command: 'peers',
    cliName: 'show_connected_peers',
  }),
  on('any pane', '2 alt-2', ['focus-queues', 'queues'], { command: 'queues', cliName: 'peek_queues' }),
  on('any pane', '3 alt-3', ['focus-log', 'log'], { command: 'log' }),
  on('any pane', '4 alt-4', ['write', 'write in the chat'], { command: 'chat' }),
  on('any pane', '5', ['transfers', 'files on their way'], { command: 'transfers' }),
  named('invite', 'invite a new client', ['invite', needsMutualServer], { words: 'NAME [HOURS]' }),
  named('join', 'become a client by invitation', ['join', needsNoServer], { words: 'CODE' }),
  named('stop', 'drain the queues and stop the connector', ['stop', needsRunning]),
  named('stop hard', 'stop the connector at once', ['stop-hard', needsRunning]),
  named('start', 'start the connector', ['start', needsStopped]),
  named('restart', 'drain the queues and restart the connector', ['restart', needsRunning]),
  named('restart hard', 'restart the connector at once', ['restart-hard', needsRunning]),
  on('any pane', 'tab', ['next-pane', 'next pane'], { footer: 13 }),
  on('any pane', 'shift-tab', ['previous-pane', 'previous pane']),
  on('any pane', 'z', ['zoom', 'zoom'], { command: 'zoom', footer: 14 }),
  on('writing', 'alt-z', ['zoom', 'zoom']),
  on('any pane', ':', ['palette', 'command'], { footer: 15 }),
  on('any pane', '? f1', ['help', 'help'], { command: 'help', footer: 6 }),
  on('writing', 'f1', ['help', 'help'], { footer: 4 }),
  on('any pane', 'y', ['copy', 'copy the row'], { command: 'copy', refusal: needsSelection }),
  named(
    'clipboard',
    'copy to the terminal’s clipboard (OSC 52), or show what to copy',
    ['clipboard', always],
    {
      words: 'on|off',
    },
  ),
  on('any pane', 'M', ['mouse', 'mouse on or off: wheel, and click to select'], {
    command: 'mouse',
    words: 'on|off',
  }),
  on('any pane', 'T', ['theme', 'the next colours'], {
    command: 'theme',
    words: '[auto|dark|light|high-contrast|colour-blind]',
    argument: 'theme',
  }),
  on('any pane', 'R alt-r', ['read-pane', 'read this pane, with --screen-reader'], {
    command: 'read',
    refusal: needsReader,
  }),
  on('any pane', 'W alt-w', ['read-all', 'read everything, with --screen-reader'], {
    command: 'read-all',
    refusal: needsReader,
  }),
  on('writing', 'alt-r', ['read-pane', 'read this pane, with --screen-reader'], { refusal: needsReader }),
  on('writing', 'alt-w', ['read-all', 'read everything, with --screen-reader'], { refusal: needsReader }),
  on('any pane', '@', ['command-log', 'what you did, as command lines'], { command: 'done' }),
  on(BOTH, 'ctrl-s', ['save-screen', 'write the screen to a file'], { command: 'save-screen' }),
  on(BOTH, 'ctrl-z', ['suspend', 'suspend aioc; fg in the shell brings it back']),
  on(BOTH, 'f12', ['cost', 'what drawing costs: frames, bytes, times'], { command: 'cost' }),
  on(BOTH, 'ctrl-l', ['repaint', 'redraw the screen'], { command: 'repaint' }),
  on('any pane', 'q ctrl-c', ['quit', 'quit, or detach from a daemon'], { command: 'quit', footer: 7 }),
];
