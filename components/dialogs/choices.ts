/** The answers of a dialog that asks, side by side. The harmless one comes first and has the focus. */
import { chordOf } from '../keys/chord.ts';
import type { Key } from '../terminal/key-event.ts';
import { type Line, plain } from '../widgets/line.ts';
import type { KeyHint } from './dialog.ts';

export const CHOOSE_HINT: KeyHint = ['← →', 'choose'];
export const ENTER_HINT: KeyHint = ['Enter', 'confirm'];

/** `[ Refuse ]   Accept`: the one in brackets is what Enter does. */
export function choices(entries: readonly (readonly [id: string, label: string])[], chosen: string): Line {
  return entries.flatMap(([id, label]) =>
    id === chosen ? [plain(`[ ${label} ]`, 'choice'), plain('  ')] : [plain(`  ${label}  `), plain('  ')],
  );
}

/** The choice after a key that moves between choices; undefined for another key. */
export function movedChoice<Choice extends string>(
  key: Key,
  order: readonly Choice[],
  chosen: Choice,
): Choice | undefined {
  const chord = chordOf(key);
  const at = order.indexOf(chosen);
  if (chord === 'left' || chord === 'h' || chord === 'up') return order[Math.max(0, at - 1)];
  if (chord === 'right' || chord === 'l' || chord === 'down')
    return order[Math.min(order.length - 1, at + 1)];
  if (chord === 'tab') return order[(at + 1) % order.length];
  if (chord === 'shift-tab') return order[(at + order.length - 1) % order.length];
  return undefined;
}
