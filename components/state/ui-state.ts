import type { Command } from '../../engine/contract/commands.ts';
import type { PeerSort, QueueSort } from '../../engine/contract/views.ts';
import type { Size } from '../host.ts';
import type { SafeText } from '../terminal/sanitize.ts';
import type { Line } from '../widgets/line.ts';

export type PaneName = 'peers' | 'queues' | 'log' | 'chat';

/** The conversation that takes local remarks while there is nobody to talk to. */
export const NOBODY = '';

/** In the order of their digits. */
export const PANES: readonly PaneName[] = ['peers', 'queues', 'log', 'chat'];

/** A sorted list: what is selected is known by its id, wherever the row moves to. */
export interface ListState<Sort extends string> {
  readonly filter: string;
  readonly sort: Sort;
  readonly descending: boolean;
  /** Index of the first row shown. */
  readonly offset: number;
  /** Without an id, whatever row turns up at `index` becomes the selected one. */
  readonly selected: { readonly id?: string; readonly index: number };
}

/** An ever-growing list. Without `endId` it follows the newest entry. */
export interface TailState {
  readonly filter: string;
  readonly endId?: number;
  readonly selectedId?: number;
  /** Without a selectedId: which end of the window has the cursor. It is where the last step came from. */
  readonly edge?: 'first' | 'last';
}

export interface Toast {
  readonly text: SafeText;
  readonly tone: 'good' | 'warn' | 'bad' | 'info';
}

export type Dialog =
  | {
      readonly kind: 'join-request';
      readonly joinRequest: number;
      readonly choice: 'refuse' | 'accept';
      /** Lines that are scrolled away, on a screen that cannot show all of them. */
      readonly top: number;
    }
  | { readonly kind: 'quit'; readonly choice: 'cancel' | 'quit' }
  | {
      readonly kind: 'confirm';
      readonly title: SafeText;
      readonly lines: readonly SafeText[];
      readonly yes: SafeText;
      readonly command: Command;
      readonly done: SafeText;
      readonly choice: 'cancel' | 'yes';
    }
  | {
      /** Something that cannot be undone: its name is to be typed. */
      readonly kind: 'certain';
      readonly title: SafeText;
      readonly lines: readonly SafeText[];
      readonly expected: SafeText;
      readonly yes: SafeText;
      readonly command: Command;
      /** Title of the answer, which is shown in a dialog of its own. */
      readonly done: SafeText;
      readonly typed: string;
      readonly choice: 'cancel' | 'yes';
    }
  | {
      readonly kind: 'paste';
      readonly text: string;
      readonly lineCount: number;
      readonly choice: PasteChoice;
    }
  | { readonly kind: 'help'; readonly filter: string; readonly selected: number }
  | { readonly kind: 'palette'; readonly text: string; readonly selected: number }
  | {
      readonly kind: 'detail';
      readonly title: SafeText;
      readonly lines: readonly Line[];
      readonly top: number;
    };

/** Whether it has a line to type in. */
export function hasPrompt({ kind }: Dialog): boolean {
  return kind === 'help' || kind === 'palette' || kind === 'certain';
}

type PasteChoice = 'cancel' | 'one' | 'lines';

/** Of a screen that looks at a connector in another process: whether that answers. */
export type Attached = 'here' | 'away';

export interface UiState {
  readonly size: Size;
  /** Absent: the engine is the screen's own, and ends with it. */
  readonly attached?: Attached;
  /** The time that ages are counted from. It moves once a minute, so that an idle screen stays as it is. */
  readonly nowMs: number;
  readonly focus: PaneName;
  /** The chat's line has the keys: every printable one is text. */
  readonly editing: boolean;
  /** The filter of the focused pane has the keys. */
  readonly filtering: boolean;
  readonly zoom: boolean;
  /** The user has pressed a key in a pane; from then on the focus moves by hand only. */
  readonly focusChosen: boolean;
  /** In the layout of two panes and one more: the log is shown in place of the chat. */
  readonly logInstead: boolean;
  readonly peers: ListState<PeerSort>;
  readonly queues: ListState<QueueSort>;
  readonly log: TailState;
  readonly chat: TailState;
  readonly chatPeer?: { readonly id: string; readonly name: SafeText };
  readonly dialog?: Dialog;
  readonly toast?: Toast;
  /** Counts changes of the line editors, which keep their own text. */
  readonly typed: number;
}

export const PEER_SORTS: readonly PeerSort[] = ['name', 'state', 'rate', 'waiting'];
export const QUEUE_SORTS: readonly QueueSort[] = ['backlog', 'age', 'name', 'rate'];

export function initialUiState(size: Size, nowMs: number, attached?: Attached): UiState {
  return {
    size,
    ...(attached !== undefined && { attached }),
    nowMs,
    focus: 'peers',
    editing: false,
    filtering: false,
    zoom: false,
    focusChosen: false,
    logInstead: false,
    peers: { filter: '', sort: 'name', descending: false, offset: 0, selected: { index: 0 } },
    queues: { filter: '', sort: 'backlog', descending: true, offset: 0, selected: { index: 0 } },
    log: { filter: '' },
    chat: { filter: '' },
    typed: 0,
  };
}
