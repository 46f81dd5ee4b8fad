import { AT, chosen } from './pane-stops.ts';
import type { Stop, Visit } from './stop.ts';

const isAskedOrGone = (visit: Visit): boolean =>
  visit.mode === 'attached' ? visit.hasQuit : /Quit aioc\?/.test(visit.seen());
/** A filter that finds all clients, taken away again. */
const SOUGHT = ['/', 'client', 'enter', 'escape'] as const;

/** The filter of Peers, while it is typed. */
const TYPED = [/client2.* 1 of 5/, / 1 of 5[\s\S]*Typed: client2$/m] as const;

/** A command of the palette that has no key. */
function command(line: string, ends: Stop['ends'], more: Partial<Stop> = {}): Stop {
  return { ways: [[':', line, 'enter']], ends, ...more };
}

/** A connector that is stopped or started again after the countdown. */
function halts(line: string, kind: 'connector.stop' | 'connector.restart', hard: boolean): Stop {
  return command(line, (visit) => visit.did(kind).some((one) => one.hard === hard), { after: ['enter'] });
}

/** Fewer than a whole screen takes, more than a change of it. */
const BYTES_OF_A_SCREEN = 1_000;

/** The order of Peers that the connector is asked for, after the key. */
function sorts(before: string, sort: string, isReversed?: true): Stop {
  return {
    from: [':', `sort ${before}`, 'enter'],
    ends: ({ engine }) =>
      engine.openViews.some(
        (view) =>
          view.pane === 'peers' && view.sort === sort && (isReversed === undefined || view.descending),
      ),
  };
}

const LISTS: Readonly<Record<string, Stop | readonly Stop[]>> = {
  'peers, queues: sort by the next column': sorts('name up', 'address'),
  'peers, queues: sort by the previous column': sorts('address up', 'name'),
  'peers, queues: reverse the order': sorts('name up', 'name', true),
  'peers, queues: mark the row, or take its mark away': { ends: /1 marked/ },
  'peers, queues: mark the rows from the nearest mark to here': { from: ['space', 'j'], ends: /3 marked/ },
  'peers, queues: mark all rows that the filter shows': { ends: /Marked 5/ },
  'any pane: next match of the filter, also when all is shown': { from: SOUGHT, ends: chosen('client2') },
  'any pane: previous match': { from: [...SOUGHT, 'G'], ends: chosen('client4') },
  'any pane: down': { ends: chosen('client2') },
  'any pane: up': { from: ['G'], ends: chosen('client4') },
  'everywhere: page down': { ends: [chosen('client3')[0], chosen('printer')[1]] },
  'everywhere: page up': { from: ['G'], ends: [chosen('client3')[0], chosen('client1')[1]] },
  'any pane: first row': { from: ['G'], ends: chosen('client1') },
  'any pane: last row, and follow': { ends: chosen('printer') },
  'any pane: filter': { after: ['client2', 'enter'], ends: /client2.* 1 of 5/ },
  'any pane: back: unmark, unfreeze, show all, follow, or unzoom': {
    from: ['/', 'client2', 'enter'],
    ends: /5 of 5/,
  },
};

const ANSWERS: Readonly<Record<string, Stop | readonly Stop[]>> = {
  'countdown: undo, during the five seconds before an action': {
    from: ['i'],
    ends: (visit) => /Cancelled/.test(visit.seen()) && visit.did('peer.ignore').length === 0,
  },
  'countdown: act now, without waiting for the five seconds': {
    from: ['i'],
    ends: (visit) => visit.did('peer.ignore').length === 1,
  },
  'any pane: retry connecting or listening': {
    world: 'client',
    ends: (visit) => visit.did('dial.now').length === 1,
  },
  'any pane: accept or refuse': { world: 'asked', ends: /Connection request/ },
  'everywhere: accept or refuse, also while writing': {
    world: 'asked',
    from: ['4'],
    ends: /Connection request/,
  },
  'any pane: next address of this machine, in the line for another one': {
    world: 'nobody',
    ends: /--target 10\.8\.0\.3/,
  },
  'any pane: ignore all peers / stop ignoring': {
    after: ['enter'],
    ends: (visit) => visit.did('all.ignore').length === 1,
  },
};

const PALETTE: Readonly<Record<string, Stop | readonly Stop[]>> = {
  'any pane: command': {
    after: ['pin', 'tab', 'enter'],
    ends: (visit) => visit.did('peer.ping').length === 1,
  },
  'any pane: invite a new client': command('invite bob', /aioc1code/),
  'any pane: become a client by invitation': command('join aioc1code', /Joined server\.example/, {
    world: 'nobody',
  }),
  'any pane: drain the queues and stop the connector': halts('stop', 'connector.stop', false),
  'any pane: stop the connector at once': halts('stop hard', 'connector.stop', true),
  'any pane: start the connector': command('start', (visit) => visit.did('connector.start').length === 1, {
    world: 'stopped',
  }),
  'any pane: drain the queues and restart the connector': halts('restart', 'connector.restart', false),
  'any pane: restart the connector at once': halts('restart hard', 'connector.restart', true),
  'any pane: copy to the terminal’s clipboard (OSC 52), or show what to copy': command(
    'clipboard on',
    ({ host }) => host.copied.length > 0,
    { after: ['y', ':', 'clipboard off', 'enter'] },
  ),
};

const DIALOGS: Readonly<Record<string, Stop | readonly Stop[]>> = {
  'dialog: choose an answer': [
    {
      world: 'asked',
      from: ['a'],
      ways: [['right'], ['l'], ['tab'], ['down']],
      ends: [/\[ Accept \]/, /Accept \(chosen\)/],
    },
    {
      world: 'asked',
      from: ['a', 'right'],
      ways: [['left'], ['h'], ['shift-tab'], ['up']],
      ends: [/\[ Refuse \]/, /Refuse \(chosen\)/],
    },
  ],
  'dialog: scroll, or choose a row (j k PgUp PgDn g G)': [
    { from: ['3', 'enter'], ways: [['j'], ['down']], ends: /\b2–\d+ of \d+/ },
    { from: ['3', 'enter', 'j', 'j'], ways: [['k'], ['up']], ends: /\b2–\d+ of \d+/ },
    { from: ['3', 'enter'], ways: [['pagedown'], ['G'], ['end']], ends: /\b[1-9]\d–\d+ of \d+/ },
    { from: ['3', 'enter', 'G'], ways: [['g'], ['home']], ends: /\b1–\d+ of \d+/ },
    { from: ['3', 'enter', 'j'], ways: [['pageup']], ends: /\b1–\d+ of \d+/ },
  ],
  'dialog: confirm or run; closes a text (q)': [
    { from: ['3', 'enter'], ways: [['enter'], ['q']], ends: AT.log },
    { from: ['?', 'pin'], ways: [['enter']], ends: (visit) => visit.did('peer.ping').length === 1 },
  ],
  'dialog: copy a text, or save it to a file': [
    { from: ['enter'], ways: [['y']], ends: /To copy|client1/ },
    { from: ['enter'], ways: [['s']], ends: /Saved as .*aioc-text\.txt/ },
  ],
  'dialog: close without doing anything': {
    from: ['d'],
    ways: [['escape']],
    ends: (visit) => AT.peers.test(visit.seen()) && visit.did('certificate.delete').length === 0,
  },
  // What is typed into a filter is read as such.
  'dialog: cut in a line of a dialog or a filter': [
    {
      from: ['/', 'xx client'],
      ways: [['ctrl-w'], ['ctrl-u']],
      after: ['ctrl-a', 'ctrl-k', 'client2'],
      ends: TYPED,
    },
    { from: ['/', 'client2xx', 'left', 'left'], ways: [['ctrl-k']], ends: TYPED },
    { from: ['/', 'lient2'], ways: [['ctrl-a']], after: ['c'], ends: TYPED },
    { from: ['/', 'client', 'ctrl-a'], ways: [['ctrl-e']], after: ['2'], ends: TYPED },
  ],
};

/** The keys of every pane, of the whole connector, and of dialogs. */
export const GENERAL_STOPS: Readonly<Record<string, Stop | readonly Stop[]>> = {
  ...LISTS,
  ...ANSWERS,
  ...PALETTE,
  ...DIALOGS,
  'any pane: peers': { from: ['3'], ends: AT.peers },
  'any pane: queues': { ends: AT.queues },
  'any pane: log': { ends: AT.log },
  'any pane: write in the chat': { ends: AT.line },
  'any pane: files on their way': { ends: /Files on their way/ },
  'any pane: next pane': { ends: AT.queues },
  'any pane: previous pane': { from: ['2'], ends: AT.peers },
  'any pane: zoom': { ends: (visit) => !visit.seen().includes('2 Queues') },
  'any pane: help': { ends: /Help: keys/ },
  'any pane: copy the row': { ends: /To copy/ },
  'any pane: mouse on or off: wheel, and click to select': { ends: /The mouse is o/ },
  'any pane: the next colours': { ends: /Colours: \w/ },
  'any pane: read this pane, with --screen-reader': {
    ends: [/Start aioc with --screen-reader/, /^1 Peers/m],
  },
  'any pane: read everything, with --screen-reader': {
    ends: [/Start aioc with --screen-reader/, /^aioc running[\s\S]*^aioc running/m],
  },
  'any pane: what you did, as command lines': { ends: /What you did, newest first/ },
  'everywhere: write the screen to a file': { ends: ({ local }) => local.screens.length > 0 },
  'everywhere: suspend aioc; fg in the shell brings it back': { ends: ({ host }) => host.suspensions > 0 },
  'everywhere: what drawing costs: frames, bytes, times': { world: 'stopped', ends: /frame, median +\d/ },
  'everywhere: redraw the screen': {
    from: ['enter', 'enter'],
    ends: (visit) => visit.bytesWritten > BYTES_OF_A_SCREEN,
  },
  'any pane: quit, or detach from a daemon': { ends: isAskedOrGone },
};
