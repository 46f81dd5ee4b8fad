#!/usr/bin/env node
import { AiocError, toAiocError } from '../engine/index.ts';
import { helpText, parseCommandLine } from './arguments.ts';
import { EXIT } from './exit-codes.ts';
import { VERSION } from './version.ts';

/** Chooses the way in. Only what is needed is loaded: `--help` and an upload never load the screen. */
async function main(words: readonly string[]): Promise<number> {
  const invocation = parseCommandLine(words);
  switch (invocation.mode) {
    case 'help':
      process.stdout.write(`${helpText()}\n`);
      return EXIT.ok;
    case 'version':
      process.stdout.write(`${VERSION}\n`);
      return EXIT.ok;
    case 'upload': {
      const { runUpload } = await import('./run-upload.ts');
      return runUpload(invocation.settings, invocation.path);
    }
    case 'screen': {
      if (!process.stdin.isTTY || !process.stdout.isTTY) {
        throw new AiocError(
          'AIOC_NO_TERMINAL',
          'the full-screen monitor needs a terminal on its input and output; "aioc chat --target HOST --upload PATH" works without one',
        );
      }
      const { runScreen } = await import('./run-screen.tsx');
      // The terminal's input would keep the process alive.
      return process.exit(await runScreen(invocation.settings));
    }
  }
}

function exitCodeOf(error: AiocError): number {
  if (error.code === 'AIOC_USAGE' || error.code === 'AIOC_NO_TERMINAL') return EXIT.usage;
  if (error.code === 'AIOC_REFUSED_BY_PEER') return EXIT.refused;
  if (error.code === 'AIOC_INTERNAL') return EXIT.defect;
  return EXIT.failed;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = toAiocError(error);
  process.stderr.write(`aioc: ${known.message} [${known.code}]\n`);
  if (known.code === 'AIOC_INTERNAL' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = exitCodeOf(known);
}
