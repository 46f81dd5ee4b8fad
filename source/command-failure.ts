import { type AiocError, toAiocError } from '../engine/base/errors.ts';
import { EXIT } from './exit-codes.ts';

/** Says on the standard error why the command failed. @returns the exit code */
export function failed(error: unknown): number {
  const known = toAiocError(error);
  process.stderr.write(`aioc: ${known.message} [${known.code}]\n`);
  if (known.code === 'AIOC_INTERNAL' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodeOf(known);
}

function exitCodeOf(error: AiocError): number {
  if (error.code === 'AIOC_USAGE' || error.code === 'AIOC_NO_TERMINAL') return EXIT.usage;
  if (error.code === 'AIOC_REFUSED_BY_PEER') return EXIT.refused;
  if (error.code === 'AIOC_INTERNAL') return EXIT.defect;
  return EXIT.failed;
}
