import type { Dice } from './dice.ts';

/** Texts in the place of a JSON value: of every type, at the edges of numbers and strings, and no JSON at all. */
export const ODD_VALUES: readonly string[] = [
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e30',
  '9007199254740993',
  '99999999999999999999999999',
  '""',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  '"../../x"',
  '"\\u202e\\u001b[31m"',
  '[]',
  '["any"]',
  '{}',
  '{"a": 1}',
  '{"toString": 1}',
  '[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]',
];

/** These are no JSON, or JSON that no header may have. */
const NO_VALUES: readonly string[] = [
  'NaN',
  'Infinity',
  '1e999',
  '01',
  "'x'",
  '"\n"',
  '{"__proto__": 1}',
  '{"\\u005f_proto__": {}}',
  `${'['.repeat(40)}${']'.repeat(40)}`,
  `${'['.repeat(3_000)}`,
  '9'.repeat(400),
  'undefined',
  '"unfinished',
  '',
];

/** Members of an object as text. A few are repeated, in odd order, or with other white space. */
export function objectText(members: readonly (readonly [string, string])[], dice: Dice): string {
  const all = [...members];
  if (all.length > 0 && dice.chance(0.02)) all.push([dice.pick(all)[0], dice.pick(all)[1]]);
  if (dice.chance(0.1)) all.reverse();
  const [comma, colon] = dice.chance(0.1) ? ['\t,\n', ' :\r\n'] : [', ', ': '];
  return `{${all.map(([key, value]) => `${keyText(key, dice)}${colon}${value}`).join(comma)}}`;
}

function keyText(key: string, dice: Dice): string {
  const first = key.charCodeAt(0).toString(16).padStart(4, '0');
  return dice.chance(0.01) ? `"\\u${first}${key.slice(1)}"` : `"${key}"`;
}

/** A value of which the type is right, or sometimes another. */
export function valueText(sound: string, dice: Dice, oddness: number): string {
  if (!dice.chance(oddness)) return sound;
  return dice.chance(0.85) ? dice.pick(ODD_VALUES) : dice.pick(NO_VALUES);
}
