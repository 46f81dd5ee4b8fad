import { createInterface } from 'node:readline/promises';
import { AiocError } from '../engine/index.ts';

/**
 * Asks the user on the terminal to pick one of several choices.
 *
 * @param otherwise the error without a terminal; the choices are listed below it
 * @returns the index of the choice
 * @throws AiocError AIOC_USAGE without a terminal, AIOC_CANCELLED when the input ends
 */
export async function pick(question: string, choices: readonly string[], otherwise: string): Promise<number> {
  if (!process.stdin.isTTY)
    throw new AiocError('AIOC_USAGE', [otherwise, ...choices.map((choice) => `  ${choice}`)].join('\n'));
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<never>((_, reject) => {
    lines.once('close', () => reject(new AiocError('AIOC_CANCELLED', 'cancelled: nothing was chosen')));
  });
  ended.catch(() => undefined);
  try {
    for (const [index, choice] of choices.entries())
      process.stdout.write(`${String(index + 1).padStart(3)}  ${choice}\n`);
    for (;;) {
      const asked = lines.question(`${question} (1 to ${choices.length}): `);
      const answer = Number(await Promise.race([asked, ended]));
      if (Number.isInteger(answer) && answer >= 1 && answer <= choices.length) return answer - 1;
    }
  } finally {
    lines.close();
  }
}

/**
 * Asks a question on the terminal; the end of the input means no.
 *
 * @param options `enter`: what Enter means, yes by default
 */
export async function confirm(
  question: string,
  { enter = 'yes' }: { readonly enter?: 'yes' | 'no' } = {},
): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('no')));
  try {
    const answer = await Promise.race([
      lines.question(`${question} [${enter === 'yes' ? 'Y/n' : 'y/N'}] `),
      ended,
    ]);
    return (enter === 'yes' ? /^(y|yes)?$/i : /^(y|yes)$/i).test(answer.trim());
  } finally {
    lines.close();
  }
}
