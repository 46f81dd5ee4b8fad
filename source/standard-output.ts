import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { AiocError, systemCode } from '../engine/base/errors.ts';
import { outputTrouble } from '../engine/base/output-trouble.ts';
import { EXIT } from './exit-codes.ts';

/** Why the standard output ended. */
export type OutputEnd = 'nobody reads' | 'it cannot be written';

const listeners = new Set<(end: OutputEnd) => void>();
let ended: OutputEnd | undefined;

/**
 * Handles the end of the standard output, which would otherwise crash the program. A reader that has gone (EPIPE) is a
 * normal end, as with `| head -1`. Any other error (a full disk, a closed terminal) is reported once on the standard error,
 * and the command then exits with 1.
 */
export function guardStandardOutput(): void {
  leaveTerminalsThatAreGone();
  // There is no output left on which to report it.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (ended !== undefined) return;
    ended = systemCode(error) === 'EPIPE' ? 'nobody reads' : 'it cannot be written';
    if (ended === 'it cannot be written') {
      const what = new AiocError('AIOC_OUTPUT', `cannot write the output: ${outputTrouble(error)}`);
      process.stderr.write(`aioc: ${what.message} [${what.code}]\n`);
      process.exitCode ||= EXIT.failed;
    }
    for (const listener of listeners) listener(ended);
  });
}

/** At exit Node resets each terminal and aborts if one is gone, unless its descriptor is closed by then. */
function leaveTerminalsThatAreGone(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

/** Calls `listener` once, when the standard output ends. */
export function onOutputEnd(listener: (end: OutputEnd) => void): void {
  if (ended === undefined) listeners.add(listener);
  else process.nextTick(listener, ended);
}

/** The exit code of a finished command: a failure if its output could not be written. */
export function exitCodeAfter(exitCode: number): number {
  return exitCode === EXIT.ok && ended === 'it cannot be written' ? EXIT.failed : exitCode;
}
