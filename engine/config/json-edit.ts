const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[^\s,\]}]+/y;

/** A member of the outermost object, with the offsets of its parts. */
interface Member {
  readonly name: string;
  /** Start of the white space before the name. */
  readonly spaceAt: number;
  readonly nameAt: number;
  readonly nameEnd: number;
  readonly valueAt: number;
  readonly valueEnd: number;
}

/**
 * The text of a JSON object with one value replaced, or added at the end. Everything else stays as written: white space,
 * order, and the spelling of other values.
 *
 * @param text valid JSON, an object; it may start with a byte order mark
 */
export function withJsonValue(text: string, name: string, value: unknown): string {
  const { members, openEnd } = membersOf(text);
  const spelled = Array.isArray(value)
    ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
    : JSON.stringify(value);
  // Of a duplicate name, the last one counts.
  const found = members.findLast((member) => member.name === name);
  if (found !== undefined) return text.slice(0, found.valueAt) + spelled + text.slice(found.valueEnd);
  const last = members.at(-1);
  const key = JSON.stringify(name);
  if (last === undefined) return `${text.slice(0, openEnd)}${key}: ${spelled}${text.slice(openEnd)}`;
  const colon = text.slice(last.nameEnd, last.valueAt);
  const alone = members.length === 1 && colon.endsWith(' ') ? ' ' : '';
  const space = text.slice(last.spaceAt, last.nameAt) || alone;
  return `${text.slice(0, last.valueEnd)},${space}${key}${colon}${spelled}${text.slice(last.valueEnd)}`;
}

/**
 * The members of a JSON object, each value as written, so that large numbers keep their digits.
 *
 * @param text valid JSON, an object
 */
export function spelledMembers(text: string): readonly (readonly [name: string, spelled: string])[] {
  return membersOf(text).members.map(({ name, valueAt, valueEnd }) => [name, text.slice(valueAt, valueEnd)]);
}

function membersOf(text: string): { readonly members: readonly Member[]; readonly openEnd: number } {
  const openEnd = text.indexOf('{') + 1;
  const members: Member[] = [];
  for (let at = openEnd; ; ) {
    const nameAt = skip(SPACE, text, at);
    if (text[nameAt] !== '"') return { members, openEnd };
    const nameEnd = skip(STRING, text, nameAt);
    const valueAt = skip(SPACE, text, skip(SPACE, text, nameEnd) + 1);
    const valueEnd = endOfValue(text, valueAt);
    const name = JSON.parse(text.slice(nameAt, nameEnd)) as string;
    members.push({ name, spaceAt: at, nameAt, nameEnd, valueAt, valueEnd });
    at = skip(SPACE, text, valueEnd) + 1;
  }
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; ; ) {
    const letter = text[at];
    if (letter === '{' || letter === '[') {
      depth += 1;
      at += 1;
    } else if (letter === '}' || letter === ']') {
      depth -= 1;
      at += 1;
    } else if (letter === '"') at = skip(STRING, text, at);
    else if (letter === ',' || letter === ':') at += 1;
    else at = skip(SCALAR, text, at);
    if (depth === 0) return at;
    at = skip(SPACE, text, at);
  }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
