import type { Size } from '../host.ts';
import { type KeptAction, reduceKept } from './kept-reducer.ts';
import { moveSelection, settleAtTop, settleSelection } from './list-motion.ts';
import { isMarksAction, type MarksAction, reduceMarks } from './marks.ts';
import type { EngineData } from './safe-rows.ts';
import { moveTail, settleTail } from './tail-motion.ts';
import {
  type Attached,
  type ContentRows,
  type CountingDown,
  type ListState,
  type OpenCandidates,
  type OpenDialog,
  PANES,
  type PaneName,
  PEER_SORTS,
  QUEUE_SORTS,
  type Toast,
  type UiState,
} from './ui-state.ts';

export type UiAction =
  | KeptAction
  | MarksAction
  | { readonly kind: 'resized'; readonly size: Size }
  | { readonly kind: 'minute'; readonly nowMs: number }
  | {
      readonly kind: 'attached';
      readonly attached: Attached | undefined;
      readonly nowMs: number;
    }
  | { readonly kind: 'typed' }
  /** The user has pressed a key in a pane. */
  | { readonly kind: 'pressed' }
  /** `byUser` is false when the program moves the focus to a new peer. */
  | { readonly kind: 'focus'; readonly pane: PaneName; readonly editing: boolean; readonly byUser: boolean }
  | { readonly kind: 'zoom' }
  | { readonly kind: 'close-chat' }
  | { readonly kind: 'cost' }
  /** The lists hold more or less than before. */
  | { readonly kind: 'content'; readonly content: ContentRows }
  | {
      readonly kind: 'move';
      readonly by: number;
      readonly visibleRows: number;
      readonly data: EngineData;
    }
  | { readonly kind: 'arrived'; readonly data: EngineData }
  | { readonly kind: 'filtering'; readonly on: boolean }
  | { readonly kind: 'filter'; readonly text: string }
  /** By a given column, or by the one `step` columns after it. */
  | { readonly kind: 'sort'; readonly by?: string; readonly step?: number; readonly descending?: boolean }
  | {
      readonly kind: 'select';
      readonly pane: 'peers' | 'queues';
      readonly id: string;
      readonly index: number;
      /** Where the window begins, if it moves. */
      readonly offset?: number;
    }
  /** The cursor of a growing list, and the last row of its window. */
  | {
      readonly kind: 'to-row';
      readonly pane: 'log' | 'chat';
      readonly id: number;
      readonly endId: number;
    }
  | { readonly kind: 'reverse' }
  | { readonly kind: 'talk-to'; readonly peer: NonNullable<UiState['chatPeer']> }
  | { readonly kind: 'freeze-log'; readonly lastId: number | undefined }
  | { readonly kind: 'chat-to-end' }
  | { readonly kind: 'candidates'; readonly candidates: OpenCandidates | undefined }
  | { readonly kind: 'dialog'; readonly dialog: OpenDialog | undefined }
  | { readonly kind: 'toast'; readonly toast: Toast | undefined }
  | { readonly kind: 'pending'; readonly pending: CountingDown | undefined };

/** How long a connector has not answered when that is noticed. */
const NOTICED_AFTER_MS = 3_000;

/** The next state; the same object when nothing changes, so that React draws nothing. */
export function reduceUi(ui: UiState, action: UiAction): UiState {
  if (isMarksAction(action)) return reduceMarks(ui, action);
  switch (action.kind) {
    case 'resized':
      return { ...ui, size: action.size };
    case 'minute':
      return action.nowMs === ui.nowMs ? ui : { ...ui, nowMs: action.nowMs };
    case 'attached':
      return attachedNow(ui, action);
    case 'typed':
      return { ...ui, typed: ui.typed + 1 };
    case 'pressed':
      return ui.focusChosen ? ui : { ...ui, focusChosen: true };
    case 'focus':
      return focused(ui, action);
    case 'zoom':
      return { ...ui, zoom: !ui.zoom };
    case 'cost':
      return { ...ui, showsCost: !ui.showsCost };
    case 'close-chat':
      return chatClosed(ui);
    case 'content':
      return ui.content === action.content ? ui : { ...ui, content: action.content };
    case 'move':
      return moved(ui, action);
    case 'arrived':
      return arrived(ui, action.data);
    case 'filtering':
      return ui.filtering === action.on ? ui : { ...ui, filtering: action.on };
    case 'filter':
      return filtered(ui, action.text);
    case 'sort':
      return sortedBy(ui, action);
    case 'select':
      return selectedByHand(ui, action);
    case 'reverse':
      return sorted(ui, (list) => ({ ...list, descending: !list.descending }));
    case 'talk-to':
      return talkingTo(ui, action.peer);
    case 'freeze-log':
      return without(ui, 'frozenLogId', action.lastId);
    case 'chat-to-end':
      return ui.chat.endId === undefined ? ui : { ...ui, chat: { filter: ui.chat.filter } };
    case 'candidates':
      return without(ui, 'candidates', action.candidates);
    case 'dialog':
      return without(ui, 'dialog', action.dialog);
    case 'toast':
      return without(ui, 'toast', action.toast);
    case 'pending':
      return without(ui, 'pending', action.pending);
    case 'to-row':
      return { ...ui, [action.pane]: { ...ui[action.pane], endId: action.endId, selectedId: action.id } };
    default:
      return reduceKept(ui, action);
  }
}

function selectedByHand(ui: UiState, action: Extract<UiAction, { kind: 'select' }>): UiState {
  const { pane, id, index, offset = ui[pane].offset } = action;
  return { ...ui, [pane]: { ...ui[pane], offset, selected: { id, index, byHand: true } } };
}

function attachedNow(ui: UiState, { attached, nowMs }: Extract<UiAction, { kind: 'attached' }>): UiState {
  if (ui.attached === attached) return ui;
  const { silentSinceMs: _old, ...rest } = without(ui, 'attached', attached);
  return attached === 'silent' ? { ...rest, nowMs, silentSinceMs: nowMs - NOTICED_AFTER_MS } : rest;
}

function without<Key extends 'candidates' | 'dialog' | 'toast' | 'pending' | 'attached' | 'frozenLogId'>(
  ui: UiState,
  key: Key,
  value: UiState[Key],
): UiState {
  if (ui[key] === value) return ui;
  const { [key]: _old, ...rest } = ui;
  return (value === undefined ? rest : { ...rest, [key]: value }) as UiState;
}

function focused(before: UiState, action: Extract<UiAction, { kind: 'focus' }>): UiState {
  const ui = without(before, 'candidates', undefined);
  return {
    ...ui,
    focus: action.pane,
    editing: action.editing && action.pane === 'chat',
    filtering: false,
    focusChosen: ui.focusChosen || action.byUser,
    chatOpen: ui.chatOpen || action.pane === 'chat',
    ...(isTail(action.pane) && { lastTail: action.pane }),
  };
}

function isTail(pane: PaneName): pane is 'log' | 'chat' {
  return pane === 'log' || pane === 'chat';
}

function chatClosed({ lastTail: _chat, ...ui }: UiState): UiState {
  return { ...ui, chatOpen: false, editing: false, focus: ui.focus === 'chat' ? 'peers' : ui.focus };
}

function moved(ui: UiState, { by, visibleRows, data }: Extract<UiAction, { kind: 'move' }>): UiState {
  switch (ui.focus) {
    case 'peers':
      return { ...ui, peers: moveSelection(ui.peers, { by, visibleRows, update: data.peers }) };
    case 'queues':
      return { ...ui, queues: moveSelection(ui.queues, { by, visibleRows, update: data.queues }) };
    case 'log':
      return { ...ui, log: moveTail(ui.log, { by, update: data.log }) };
    case 'chat':
      return { ...ui, chat: moveTail(ui.chat, { by, update: data.chat }) };
  }
}

function arrived(ui: UiState, data: EngineData): UiState {
  const peers = data.peers === undefined ? ui.peers : settleSelection(ui.peers, data.peers);
  const queues = data.queues === undefined ? ui.queues : settleAtTop(ui.queues, data.queues);
  const log = data.log === undefined ? ui.log : settleTail(ui.log, data.log);
  const chat = data.chat === undefined ? ui.chat : settleTail(ui.chat, data.chat);
  const isConnector = ui.isConnector || data.status?.configured === true;
  const same = peers === ui.peers && queues === ui.queues && log === ui.log && chat === ui.chat;
  return same && isConnector === ui.isConnector ? ui : { ...ui, isConnector, peers, queues, log, chat };
}

function filtered(ui: UiState, text: string): UiState {
  const pane = ui[ui.focus];
  if (pane.filter === text) return ui;
  const fromTop = 'offset' in pane ? { ...pane, offset: 0, selected: { index: 0 } } : {};
  const sought = text === '' ? ui.sought : { ...ui.sought, [ui.focus]: text };
  const live = ui.focus === 'log' ? without(ui, 'frozenLogId', undefined) : ui;
  return { ...live, sought, [ui.focus]: { ...fromTop, filter: text } };
}

function sortedBy(ui: UiState, action: Extract<UiAction, { kind: 'sort' }>): UiState {
  return sorted(ui, (list, sorts) => ({
    ...list,
    sort: sorts.find((sort) => sort === action.by) ?? neighbourOf(sorts, list.sort, action.step ?? 1),
    descending: action.descending ?? list.descending,
  }));
}

function sorted(
  ui: UiState,
  change: <Sort extends string>(list: ListState<Sort>, sorts: readonly Sort[]) => ListState<Sort>,
): UiState {
  if (ui.focus === 'peers') return { ...ui, peers: { ...change(ui.peers, PEER_SORTS), offset: 0 } };
  if (ui.focus === 'queues') return { ...ui, queues: { ...change(ui.queues, QUEUE_SORTS), offset: 0 } };
  return ui;
}

function talkingTo(before: UiState, peer: NonNullable<UiState['chatPeer']>): UiState {
  const ui = without(before, 'candidates', undefined);
  if (ui.chatPeer?.id === peer.id) return ui.chatPeer.name === peer.name ? ui : { ...ui, chatPeer: peer };
  return { ...ui, chatPeer: peer, chat: { filter: '' } };
}

function neighbourOf<T>(all: readonly T[], current: T, by: number): T {
  return all[(all.indexOf(current) + by + all.length) % all.length] as T;
}

/** The pane `by` places after `pane`, cyclically. */
export function neighbour(pane: PaneName, by: number): PaneName {
  return neighbourOf(PANES, pane, by);
}
