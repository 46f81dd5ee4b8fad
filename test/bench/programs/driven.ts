import { createInterface } from 'node:readline';

export type Methods = Readonly<Record<string, (given: never) => Promise<unknown> | unknown>>;

/** Does what is asked for on the standard input, one line of JSON after another, and answers each with one. */
export function beDriven(methods: Methods): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { call, ...given } = JSON.parse(line) as { call: string };
    try {
      const method = methods[call];
      if (method === undefined) throw new Error(`this program cannot ${call}`);
      const result = await method(given as never);
      process.stdout.write(`${JSON.stringify({ result: result ?? null })}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ error: (error as Error).stack })}\n`);
    }
  });
  lines.on('close', () => process.exit(0));
}
