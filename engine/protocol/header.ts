import { isAscii } from 'node:buffer';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { spelledMembers } from '../config/json-edit.ts';
import { checkFields } from './header-fields.ts';
import type { JsonObject, JsonValue } from './json-value.ts';

export type { JsonObject, JsonValue };

/** A frame's header (PROTOCOL §1). Unknown keys are kept and forwarded. */
export interface Header extends JsonObject {
  readonly message_type: string;
}

/**
 * Parses and checks a header. A request_id or response_id that a number cannot hold exactly becomes a bigint: Python's
 * integers are unbounded, and the requester waits for exactly that id.
 *
 * @throws AiocError AIOC_FRAME_BAD naming the fault
 */
export function parseHeader(bytes: Buffer): Header {
  const header = parseJsonObject(bytes);
  if (typeof header['message_type'] !== 'string' || header['message_type'] === '') {
    throw new AiocError('AIOC_FRAME_BAD', 'the header has no message_type');
  }
  return header as Header;
}

/**
 * The same for a header from a peer: the fields that connectors read have the right types (header-fields.ts).
 *
 * @throws AiocError AIOC_FRAME_BAD naming the fault
 */
export function parseReceivedHeader(bytes: Buffer): Header {
  const header = parseHeader(bytes);
  checkFields(header);
  return header;
}

/**
 * Parses a header that leaves the message type to its batch.
 *
 * @throws AiocError AIOC_FRAME_BAD naming what is wrong with it
 */
export function parseJsonObject(bytes: Buffer): JsonObject {
  const text = decoded(bytes);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AiocError('AIOC_FRAME_BAD', 'the header is not a JSON object');
  }
  const header = value as Record<string, JsonValue>;
  for (const key of IDS) {
    const id = header[key];
    if (typeof id === 'number') header[key] = exactInteger(id, () => spelledIn(text, key));
  }
  return header;
}

/** The exact value of a number in JSON: a bigint for an integer whose digits a number would lose. */
export function exactInteger(read: number, spelled: () => string): number | bigint {
  if (Number.isSafeInteger(read) || !Number.isInteger(read)) return read;
  const digits = spelled();
  return /^-?\d+$/.test(digits) ? BigInt(digits) : read;
}

/** A member of a JSON object as written in the text. Of duplicates, the last one counts. */
export function spelledIn(text: string, key: string): string {
  return spelledMembers(text).findLast(([name]) => name === key)?.[1] ?? '';
}

const IDS = ['request_id', 'response_id'] as const;

/**
 * The header as Python's json module writes it: `", "`, `": "` and `\uXXXX` (PROTOCOL §1). One character per byte.
 *
 * @throws AiocError AIOC_FRAME_TOO_LARGE
 */
export function headerText(header: JsonObject): string {
  const text = pythonJson(header);
  if (text.length <= LIMITS.headerBytes) return text;
  throw new AiocError(
    'AIOC_FRAME_TOO_LARGE',
    `the header has ${text.length} bytes, at most ${LIMITS.headerBytes} fit: send long values as data`,
  );
}

/** JSON in Python's spelling, ASCII only. */
export function pythonJson(value: JsonValue): string {
  if (typeof value === 'string') return pythonString(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  let members = '';
  for (const key of Object.keys(value)) {
    const member = (value as JsonObject)[key];
    if (member === undefined) continue;
    if (members !== '') members += ', ';
    members += `${pythonString(key)}: ${pythonJson(member)}`;
  }
  return `{${members}}`;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text that needs no escapes in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

function pythonString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function decoded(bytes: Buffer): string {
  // Headers from Python are always ASCII; a checked UTF-8 decode costs far more.
  if (isAscii(bytes)) return bytes.toString('latin1');
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new AiocError('AIOC_FRAME_BAD', 'the header is not UTF-8', { cause });
  }
}

function parseJson(text: string): unknown {
  const flat = isFlat(text);
  // Checked before parsing: a recursive parser must not depend on untrusted input.
  if (!flat && depthExceeds(text, LIMITS.headerDepth)) {
    throw new AiocError('AIOC_FRAME_BAD', `the header is nested deeper than ${LIMITS.headerDepth}`);
  }
  try {
    if (!flat) return JSON.parse(text, refuseDangerous);
    const value: Record<string, unknown> = JSON.parse(text);
    for (const key in value) refuseDangerous(key, value[key]);
    return value;
  } catch (cause) {
    if (cause instanceof AiocError) throw cause;
    throw new AiocError('AIOC_FRAME_BAD', 'the header is not JSON', { cause });
  }
}

/** Most headers are flat: nothing nested, no escapes and no dangerous key; they are parsed faster. */
function isFlat(text: string): boolean {
  return (
    text.indexOf('{', 1) < 0 && !text.includes('[') && !text.includes('\\') && !text.includes('__proto__')
  );
}

function refuseDangerous(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new AiocError('AIOC_FRAME_BAD', 'the header has the key __proto__');
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new AiocError('AIOC_FRAME_BAD', 'the header has a number that is too large');
  }
  return value;
}

function depthExceeds(text: string, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (inString) {
      if (unit === BACKSLASH) index += 1;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      depth += 1;
      if (depth > max) return true;
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
