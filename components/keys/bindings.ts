import { type Binding, type KeyScope, named, on } from './binding.ts';
import type { KeyContext } from './key-context.ts';

const BOTH: readonly KeyScope[] = ['any pane', 'writing'];

const needsPeer = ({ data, peer }: KeyContext): string | undefined => {
  if ((data.peers?.matched ?? 0) === 0) return 'There is no peer to do that with yet.';
  return peer === undefined ? 'The selected peer is out of sight: choose one with ↑ or ↓.' : undefined;
};

const needsConnectedPeer = (context: KeyContext): string | undefined =>
  needsPeer(context) ?? (context.peer?.state === 'connected' ? undefined : 'That peer is not connected.');

const needsCertificate = (context: KeyContext): string | undefined => {
  const { status } = context.data;
  if (status?.canDeleteCertificates !== true) return 'Only mutual TLS has certificates to delete.';
  if (status.asksForCertificate) return 'This side has no certificate of its own yet.';
  return needsPeer(context);
};

const needsConfiguration = ({ data }: KeyContext): string | undefined =>
  data.status?.configured === true ? undefined : 'That is for a connector with a configuration file.';

const needsStopped = (context: KeyContext): string | undefined =>
  needsConfiguration(context) ??
  (['stopped', 'failed'].includes(context.data.status?.phase.kind ?? '')
    ? undefined
    : 'The connector has been started already.');

const needsRunning = (context: KeyContext): string | undefined =>
  needsConfiguration(context) ??
  (context.data.status?.phase.kind === 'stopped' ? 'The connector has been stopped already.' : undefined);

const needsQueue = ({ queue }: KeyContext): string | undefined =>
  queue === undefined ? 'There is no queue to explain.' : undefined;

const needsLogRow = ({ logRow }: KeyContext): string | undefined =>
  logRow === undefined ? 'There is no row yet.' : undefined;

const needsChatRow = ({ chatRow }: KeyContext): string | undefined =>
  chatRow === undefined ? 'There is no row yet.' : undefined;

const needsTransfer = ({ transfer }: KeyContext): string | undefined =>
  transfer === undefined ? 'Nothing is being transferred in this conversation.' : undefined;

const hasJoinRequests = ({ data }: KeyContext): boolean => (data.status?.joinRequests.length ?? 0) > 0;

const needsNewcomer = (context: KeyContext): string | undefined =>
  hasJoinRequests(context) ? undefined : 'Nobody is waiting to be let in.';

/** A client calls again, and a server that could not listen listens again. */
const mayTryAgain = ({ data }: KeyContext): boolean =>
  data.status?.role === 'client' || ['failed', 'stopped'].includes(data.status?.phase.kind ?? '');

const needsReasonToCall = ({ data }: KeyContext): string | undefined =>
  ['retrying', 'refused', 'failed', 'stopped'].includes(data.status?.phase.kind ?? '')
    ? undefined
    : 'There is no need to call again now.';

const isTransferring = ({ transfer }: KeyContext): boolean => transfer !== undefined;

const needsChatPeer = ({ chatPeer }: KeyContext): string | undefined =>
  chatPeer === undefined ? 'There is nobody to know more about yet.' : undefined;

const isCommand = ({ chatLine }: KeyContext): boolean => chatLine.startsWith('!');
const isFiltered = ({ ui }: KeyContext): boolean => ui[ui.focus].filter !== '';

/** The one table of keys: the dispatcher, the footer, the help and the palette are made from it. */
export const BINDINGS: readonly Binding[] = [
  on('peers', 'enter v', ['who', 'view, with the words to compare'], {
    command: 'who',
    footer: 1,
    refusal: needsPeer,
  }),
  on('peers', 't', ['talk', 'talk'], { command: 'talk', footer: 1, refusal: needsPeer }),
  on('peers', 'i', ['ignore', 'ignore, or no longer'], {
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
  on('chat', 'c', ['cancel-transfer', 'cancel the transfer, while we send a file'], {
    command: 'cancel',
    footer: 1,
    refusal: needsTransfer,
  }),
  on('chat', 'v', ['who', 'view the peer, with the words to compare'], {
    footer: 3,
    refusal: needsChatPeer,
  }),

  on('writing', 'enter', ['send', 'send'], { footer: 1 }),
  on('writing', 'tab', ['complete', 'complete, in a line that begins with !'], {
    footer: 2,
    applies: isCommand,
  }),
  on('writing', 'tab', ['next-pane', 'next pane, in any other line'], {
    footer: 2,
    applies: (context) => !isCommand(context),
  }),
  on('writing', 'escape', ['leave', 'leave the line'], { footer: 3 }),
  on('writing', '', ['cancel-transfer', 'cancel the transfer, while we send a file'], {
    press: 'Esc c',
    footer: 1,
    applies: isTransferring,
  }),
  on('writing', 'up', ['older-line', 'an earlier line']),
  on('writing', 'down', ['newer-line', 'a later line']),
  on('writing', 'ctrl-c', ['stop-command', 'stop the command, while one runs'], {
    footer: 0,
    applies: (context) => context.isShellRunning,
  }),
  on('writing', 'ctrl-c', ['quit', 'quit'], { footer: 5, applies: (context) => !context.isShellRunning }),
  on('writing', 'alt-1', ['focus-peers', 'peers'], { footer: 6 }),
  on('writing', 'alt-2', ['focus-queues', 'queues']),
  on('writing', 'alt-3', ['focus-log', 'log'], { footer: 6 }),
  on('writing', 'alt-4', ['write', 'chat']),

  on('any pane', 'r', ['dial', 'try again, to connect or to listen'], {
    command: 'retry',
    footer: 0,
    applies: mayTryAgain,
    refusal: needsReasonToCall,
  }),
  on('any pane', 'a r', ['answer', 'accept or refuse'], {
    command: 'answer',
    footer: 0,
    applies: ({ data }) => data.status?.role === 'server',
    refusal: needsNewcomer,
  }),
  on(BOTH, 'alt-a', ['answer', 'accept or refuse, also while writing'], { applies: hasJoinRequests }),

  on('any pane', '/', ['filter', 'filter'], { command: 'filter', footer: 10 }),
  on('any pane', 'escape', ['clear-filter', 'show all'], { footer: 9, applies: isFiltered }),
  on(['peers', 'queues'], 's', ['sort', 'sort'], { command: 'sort', footer: 11 }),
  on(['peers', 'queues'], 'S', ['reverse', 'reverse the order'], { command: 'reverse' }),
  on('any pane', 'j down', ['down', 'down']),
  on('any pane', 'k up', ['up', 'up']),
  on(BOTH, 'pagedown', ['page-down', 'a page down']),
  on(BOTH, 'pageup', ['page-up', 'a page up']),
  on('any pane', 'home g', ['first', 'to the beginning']),
  on('any pane', 'end G', ['last', 'to the end, and follow']),

  on('any pane', 'I', ['ignore-all', 'ignore everybody, or no longer'], { command: 'ignore-all' }),
  on('any pane', '1 alt-1', ['focus-peers', 'peers'], {
    command: 'peers',
    cliName: 'show_connected_peers',
  }),
  on('any pane', '2 alt-2', ['focus-queues', 'queues'], { command: 'queues', cliName: 'peek_queues' }),
  on('any pane', '3 alt-3', ['focus-log', 'log'], { command: 'log' }),
  on('any pane', '4 alt-4', ['write', 'write in the chat'], { command: 'chat' }),
  named('stop', 'empty the queues, and stop the connector', ['stop', needsRunning]),
  named('stop hard', 'stop the connector at once', ['stop-hard', needsRunning]),
  named('start', 'start the connector again', ['start', needsStopped]),
  named('restart', 'empty the queues, stop and start', ['restart', needsRunning]),
  named('restart hard', 'stop at once, and start', ['restart-hard', needsRunning]),
  on('any pane', 'tab', ['next-pane', 'next pane'], { footer: 13 }),
  on(BOTH, 'shift-tab', ['previous-pane', 'previous pane']),
  on('any pane', 'z', ['zoom', 'zoom'], { command: 'zoom', footer: 14 }),
  on('writing', 'alt-z', ['zoom', 'zoom']),
  on('any pane', ':', ['palette', 'command'], { footer: 15 }),
  on('any pane', '? f1', ['help', 'help'], { command: 'help', footer: 6 }),
  on('writing', 'f1', ['help', 'help'], { footer: 4 }),
  on(BOTH, 'ctrl-l', ['repaint', 'draw the screen anew'], { command: 'repaint' }),
  on('any pane', 'q ctrl-c', ['quit', 'quit, or detach from a daemon'], { command: 'quit', footer: 7 }),
];

/** What the help explains beside the keys. */
export const LEGEND: readonly (readonly [shown: string, place: string, label: string])[] = [
  ['!upload', 'chat line', '<path>: sends a file, or a directory as a zip'],
  ['!import', 'chat line', '<name>: copies a received file to the working directory'],
  ['!zimport', 'chat line', '<name>: unzips a received file into the working directory'],
  ['!exit', 'chat line', 'leaves the program'],
  ['!…', 'chat line', 'anything else runs in the shell of this machine; \\! begins ordinary text'],
  ['✓', 'chat mark', 'the peer has it, and has acknowledged it (a Python one: has received it, no more)'],
  ['→', 'chat mark', 'it has left this machine'],
  ['…', 'chat mark', 'it waits to leave'],
  ['queued', 'log', 'outwards: it waits to leave'],
  ['sent', 'log', 'outwards: it has been written to the connection'],
  ['peer has it', 'log', 'outwards: the peer has stored it and has acknowledged it'],
  [
    'received by Python',
    'log',
    'outwards: Python acknowledges before it stores or delivers; more is not known',
  ],
  ['arrived', 'log', 'inwards: it has not been stored yet'],
  ['stored', 'log', 'inwards: on the disk, and no program has taken it (in memory: not on the disk)'],
  ['taken', 'log', 'inwards: its listener has said that it is done with it; in the chat: it is shown'],
  ['handed over', 'log', 'inwards: written to a listener’s socket as Python has it, which never says more'],
  ['●', 'peer', 'connected'],
  ['○', 'peer', 'away'],
  ['⊘', 'peer', 'ignored: new messages are dropped and counted'],
  ['✕', 'peer', 'refused'],
];
