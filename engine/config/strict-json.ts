import { printable } from './faults.ts';
import { findDoubleNames, findJsonFault } from './json-fault.ts';

export interface StrictJson {
  /** Valid only if there are no faults. */
  readonly value: unknown;
  /** One line for each fault in the text. */
  readonly faults: readonly string[];
}

/**
 * Parses JSON written by people, strictly: a syntax error is reported with its line and column, and a name that occurs
 * twice in one object is a fault (JSON.parse silently keeps the last). A byte order mark is ignored.
 */
export function parseStrictJson(file: string): StrictJson {
  const text = file.replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const fault = findJsonFault(text);
    if (fault === undefined) return { value: undefined, faults: ['it is nested too deeply'] };
    const { line, column, expected, found } = fault;
    const where = `line ${line}, column ${column}`;
    return { value: undefined, faults: [`invalid JSON at ${where}: expected ${expected}, found ${found}`] };
  }
  return {
    value,
    faults: findDoubleNames(text).map(({ path, lines }) => `${named(path)} occurs ${often(lines)}`),
  };
}

function named(path: readonly string[]): string {
  const isPlain = path.every((name) => /^[\w-]+$/.test(name));
  return isPlain ? path.join('.') : path.map(printable).join('.');
}

function often(lines: readonly number[]): string {
  const times = lines.length === 2 ? 'twice' : `${lines.length} times`;
  const [first, ...others] = [...new Set(lines)];
  if (others.length === 0) return `${times} on line ${first}: keep one`;
  return `${times}, on lines ${first} and ${others.join(' and ')}: keep one`;
}
