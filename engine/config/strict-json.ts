import { printable } from './faults.ts';
import { findDoubleNames, findJsonFault } from './json-fault.ts';

export interface StrictJson {
  /** Of use only where there are no faults. */
  readonly value: unknown;
  /** One line for each thing that is wrong with the text. */
  readonly faults: readonly string[];
}

/**
 * Reads JSON that people write, and in which nothing may be overlooked: where it is no JSON its line and column are told,
 * and a name that one object has twice is a fault, of which JSON.parse keeps the last without a word. A byte order mark,
 * as some editors write it, says nothing.
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
    return { value: undefined, faults: [`not JSON: ${where} has ${found} where ${expected} is expected`] };
  }
  return {
    value,
    faults: findDoubleNames(text).map(({ path, lines }) => `${named(path)} is given ${often(lines)}`),
  };
}

function named(path: readonly string[]): string {
  const isPlain = path.every((name) => /^[\w-]+$/.test(name));
  return isPlain ? path.join('.') : path.map(printable).join('.');
}

function often(lines: readonly number[]): string {
  const times = lines.length === 2 ? 'twice' : `${lines.length} times`;
  const [first, ...others] = [...new Set(lines)];
  if (others.length === 0) return `${times} on line ${first}: leave it there once`;
  return `${times}, on lines ${first} and ${others.join(' and ')}: leave it in one of them`;
}
