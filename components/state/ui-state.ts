import type { PeerSort, QueueSort } from '../../engine/contract/views.ts';
import type { Size } from '../host.ts';
import type { SafeText } from '../terminal/sanitize.ts';
import type { ThemeName } from '../themes/themes.ts';
import type { CompletionRequest } from './completion.ts';

export type PaneName = 'peers' | 'queues' | 'log' | 'chat';

/** The conversation for local output while there are no peers. */
export const NOBODY = '';

/** In the order of their digits. */
export const PANES: readonly PaneName[] = ['peers', 'queues', 'log', 'chat'];

/** A sorted list. The selection follows its row by id. */
export interface ListState<Sort extends string> {
  readonly filter: string;
  readonly sort: Sort;
  readonly descending: boolean;
  /** Index of the first row shown. */
  readonly offset: number;
  /** Without an id, the row at `index` becomes the selected one. */
  readonly selected: {
    readonly id?: string;
    readonly index: number;
    /** The user has moved it here. */
    readonly byHand?: true;
  };
}

/** An ever-growing list. Without `endId` it follows the newest entry. */
export interface TailState {
  readonly filter: string;
  readonly endId?: number;
  readonly selectedId?: number;
  /** Without a selectedId: which end of the window has the cursor. */
  readonly edge?: 'first' | 'last';
}

/** The panes whose rows can be marked. */
export type MarkedPane = 'peers' | 'queues';

/** The marked rows of a pane, by id, with their names as they were then. */
export type Marks = ReadonlyMap<string, SafeText>;

export const NO_MARKS: Marks = new Map();

export interface Toast {
  readonly text: SafeText;
  readonly tone: 'good' | 'warn' | 'bad' | 'info';
}

/** An action that takes effect when its seconds have passed. */
export interface CountingDown {
  readonly label: SafeText;
  readonly secondsLeft: number;
}

/** A command that the user has sent to the connector. */
export interface ExecutedCommand {
  readonly id: number;
  readonly atMs: number;
  /** The line for a shell that does the same. */
  readonly line: SafeText;
  /** Absent until it comes. */
  readonly answer?: { readonly isOk: boolean; readonly text: SafeText };
}

/** Several candidates of Tab, under which the user chooses. */
export interface OpenCandidates {
  /** The text before the cursor when Tab was pressed. */
  readonly line: string;
  readonly request: CompletionRequest;
  /** Raw, for the line. */
  readonly names: readonly string[];
  readonly shown: readonly SafeText[];
  /** Absent before the first choice. */
  readonly selected?: number;
}

/** The open dialog. Each kind adds fields of its own (`dialogs/`). */
export interface OpenDialog {
  readonly kind: string;
  /** Shown again when this one closes. */
  readonly behind?: OpenDialog;
}

/**
 * For a screen attached to another process: whether its connector is reachable. `silent`: it is connected and does not
 * answer, as a process does that is stopped or stuck.
 */
export type Attached = 'here' | 'silent' | 'away';

/** Rows of the lists' content, with column heads and hints. */
export interface ContentRows {
  readonly peers: number;
  readonly queues: number;
  /** There is no peer yet: the peers pane tells how to connect one. */
  readonly isFirstRun: boolean;
}

export interface UiState {
  readonly size: Size;
  /** Absent: the engine runs in this process and stops with the screen. */
  readonly attached?: Attached;
  /** Since when it does not answer; only while `attached` is `silent`. */
  readonly silentSinceMs?: number;
  /** The time that ages are counted from. It changes once a minute, so that an idle screen does not change. */
  readonly nowMs: number;
  readonly focus: PaneName;
  /** Keys go to the chat line: every printable key is text. */
  readonly editing: boolean;
  /** Keys go to the filter of the focused pane. */
  readonly filtering: boolean;
  readonly zoom: boolean;
  /** The user has pressed a key in a pane: the program no longer moves the focus. */
  readonly focusChosen: boolean;
  /** A connector from a configuration, or attached to one: programs talk here, not people. */
  readonly isConnector: boolean;
  /** Where only one of log and chat is visible: the one that had the focus last; absent before. */
  readonly lastTail?: 'log' | 'chat';
  /** On a connector: the chat is open. */
  readonly chatOpen: boolean;
  /** What the lists hold; they are as high as this. */
  readonly content: ContentRows;
  readonly peers: ListState<PeerSort>;
  readonly queues: ListState<QueueSort>;
  /** Rows that an action is for, together. */
  readonly marks: Readonly<Record<MarkedPane, Marks>>;
  readonly log: TailState;
  /** The log stands still; the id of its newest row then. */
  readonly frozenLogId?: number;
  readonly chat: TailState;
  /** The last filter of each pane: `n` looks for it when all rows are shown. */
  readonly sought: Readonly<Partial<Record<PaneName, string>>>;
  readonly chatPeer?: { readonly id: string; readonly name: SafeText };
  /** False: Tab does not complete (--nowrap). */
  readonly completes?: false;
  /** Only while the user writes. */
  readonly candidates?: OpenCandidates;
  readonly dialog?: OpenDialog;
  readonly toast?: Toast;
  /** Shows what drawing costs (`F12`). */
  readonly showsCost: boolean;
  readonly pending?: CountingDown;
  /** What was sent to the connector, oldest first. */
  readonly executed: readonly ExecutedCommand[];
  /** Copies go to the terminal's clipboard (OSC 52). */
  readonly clipboard: boolean;
  /** The terminal reports the wheel and clicks. */
  readonly mouse: boolean;
  /** The colours; absent until the user has chosen. */
  readonly theme?: ThemeName;
  /** Lines for a screen reader instead of a screen. */
  readonly isLinear: boolean;
  /** Nothing moves (AIOC_REDUCED_MOTION): no graphs, and numbers at most once a second. */
  readonly isStill: boolean;
  /** Lines of the palette, oldest first. */
  readonly commands: readonly string[];
  /** Counts changes of the line editors, which keep their own text. */
  readonly typed: number;
  /** How this aioc was started: the beginning of the line for another machine. */
  readonly startCommand: SafeText;
  /** Which of this machine's addresses that line has; it counts on beyond the last. */
  readonly addressAt: number;
}

/** In the order of the columns. A sort that the contract adds must be listed here. */
export const PEER_SORTS = Object.keys({
  name: true,
  address: true,
  state: true,
  rate: true,
  lag: true,
  waiting: true,
  dropped: true,
  certificate: true,
} satisfies Record<PeerSort, true>) as readonly PeerSort[];
export const QUEUE_SORTS = Object.keys({
  name: true,
  depth: true,
  size: true,
  age: true,
  in: true,
  out: true,
  lag: true,
  drain: true,
} satisfies Record<QueueSort, true>) as readonly QueueSort[];

export function initialUiState({
  size,
  nowMs,
  attached,
  isConnector = attached !== undefined,
  mouse = false,
  theme,
  isLinear = false,
  startCommand,
  isStill = false,
  completes = true,
}: {
  readonly size: Size;
  readonly nowMs: number;
  readonly attached?: Attached | undefined;
  readonly isConnector?: boolean | undefined;
  readonly mouse?: boolean | undefined;
  readonly theme?: ThemeName | undefined;
  readonly isLinear?: boolean | undefined;
  readonly startCommand: SafeText;
  readonly isStill?: boolean | undefined;
  readonly completes?: boolean | undefined;
}): UiState {
  return {
    size,
    ...(attached !== undefined && { attached }),
    ...(!completes && { completes: false }),
    nowMs,
    focus: 'peers',
    editing: false,
    filtering: false,
    zoom: false,
    showsCost: false,
    focusChosen: false,
    isConnector,
    chatOpen: false,
    content: { peers: 3, queues: 3, isFirstRun: false },
    peers: { filter: '', sort: 'name', descending: false, offset: 0, selected: { index: 0 } },
    queues: { filter: '', sort: 'depth', descending: true, offset: 0, selected: { index: 0 } },
    marks: { peers: NO_MARKS, queues: NO_MARKS },
    sought: {},
    log: { filter: '' },
    chat: { filter: '' },
    executed: [],
    clipboard: false,
    mouse,
    ...(theme !== undefined && { theme }),
    isLinear,
    isStill,
    commands: [],
    typed: 0,
    startCommand,
    addressAt: 0,
  };
}
