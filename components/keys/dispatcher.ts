import type { ActionId, Binding } from './binding.ts';
import { BINDINGS } from './bindings.ts';
import type { Facts } from './facts.ts';

export type Dispatched =
  | { readonly kind: 'action'; readonly action: ActionId }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'none' };

/** What a key means now. */
export function dispatch(chord: string, facts: Facts): Dispatched {
  const binding = bindingsHere(facts).find(({ keys }) => keys.includes(chord));
  return binding === undefined ? { kind: 'none' } : attempt(binding, facts);
}

/** What a binding does now, however it was chosen: by its key, in the help or in the palette. */
export function attempt(binding: Binding, facts: Facts): Dispatched {
  const reason = binding.refusal?.(facts);
  return reason === undefined ? { kind: 'action', action: binding.action } : { kind: 'refused', reason };
}

/** The bindings that have a meaning where the focus is; those of the pane itself first. */
export function bindingsHere(facts: Facts): readonly Binding[] {
  const { focus, editing } = facts.ui;
  const meaningful = BINDINGS.filter(({ applies }) => applies?.(facts) ?? true);
  if (editing) return meaningful.filter(({ places }) => places.includes('writing'));
  const own = meaningful.filter(({ places }) => places.includes(focus));
  const general = meaningful.filter(({ places }) => places.includes('any pane'));
  return [...own, ...general];
}

/** The bindings of the footer, in its order: only those that would do something. */
export function footerBindings(facts: Facts): readonly Binding[] {
  return bindingsHere(facts)
    .filter((binding) => binding.footer !== undefined && binding.refusal?.(facts) === undefined)
    .sort((left, right) => (left.footer ?? 0) - (right.footer ?? 0));
}

/** The commands of the palette whose names begin with (or, after those, contain) what was typed. */
export function paletteEntries(typed: string): readonly Binding[] {
  const needle = typed.trim().toLowerCase();
  const cliNeedle = needle.replaceAll('-', '_');
  const named = BINDINGS.filter(
    ({ command, cliName }) => command?.includes(needle) || (needle !== '' && cliName?.includes(cliNeedle)),
  );
  const begins = named.filter(({ command }) => command?.startsWith(needle));
  return [...begins, ...named.filter((binding) => !begins.includes(binding))];
}
