import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import stringWidth from 'string-width';

/** Turns what differs from run to run into what doesn't. */
export type Mask = (text: string) => string;

export interface GoldenOptions {
  /** The test's `import.meta.url`: the golden files are in the directory `golden` beside it. */
  readonly from: string;
  /** The file's name without `.golden`, e.g. `chat-120x40`. */
  readonly name: string;
  readonly masks?: readonly Mask[];
}

/**
 * Compares text, for example a screen, with a golden file. `UPDATE_GOLDEN=1` writes the file instead: look at it
 * before it is committed. Blanks at the ends of lines don't count.
 * @throws Error with the lines that differ
 */
export function assertGolden(
  text: string | readonly string[],
  { from, name, masks = [] }: GoldenOptions,
): void {
  const path = join(dirname(fileURLToPath(from)), 'golden', `${name}.golden`);
  const whole = typeof text === 'string' ? text : text.join('\n');
  const actual = tidyLines(masks.reduce((masked, mask) => mask(masked), whole));
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${actual.join('\n')}\n`);
    return;
  }
  const expected = readGolden(path);
  const shown = relative(process.cwd(), path);
  if (expected === undefined)
    throw new Error(
      [`${shown} is not there. If this is right, run again with UPDATE_GOLDEN=1:`, ...actual].join('\n'),
    );
  if (actual.join('\n') !== expected.join('\n'))
    throw new Error(
      [
        `The text differs from ${shown} (- golden, + now). If it is right, run again with UPDATE_GOLDEN=1.`,
        ...lineDifference(expected, actual),
      ].join('\n'),
    );
}

/**
 * A mask that puts a placeholder of the same width, such as `PORT~`, in the place of each match, so that frames
 * around it stay where they are. What differs in width from run to run shifts what follows: give it a fixed width.
 */
export function maskWith(label: string, pattern: string | RegExp): Mask {
  return (text) =>
    text.replaceAll(typeof pattern === 'string' ? pattern : globally(pattern), (match: string) => {
      const width = stringWidth(match);
      return label.slice(0, width).padEnd(width, '~');
    });
}

/** The lines of both, those that differ with a sign before them, and those that are alike left out but for two around. */
export function lineDifference(before: readonly string[], after: readonly string[]): string[] {
  const marked = markedLines(before, after);
  const isNear = marked.map((_, index) =>
    marked.slice(Math.max(0, index - 2), index + 3).some((line) => !line.startsWith(' ')),
  );
  return marked.flatMap((line, index) => {
    if (isNear[index]) return [line];
    return index === 0 || isNear[index - 1] ? ['  …'] : [];
  });
}

/** Screens change in place, so rows are compared by number as long as both have them. */
function markedLines(before: readonly string[], after: readonly string[]): string[] {
  const marked: string[] = [];
  for (let row = 0; row < Math.max(before.length, after.length); row += 1) {
    const [old, now] = [before[row], after[row]];
    if (old === now) marked.push(`  ${old}`);
    else {
      if (old !== undefined) marked.push(`- ${old}`);
      if (now !== undefined) marked.push(`+ ${now}`);
    }
  }
  return marked;
}

function readGolden(path: string): string[] | undefined {
  try {
    return tidyLines(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function tidyLines(text: string): string[] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
}

function globally(pattern: RegExp): RegExp {
  return pattern.global ? pattern : new RegExp(pattern.source, `${pattern.flags}g`);
}
