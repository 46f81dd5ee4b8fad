/** Every key and mark there is, for the help on the screen and for components/README.md. */
import type { Binding } from './binding.ts';
import { BINDINGS } from './bindings/index.ts';
import type { KeyContext } from './key-context.ts';
import { LEGEND } from './legend.ts';
import { TYPING_KEYS } from './typing-keys.ts';

export interface HelpEntry {
  readonly shown: string;
  readonly place: string;
  readonly label: string;
  /** Absent for an entry of the legend and for a key of an editor. */
  readonly binding?: Binding;
}

/** The whole help, in the order of the tables. */
export function allHelpEntries(): readonly HelpEntry[] {
  return [...BINDINGS.map(entryOf), ...TYPING_KEYS, ...LEGEND_ENTRIES];
}

/** All keys and marks that match the filter. Those of the focused pane come first. */
export function helpEntries(context: KeyContext, filter: string): readonly HelpEntry[] {
  const needle = filter.trim().toLowerCase();
  const here = context.ui.editing ? 'writing' : context.ui.focus;
  const keys = BINDINGS.toSorted((left, right) => rank(left, here) - rank(right, here)).map(entryOf);
  return [...keys, ...TYPING_KEYS, ...LEGEND_ENTRIES].filter(({ shown, place, label }) =>
    `${shown} ${label} ${place}`.toLowerCase().includes(needle),
  );
}

/** The same as a Markdown table: where, key, meaning, and the name in the `:` palette. */
export function keysMarkdown(): string {
  const rows = allHelpEntries().map(({ shown, place, label, binding }) => {
    const words = binding?.words === undefined ? '' : ` ${binding.words}`;
    const command = binding?.command === undefined ? '' : `\`:${binding.command}${words}\``;
    return `| ${[place, asCode(shown, binding), label, command].map(escaped).join(' | ')} |`;
  });
  return ['| where | key | what it does | command |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const LEGEND_ENTRIES = LEGEND.map(([shown, place, label]): HelpEntry => ({ shown, place, label }));

function entryOf(binding: Binding): HelpEntry {
  return { shown: binding.shown, place: placeOf(binding), label: binding.label, binding };
}

/** Two keys of one binding are written one after the other; a key combination or a mark is one piece. */
function asCode(shown: string, binding: Binding | undefined): string {
  const keys = binding === undefined || binding.press !== undefined ? [shown] : shown.split(' ');
  return keys.map((key) => `\`${key}\``).join(' ');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function placeOf({ places }: Binding): string {
  if (places.includes('any pane')) return places.includes('writing') ? 'everywhere' : 'any pane';
  return places.map((place) => (place === 'writing' ? 'chat line' : place)).join(', ');
}

function rank(binding: Binding, here: string): number {
  return binding.places.some((place) => place === here) ? 0 : 1;
}
