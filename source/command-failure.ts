import { type AiocError, toAiocError } from '../engine/base/errors.ts';
import { EXIT } from './exit-codes.ts';
import { harmless } from './harmless.ts';

/** Says on the standard error why the command failed. @returns the exit code */
export function failed(error: unknown): number {
  process.stderr.write(failureText(error));
  return exitCodeOf(toAiocError(error));
}

/** One line, and for a defect where it was. Arguments, files and peers may be quoted in it. */
export function failureText(error: unknown): string {
  const known = toAiocError(error);
  const stack = known.code === 'AIOC_INTERNAL' && error instanceof Error ? `${error.stack}\n` : '';
  // Choices stand below some messages, two blanks further in; any other line end is from outside.
  const message = known.message.replace(/\n(?! {2})/g, '\\x0a');
  return harmless(`aioc: ${message} [${known.code}]\n${stack}`);
}

function exitCodeOf(error: AiocError): number {
  if (error.code === 'AIOC_USAGE' || error.code === 'AIOC_NO_TERMINAL') return EXIT.usage;
  if (error.code === 'AIOC_REFUSED_BY_PEER') return EXIT.refused;
  if (error.code === 'AIOC_INTERNAL') return EXIT.defect;
  return EXIT.failed;
}
