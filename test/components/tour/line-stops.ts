import { AT } from './pane-stops.ts';
import type { Stop } from './stop.ts';

const LIST = ['4', '!cd ', 'tab', 'tab'] as const;

/** What the line holds in the end. */
function holds(text: string): readonly [RegExp, RegExp] {
  const escaped = text.replace(/[.*+?^$()[\]|\\]/g, '\\$&');
  return [new RegExp(`› ${escaped}(?: *│|$)`, 'm'), new RegExp(`> ${escaped}$`, 'm')];
}

/** A key that edits `one two`, and where it leaves the cursor, which `X` marks. */
function edits(chords: string, before: readonly string[], text: string): Stop {
  const ways = chords.split(' ').map((chord) => [chord]);
  return { world: 'nobody', from: ['4', 'one two', ...before], ways, after: ['X'], ends: holds(text) };
}

/** A command of the line. */
function typed(line: string, ends: Stop['ends'], more: Partial<Stop> = {}): Stop {
  return { from: ['4', line], ways: [['enter']], ends, ...more };
}

const EDITS: Readonly<Record<string, readonly Stop[]>> = {
  'chat line: one character left or right (Ctrl-B Ctrl-F)': [
    edits('left ctrl-b', [], 'one twXo'),
    edits('right ctrl-f', ['ctrl-a'], 'oXne two'),
  ],
  'chat line: one word left or right (Alt-← →, Ctrl-← →)': [
    edits('alt-b alt-left ctrl-left', [], 'one Xtwo'),
    edits('alt-f alt-right ctrl-right', ['ctrl-a'], 'oneX two'),
  ],
  'chat line: to the start or the end (Home, End)': [
    edits('ctrl-a home', [], 'Xone two'),
    edits('ctrl-e end', ['ctrl-a'], 'one twoX'),
  ],
  'chat line: previous or next line (↑ ↓)': [
    edits('ctrl-p up', ['ctrl-u'], 'twoX'),
    edits('ctrl-n down', ['ctrl-u', 'up', 'up'], 'twoX'),
  ],
  'chat line: a line end in the text, which stays one message': [
    { ...edits('alt-enter', [], ''), ends: [/› one two +│\n.*│ {3}X +│/, /> one two⏎X$/m] },
  ],
  'chat line: delete a character to the left (Ctrl-H)': [edits('backspace ctrl-h', [], 'one twX')],
  'chat line: delete a character to the right (Ctrl-D)': [edits('delete ctrl-d', ['ctrl-a'], 'Xne two')],
  'chat line: cut the word to the left (Alt-Backspace)': [edits('ctrl-w alt-backspace', [], 'one X')],
  'chat line: cut the word to the right': [edits('alt-d', ['ctrl-a'], 'X two')],
  'chat line: cut to the start or to the end': [
    edits('ctrl-u', ['alt-b'], 'Xtwo'),
    edits('ctrl-k', ['alt-b'], 'one X'),
  ],
  'chat line: insert what was cut last': [edits('ctrl-y', ['ctrl-w'], 'one twoX')],
  'chat line: undo typing': [edits('ctrl-_', ['ctrl-w'], 'one twoX')],
};

/** The keys of the chat line, its editor and its commands. */
export const LINE_STOPS: Readonly<Record<string, Stop | readonly Stop[]>> = {
  ...EDITS,
  'chat line: send': {
    from: ['4', 'hi'],
    ends: (visit) => visit.did('chat.say').some(({ text }) => text === 'hi'),
  },
  'chat line: complete, in a line that starts with !; again: next of several': {
    from: ['4', '!cd '],
    ways: [['tab', 'tab', 'tab']],
    ends: holds('!cd a2/'),
  },
  'chat line: next pane, in any other line': { from: ['4', 'words'], ends: AT.peers },
  'chat line: previous of several completions': { from: LIST, ends: holds('!cd a3/') },
  'chat line: previous pane': { from: ['4'], ends: AT.log },
  'chat line: take a completion back': { from: LIST, ends: [/› !cd *│/, /> !cd $/m] },
  'chat line: undo, during the five seconds before an action': {
    from: ['i', '4'],
    ends: /Cancelled: Ignore client1/,
  },
  'chat line: stop typing': { from: ['4'], ends: AT.chat },
  'chat line: cancel the transfer, while there is one': {
    from: ['4'],
    ways: [['escape', 'c']],
    ends: (visit) => visit.did('chat.cancel').length === 1,
  },
  'chat line: previous line': { world: 'nobody', from: ['4'], ends: holds('two') },
  'chat line: next line': { world: 'nobody', from: ['4', 'up', 'up'], ends: holds('two') },
  'chat line: search the earlier lines; again: an older one': {
    from: ['4'],
    after: ['n'],
    ends: [/search: n › one/, /search n: one/],
  },
  'chat line: stop the command, while one runs': {
    from: ['4', '!sleep 9', 'enter'],
    ends: ({ local }) => {
      const shell = local.shells.at(-1);
      shell?.update({ running: false, exitCode: 130, lines: [], droppedLines: 0 });
      return shell?.isCancelled === true;
    },
  },
  'chat line: quit': {
    from: ['4'],
    ends: (visit) => (visit.mode === 'attached' ? visit.hasQuit : /Quit aioc\?/.test(visit.seen())),
  },
  'chat line: peers': { from: ['4'], ends: AT.peers },
  'chat line: queues': { from: ['4'], ends: AT.queues },
  'chat line: log': { from: ['4'], ends: AT.log },
  'chat line: chat': { from: ['4'], ends: AT.line },
  'chat line: zoom': { from: ['4'], ends: (visit) => !visit.seen().includes('1 Peers') },
  'chat line: help': { from: ['4'], ends: /Help: keys/ },
  'chat line: read this pane, with --screen-reader': {
    from: ['4'],
    ends: [/Start aioc with --screen-reader/, /^4 Chat/m],
  },
  'chat line: read everything, with --screen-reader': {
    from: ['4'],
    ends: [/Start aioc with --screen-reader/, /^aioc running[\s\S]*^aioc running/m],
  },
  'chat line: <path> …: sends files and directories (to Python: a directory as a zip)': typed(
    '!upload plan.txt',
    (visit) => visit.did('chat.upload').some(({ path }) => path === '/home/ann/plan.txt'),
  ),
  'chat line: <name>: copies a received file or directory to the working directory': typed(
    '!import a.zip',
    (visit) => visit.did('files.import').some(({ unzip, directory }) => !unzip && directory === '/home/ann'),
  ),
  'chat line: <name>: unzips a received file into the working directory': typed('!zimport a.zip', (visit) =>
    visit.did('files.import').some(({ unzip, directory }) => unzip && directory === '/home/ann'),
  ),
  'chat line: <name>: unzips a received file where it is': typed('!dezip a.zip', (visit) =>
    visit.did('files.import').some(({ unzip, directory }) => unzip && directory === undefined),
  ),
  'chat line: lists the received files, and those on their way': typed('!files', ({ remarks }) =>
    /photo\.jpg/.test(remarks),
  ),
  'chat line: [directory]: changes the working directory (- : the one before; nothing: home)': typed(
    '!cd plans',
    ({ local }) =>
      local.workingDirectory === '/home/ann/plans' && local.changeDirectory('/home/ann') !== undefined,
  ),
  'chat line: lists the peers': typed('!peers', ({ remarks }) => /^client3 +away/m.test(remarks)),
  'chat line: <peer>: chooses the conversation': typed('!to client2', /4 Chat( ·|,) client2/, {
    world: 'asked',
  }),
  'chat line: shows who is connected, with the fingerprint words of both sides': typed(
    '!who',
    ({ remarks }) => /words there: /.test(remarks),
  ),
  'chat line: lists these commands': typed('!help', ({ remarks }) => /!upload <path>/.test(remarks)),
  'chat line: quits aioc, or detaches from a daemon': typed('!exit', (visit) =>
    visit.mode === 'attached' ? visit.hasQuit : /Quit aioc\?/.test(visit.seen()),
  ),
  'chat line: any other text runs in your local shell, in the working directory; start with \\! to send a line that starts with !':
    typed('!make', ({ local }) => {
      const shell = local.shells.at(-1);
      shell?.update({ running: false, exitCode: 0, lines: [], droppedLines: 0 });
      return shell?.line === 'make';
    }),
};
