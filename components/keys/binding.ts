import type { PaneName } from '../state/ui-state.ts';
import type { ActionId } from './action-id.ts';
import type { KeyContext } from './key-context.ts';

/** Where a key works: in one pane, in any pane, while the user types in the chat line, or while an action counts down. */
export type KeyScope = PaneName | 'any pane' | 'writing' | 'countdown';

export interface BindingOptions {
  /** Its name in the palette. */
  readonly command?: string;
  /** Words that may follow its name in the palette, for the user; its action receives them. */
  readonly words?: string;
  /** What the first of these words names: Tab completes it. */
  readonly argument?: 'peer' | 'sort' | 'pane' | 'theme';
  /** Its name in `aioc cli`; the palette finds it by this name, too. */
  readonly cliName?: string;
  /** How to show the key when the user presses more than that key. */
  readonly press?: string;
  /** Its rank in the footer, lowest first; without a rank it appears only in the help. */
  readonly footer?: number;
  /** False when the key has no meaning, or another one, in this context. */
  readonly applies?: (context: KeyContext) => boolean;
  /** For a key with `applies`: why it does not exist now, for the help. */
  readonly otherwise?: string;
  /** The label in the footer, when it depends on the context. */
  readonly labelNow?: (context: KeyContext) => string;
  /** Why the key can do nothing now, for the user; undefined when it can. */
  readonly refusal?: (context: KeyContext) => string | undefined;
}

export interface Binding extends BindingOptions {
  /** As `chordOf` writes them. */
  readonly keys: readonly string[];
  /** How the footer writes the first key, and the help the first two. */
  readonly shownKey: string;
  readonly shown: string;
  readonly places: readonly KeyScope[];
  readonly action: ActionId;
  readonly label: string;
}

const SHOWN: Readonly<Record<string, string>> = {
  space: 'Space',
  enter: 'Enter',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  escape: 'Esc',
  up: '↑',
  down: '↓',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  f1: 'F1',
  'ctrl-c': 'Ctrl-C',
  'ctrl-l': 'Ctrl-L',
  'ctrl-r': 'Ctrl-R',
  'ctrl-s': 'Ctrl-S',
  'ctrl-z': 'Ctrl-Z',
};

/** A row of the table: where keys work, the keys separated by blanks, their action and its label. */
export function on(
  where: KeyScope | readonly KeyScope[],
  keys: string,
  [action, label]: readonly [ActionId, string],
  options: BindingOptions = {},
): Binding {
  const all = keys.split(' ').filter((key) => key !== '');
  return {
    ...options,
    keys: all,
    shownKey: options.press ?? shownAs(all[0] ?? ''),
    shown: options.press ?? all.slice(0, 2).map(shownAs).join(' '),
    places: typeof where === 'string' ? [where] : where,
    action,
    label,
  };
}

/** A row without a key: only for the palette. */
export function named(
  command: string,
  label: string,
  [action, refusal]: readonly [ActionId, (context: KeyContext) => string | undefined],
  options: Pick<BindingOptions, 'words'> = {},
): Binding {
  return on('any pane', '', [action, label], { command, press: ':', refusal, ...options });
}

function shownAs(key: string): string {
  return SHOWN[key] ?? key.replace(/^alt-(.)/, (_, character: string) => `Alt-${character.toUpperCase()}`);
}
