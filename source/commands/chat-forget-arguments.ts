import { unexpected, type Values } from './send-arguments.ts';

/** `aioc chat forget`. */
export interface ChatForgetOptions {
  /** How the machine is called, or its certificate's SHA-256; absent: all. */
  readonly name?: string;
  readonly isSure: boolean;
}

/** @throws AiocError AIOC_USAGE */
export function chatForget([name, extra]: readonly string[], values: Values): ChatForgetOptions {
  if (extra !== undefined) throw unexpected(extra);
  return { isSure: values['yes'] === true, ...(name !== undefined && { name }) };
}
