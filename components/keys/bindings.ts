import { type Binding, type KeyScope, named, on } from './binding.ts';
import type { KeyContext } from './key-context.ts';

const BOTH: readonly KeyScope[] = ['any pane', 'writing'];

const needsPeer = ({ data, peer }: KeyContext): string | undefined => {
  if ((data.peers?.matched ?? 0) === 0) return 'There are no peers yet.';
  return peer === undefined ? 'Select a peer first, with ↑ or ↓.' : undefined;
};

const needsConnectedPeer = (context: KeyContext): string | undefined =>
  needsPeer(context) ?? (context.peer?.state === 'connected' ? undefined : 'That peer is not connected.');

const needsCertificate = (context: KeyContext): string | undefined => {
  const { status } = context.data;
  if (status?.canDeleteCertificates !== true) return 'Certificates can only be deleted with mutual TLS.';
  if (status.asksForCertificate) return 'This client has no certificate yet.';
  return needsPeer(context);
};

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

const needsQueue = ({ queue }: KeyContext): string | undefined =>
  queue === undefined ? 'No queue is selected.' : undefined;

const needsLogRow = ({ logRow }: KeyContext): string | undefined =>
  logRow === undefined ? 'No row is selected.' : undefined;

const needsChatRow = ({ chatRow }: KeyContext): string | undefined =>
  chatRow === undefined ? 'No row is selected.' : undefined;

const needsTransfer = ({ transfer }: KeyContext): string | undefined =>
  transfer === undefined ? 'No transfer is running in this conversation.' : undefined;

const hasJoinRequests = ({ data }: KeyContext): boolean => (data.status?.joinRequests.length ?? 0) > 0;

const needsJoinRequest = (context: KeyContext): string | undefined =>
  hasJoinRequests(context) ? undefined : 'There are no connection requests.';

/** A client can reconnect; a server that failed to listen can listen again. */
const mayRetry = ({ data }: KeyContext): boolean =>
  data.status?.role === 'client' || ['failed', 'stopped'].includes(data.status?.phase.kind ?? '');

const needsReasonToRetry = ({ data }: KeyContext): string | undefined =>
  ['retrying', 'refused', 'failed', 'stopped'].includes(data.status?.phase.kind ?? '')
    ? undefined
    : 'Already connected or connecting.';

const isTransferring = ({ transfer }: KeyContext): boolean => transfer !== undefined;

const needsChatPeer = ({ chatPeer }: KeyContext): string | undefined =>
  chatPeer === undefined ? 'There is no peer in this conversation yet.' : undefined;

const isCommand = ({ chatLine }: KeyContext): boolean => chatLine.startsWith('!');
const isFiltered = ({ ui }: KeyContext): boolean => ui[ui.focus].filter !== '';

/** The one table of keys. The dispatcher, the footer, the help, the palette and the README use it. */
export const BINDINGS: readonly Binding[] = [
  on('peers', 'enter v', ['who', 'view, with its fingerprint words'], {
    command: 'who',
    footer: 1,
    refusal: needsPeer,
  }),
  on('peers', 't', ['talk', 'talk'], { command: 'talk', footer: 1, refusal: needsPeer }),
  on('peers', 'i', ['ignore', 'ignore, or unignore'], {
    command: 'ignore',
    cliName: 'ignore_peer_traffic',
    footer: 2,
    refusal: needsPeer,
  }),
  on('peers', 'd', ['delete-certificate', 'delete certificate'], {
    command: 'delete-certificate',
    cliName: 'delete_client_certificate',
    footer: 3,
    refusal: needsCertificate,
  }),
  on('peers', 'p', ['ping', 'ping'], { command: 'ping', footer: 3, refusal: needsConnectedPeer }),
  on('peers', 'x', ['disconnect', 'disconnect'], {
    command: 'disconnect',
    cliName: 'disconnect_client',
    footer: 4,
    refusal: needsConnectedPeer,
  }),
  on('queues', 'w enter', ['why', 'why is it stuck?'], { command: 'why', footer: 1, refusal: needsQueue }),
  on('log', 'enter o', ['open-log-row', 'open'], { command: 'open', footer: 1, refusal: needsLogRow }),
  on('chat', 'enter', ['write', 'write'], { footer: 1 }),
  on('chat', 'o', ['open-chat-row', 'open the row'], { footer: 2, refusal: needsChatRow }),
  on('chat', 'c', ['cancel-transfer', 'cancel the transfer, while there is one'], {
    command: 'cancel',
    footer: 1,
    refusal: needsTransfer,
  }),
  on('chat', 'v', ['who', 'view the peer, with its fingerprint words'], {
    footer: 3,
    refusal: needsChatPeer,
  }),

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

  on('any pane', 'r', ['dial', 'retry connecting or listening'], {
    command: 'retry',
    footer: 0,
    applies: mayRetry,
    refusal: needsReasonToRetry,
  }),
  on('any pane', 'a r', ['answer', 'accept or refuse'], {
    command: 'answer',
    footer: 0,
    applies: ({ data }) => data.status?.role === 'server',
    refusal: needsJoinRequest,
  }),
  on(BOTH, 'alt-a', ['answer', 'accept or refuse, also while writing'], { applies: hasJoinRequests }),

  on('any pane', '/', ['filter', 'filter'], { command: 'filter', footer: 10 }),
  on('any pane', 'escape', ['clear-filter', 'show all'], { footer: 9, applies: isFiltered }),
  on(['peers', 'queues'], 's', ['sort', 'sort'], { command: 'sort', footer: 11 }),
  on(['peers', 'queues'], 'S', ['reverse', 'reverse the order'], { command: 'reverse' }),
  on('any pane', 'j down', ['down', 'down']),
  on('any pane', 'k up', ['up', 'up']),
  on(BOTH, 'pagedown', ['page-down', 'page down']),
  on(BOTH, 'pageup', ['page-up', 'page up']),
  on('any pane', 'home g', ['first', 'first row']),
  on('any pane', 'end G', ['last', 'last row, and follow']),

  on('any pane', 'I', ['ignore-all', 'ignore all peers, or unignore'], { command: 'ignore-all' }),
  on('any pane', '1 alt-1', ['focus-peers', 'peers'], {
    command: 'peers',
    cliName: 'show_connected_peers',
  }),
  on('any pane', '2 alt-2', ['focus-queues', 'queues'], { command: 'queues', cliName: 'peek_queues' }),
  on('any pane', '3 alt-3', ['focus-log', 'log'], { command: 'log' }),
  on('any pane', '4 alt-4', ['write', 'write in the chat'], { command: 'chat' }),
  named('invite', 'invite a new client', ['invite', needsMutualServer], { words: 'NAME [HOURS]' }),
  named('join', 'become a client by invitation', ['join', needsNoServer], { words: 'CODE' }),
  named('stop', 'drain the queues and stop the connector', ['stop', needsRunning]),
  named('stop hard', 'stop the connector at once', ['stop-hard', needsRunning]),
  named('start', 'start the connector', ['start', needsStopped]),
  named('restart', 'drain the queues and restart the connector', ['restart', needsRunning]),
  named('restart hard', 'restart the connector at once', ['restart-hard', needsRunning]),
  on('any pane', 'tab', ['next-pane', 'next pane'], { footer: 13 }),
  on(BOTH, 'shift-tab', ['previous-pane', 'previous pane']),
  on('any pane', 'z', ['zoom', 'zoom'], { command: 'zoom', footer: 14 }),
  on('writing', 'alt-z', ['zoom', 'zoom']),
  on('any pane', ':', ['palette', 'command'], { footer: 15 }),
  on('any pane', '? f1', ['help', 'help'], { command: 'help', footer: 6 }),
  on('writing', 'f1', ['help', 'help'], { footer: 4 }),
  on(BOTH, 'ctrl-l', ['repaint', 'redraw the screen'], { command: 'repaint' }),
  on('any pane', 'q ctrl-c', ['quit', 'quit, or detach from a daemon'], { command: 'quit', footer: 7 }),
];

/** Commands and marks that the help explains besides the keys. */
export const LEGEND: readonly (readonly [shown: string, place: string, label: string])[] = [
  ['!upload', 'chat line', '<path>: sends a file or a directory (to Python: as a zip)'],
  ['!import', 'chat line', '<name>: copies a received file or directory to the working directory'],
  ['!zimport', 'chat line', '<name>: unzips a received file into the working directory'],
  ['!exit', 'chat line', 'quits aioc, or detaches from a daemon'],
  [
    '!…',
    'chat line',
    'any other text runs in your local shell; start with \\! to send a line that starts with !',
  ],
  ['✓', 'chat mark', 'the peer has acknowledged it (Python acks on receipt)'],
  ['→', 'chat mark', 'sent, not acknowledged yet'],
  ['…', 'chat mark', 'waiting to be sent'],
  ['queued', 'log', 'out: waiting to be sent'],
  ['sent', 'log', 'out: written to the connection'],
  ['peer has it', 'log', 'out: stored and acknowledged by the peer'],
  ['received by Python', 'log', 'out: acknowledged by Python, which acks before it stores or delivers'],
  ['arrived', 'log', 'in: not stored yet'],
  ['stored', 'log', 'in: on disk, not taken by a listener yet'],
  ['in memory', 'log', 'in: not stored on disk, not taken by a listener yet'],
  ['taken', 'log', 'in: its listener has processed it; in the chat: shown'],
  ['handed over', 'log', 'in: written to a Python listener’s socket, which sends no ack'],
  ['●', 'peer', 'connected'],
  ['○', 'peer', 'away'],
  ['⊘', 'peer', 'ignored: new messages are dropped and counted'],
  ['✕', 'peer', 'refused'],
];
