import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { AiocError, outputTrouble, systemCode } from '../engine/index.ts';
import { EXIT } from './exit-codes.ts';

/** Why nothing can be written to the standard output any more. */
export type OutputEnd = 'nobody reads' | 'it cannot be written';

const listeners = new Set<(end: OutputEnd) => void>();
let ended: OutputEnd | undefined;

/**
 * From here on an output that ends is no error that ends the program: a reader that has gone (EPIPE) is an orderly end,
 * as after `| head -1`; one that cannot be written (a full disk, a terminal that is gone) is said once on the standard
 * error, and a command then exits with 1.
 */
export function guardStandardOutput(): void {
  leaveTerminalsThatAreGone();
  // Nothing is left to say it on.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (ended !== undefined) return;
    ended = systemCode(error) === 'EPIPE' ? 'nobody reads' : 'it cannot be written';
    if (ended === 'it cannot be written') {
      const what = new AiocError('AIOC_OUTPUT', `the output cannot be written: ${outputTrouble(error)}`);
      process.stderr.write(`aioc: ${what.message} [${what.code}]\n`);
      process.exitCode ||= EXIT.failed;
    }
    for (const listener of listeners) listener(ended);
  });
}

/** At its end Node sets each terminal back, and aborts where that terminal is gone: unless it is closed by then. */
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

/** The exit code of a command that has done its work: it failed where its output could not be written. */
export function exitCodeAfter(exitCode: number): number {
  return exitCode === EXIT.ok && ended === 'it cannot be written' ? EXIT.failed : exitCode;
}
