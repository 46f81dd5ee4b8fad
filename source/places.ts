import { homedir } from 'node:os';
import { join } from 'node:path';

/** This side's key, history and what it is in the middle of (XDG base directories). */
export function stateDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = env['XDG_STATE_HOME'];
  // A relative path there is invalid by the specification, and would depend on where the program was started.
  return join(base?.startsWith('/') ? base : join(homedir(), '.local', 'state'), 'aioc');
}

export function defaultReceivedDirectory(): string {
  return join(homedir(), 'aioc-received');
}
