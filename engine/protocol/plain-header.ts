import { BATCH_KEYS } from './batch-keys.ts';
import { HEADER_FIELDS } from './header-fields.ts';

/**
 * Whether bytes are a header that needs no closer look: a flat JSON object in ASCII without escapes, whose values are
 * short numbers, plain strings, true, false and null, and none of whose keys may mean something, or has a value of
 * another type than its field. Any other header is parsed. Runs for each message whose header differs from the one
 * before, instead of JSON.parse.
 *
 * @param keys that mean something: `keyTable(names)`
 */
export function isPlainHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  keys: Uint8Array = KEYS_OF_CONNECTORS,
): boolean {
  let at = start;
  if (bytes[at] !== OPEN_BRACE || bytes[end - 1] !== CLOSE_BRACE) return false;
  const last = end - 1;
  at = blanksEnd(bytes, at + 1);
  if (at === last) return true;
  for (;;) {
    if (bytes[at] !== QUOTE) return false;
    const keyEnd = stringEnd(bytes, at, last);
    if (keyEnd < 0) return false;
    const excluded = excludedTypes(keys, bytes[at + 1] as number, keyEnd - at - 2);
    at = blanksEnd(bytes, keyEnd);
    if (bytes[at] !== COLON) return false;
    at = blanksEnd(bytes, at + 1);
    if (excluded !== 0 && (excluded & typeOf(bytes[at] as number)) !== 0) return false;
    const valueEnd = bytes[at] === QUOTE ? stringEnd(bytes, at, last) : wordEnd(bytes, at, last);
    if (valueEnd < 0) return false;
    at = blanksEnd(bytes, valueEnd);
    if (at === last) return true;
    if (bytes[at] !== COMMA) return false;
    at = blanksEnd(bytes, at + 1);
  }
}

/** The types of values that a key may not have; one that may be in the table has its length and first letter. */
function excludedTypes(keys: Uint8Array, first: number, length: number): number {
  return length < MAX_KEY ? (keys[first * MAX_KEY + length] as number) : 0;
}

/** A table of keys by first letter and length, with the types of values that are not plain: by default all. */
export function keyTable(
  names: readonly string[],
  excluded: (name: string) => number = () => ANY_TYPE,
): Uint8Array {
  const keys = new Uint8Array(256 * MAX_KEY);
  for (const name of names) {
    const at = name.charCodeAt(0) * MAX_KEY + name.length;
    keys[at] = (keys[at] as number) | excluded(name);
  }
  return keys;
}

function typeOf(first: number): number {
  if (first === QUOTE) return STRING;
  if (first === LETTER_T || first === LETTER_F) return BOOLEAN;
  return first === LETTER_N ? NOTHING : NUMBER;
}

/** @returns the offset behind the closing quote; -1 for a string with an escape, a control or not in ASCII */
function stringEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte < BLANK || byte > TILDE || byte === BACKSLASH) return -1;
  }
  return -1;
}

/** @returns the offset behind a literal or a number of few digits; -1 for anything else */
function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] as number;
  if (first === LETTER_T) return literalEnd(bytes, start, TRUE, end);
  if (first === LETTER_F) return literalEnd(bytes, start, FALSE, end);
  if (first === LETTER_N) return literalEnd(bytes, start, NULL, end);
  const digits = first === MINUS ? start + 1 : start;
  let at = digitsEnd(bytes, digits, end);
  const isZeroFirst = bytes[digits] === ZERO && at - digits > 1;
  if (at === digits || at - digits > MAX_DIGITS || isZeroFirst) return -1;
  if (bytes[at] === POINT) {
    const fraction = at + 1;
    at = digitsEnd(bytes, fraction, end);
    if (at === fraction) return -1;
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at += 1;
  return at;
}

function literalEnd(bytes: Uint8Array, start: number, literal: Uint8Array, end: number): number {
  if (start + literal.length > end) return -1;
  for (let index = 0; index < literal.length; index += 1)
    if (bytes[start + index] !== literal[index]) return -1;
  return start + literal.length;
}

function blanksEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === BLANK) at += 1;
  return at;
}

/** Types of values, as bits. */
const [STRING, NUMBER, BOOLEAN, NOTHING] = [1, 2, 4, 8] as const;
const ANY_TYPE = STRING | NUMBER | BOOLEAN | NOTHING;
const PLAIN_TYPES: Readonly<Partial<Record<string, number>>> = {
  text: STRING,
  id: STRING | NUMBER,
  boolean: BOOLEAN,
  flag: NUMBER | BOOLEAN | NOTHING,
};
/** Longer than every field that is checked. */
const MAX_KEY = 24;
const LOOKED_AT: readonly string[] = [...BATCH_KEYS, 'with_file', 'response_id', '__proto__'];
const KEYS_OF_CONNECTORS = keyTable([...LOOKED_AT, ...Object.keys(HEADER_FIELDS)], (name) =>
  LOOKED_AT.includes(name)
    ? ANY_TYPE
    : ANY_TYPE & ~(PLAIN_TYPES[HEADER_FIELDS[name as keyof typeof HEADER_FIELDS]] ?? 0),
);

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');
/** Below 2^53. */
const MAX_DIGITS = 15;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const BLANK = 0x20;
const TILDE = 0x7e;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_T = 0x74;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
