import { THEMES, type ThemeName } from '../themes/themes.ts';
import { type ListState, PEER_SORTS, QUEUE_SORTS, type UiState } from './ui-state.ts';

/** Commands of the palette that are remembered. */
const COMMANDS_KEPT = 50;

/** Changes that are kept for the next run. */
export const REMEMBERED: readonly string[] = ['sort', 'reverse', 'command', 'clipboard', 'mouse', 'theme'];

/** What is remembered between runs. */
export interface RememberedChoices {
  readonly peers: Order;
  readonly queues: Order;
  readonly clipboard: boolean;
  readonly mouse: boolean;
  readonly theme?: ThemeName;
  /** Lines of the palette, oldest first. */
  readonly commands: readonly string[];
}

interface Order {
  readonly sort: string;
  readonly descending: boolean;
}

export function choicesOf({ peers, queues, clipboard, mouse, theme, commands }: UiState): RememberedChoices {
  return {
    ...{ peers: orderOf(peers), queues: orderOf(queues), clipboard, mouse, commands },
    ...(theme !== undefined && { theme }),
  };
}

/** The state with what was remembered; anything that is not understood is left out. */
export function withChoices(ui: UiState, remembered: unknown): UiState {
  const { peers, queues, clipboard, mouse, theme, commands } = recordOf(remembered);
  const lines = Array.isArray(commands) ? commands.filter((line) => typeof line === 'string') : [];
  const chosen = ui.theme ?? THEMES.find((one) => one === theme);
  return {
    ...ui,
    ...(chosen !== undefined && { theme: chosen }),
    peers: ordered(ui.peers, peers, PEER_SORTS),
    queues: ordered(ui.queues, queues, QUEUE_SORTS),
    clipboard: clipboard === true,
    mouse: ui.mouse || mouse === true,
    commands: lines.slice(-COMMANDS_KEPT),
  };
}

/** The lines with a new one; a repeated one moves to the end. */
export function withCommand(commands: readonly string[], line: string): readonly string[] {
  return [...commands.filter((other) => other !== line), line].slice(-COMMANDS_KEPT);
}

function orderOf({ sort, descending }: Order): Order {
  return { sort, descending };
}

function ordered<Sort extends string>(
  list: ListState<Sort>,
  remembered: unknown,
  sorts: readonly Sort[],
): ListState<Sort> {
  const { sort, descending } = recordOf(remembered);
  const known = sorts.find((one) => one === sort);
  return known === undefined ? list : { ...list, sort: known, descending: descending === true };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
