import { readFileSync } from 'node:fs';

/**
 * Functions and methods of a file that are longer than `max` lines, found by their indentation: the formatter
 * guarantees that a block ends at the indentation at which it began.
 */
export function longFunctions(file: string, max: number): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    const start =
      /^(\s*)(?:export |async |static |private |override |function |get |set |const |\*|#)*([#\w]*)\s*.*(?:\)|=>)\s*(?::[^=]*)?(?:=>\s*)?\{$/.exec(
        line,
      );
    if (
      start === null ||
      /^\s*(?:if|for|while|switch|\} ?else|else|try|catch|do|return|test|describe|interface|type|class)\b/.test(
        line,
      )
    )
      continue;
    const indent = start[1] ?? '';
    const end = lines.findIndex((other, at) => at > index && new RegExp(`^${indent}[})\\]]`).test(other));
    if (end - index + 1 > max) found.push(`${file}:${index + 1} ${end - index + 1} lines`);
  }
  return found;
}
