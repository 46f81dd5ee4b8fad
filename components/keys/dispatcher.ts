import type { ActionId } from './action-id.ts';
import type { Binding } from './binding.ts';
import { BINDINGS } from './bindings/index.ts';
import type { KeyContext } from './key-context.ts';

export type Dispatched =
  | { readonly kind: 'action'; readonly action: ActionId }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'none' };

/** What a key means now. */
export function dispatch(chord: string, context: KeyContext): Dispatched {
  const binding = bindingsHere(context).find(({ keys }) => keys.includes(chord));
  return binding === undefined ? { kind: 'none' } : attempt(binding, context);
}

/** Why a binding can do nothing now, for the user; undefined when it can. */
export function whyNot(binding: Binding, context: KeyContext): string | undefined {
  if (binding.applies?.(context) === false) return binding.otherwise;
  return binding.refusal?.(context);
}

/** What a binding does now, whether its key, the help or the palette chose it. */
export function attempt(binding: Binding, context: KeyContext): Exclude<Dispatched, { kind: 'none' }> {
  const reason = whyNot(binding, context);
  return reason === undefined ? { kind: 'action', action: binding.action } : { kind: 'refused', reason };
}

/** The bindings that apply where the focus is; those of a countdown and of the pane come first. */
function bindingsHere(context: KeyContext): readonly Binding[] {
  const { focus, editing, pending } = context.ui;
  const meaningful = BINDINGS.filter(({ applies }) => applies?.(context) ?? true);
  if (editing) return meaningful.filter(({ places }) => places.includes('writing'));
  const counting =
    pending === undefined ? [] : meaningful.filter(({ places }) => places.includes('countdown'));
  const own = meaningful.filter(({ places }) => places.includes(focus));
  const general = meaningful.filter(({ places }) => places.includes('any pane'));
  return [...counting, ...own, ...general];
}

/** The bindings of the footer, in order: only those that would do something. */
export function footerBindings(context: KeyContext): readonly Binding[] {
  return bindingsHere(context)
    .filter((binding) => binding.footer !== undefined && binding.refusal?.(context) === undefined)
    .sort((left, right) => (left.footer ?? 0) - (right.footer ?? 0));
}

/** A command that is followed by words in the palette: `invite bob 48`. */
export interface TypedCommand {
  readonly binding: Binding;
  readonly words: string;
}

/** undefined if the text is not a command that takes words, with a space after it. */
export function typedCommand(typed: string): TypedCommand | undefined {
  const [, command, words = ''] = /^\s*(\S+)\s+(.*)$/s.exec(typed) ?? [];
  const binding = BINDINGS.find((one) => one.words !== undefined && one.command === command?.toLowerCase());
  return binding && { binding, words: words.trim() };
}

/** The palette commands whose names start with the typed text, then those that contain it. */
export function paletteEntries(typed: string): readonly Binding[] {
  const withWords = typedCommand(typed);
  if (withWords !== undefined) return [withWords.binding];
  const needle = typed.trim().toLowerCase();
  const cliNeedle = needle.replaceAll('-', '_');
  const named = BINDINGS.filter(
    ({ command, cliName }) => command?.includes(needle) || (needle !== '' && cliName?.includes(cliNeedle)),
  );
  const begins = named.filter(({ command }) => command?.startsWith(needle));
  return [...begins, ...named.filter((binding) => !begins.includes(binding))];
}
