import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';

/** The message type of frames that only aioc peers exchange. */
export const AIOC_TYPE = '_aioc';

/**
 * A server's id on the wire: the Python repr of its address tuple, `('127.0.0.1', 10673)` (PROTOCOL §1).
 */
export function serverId(address: { readonly host: string; readonly port: number }): string {
  return `('${address.host}', ${address.port})`;
}

/**
 * Checks a client's name (PROTOCOL §1).
 *
 * @throws AiocError AIOC_NAME_BAD
 */
export function checkClientName(name: unknown): string {
  if (typeof name !== 'string') throw new AiocError('AIOC_NAME_BAD', 'the peer sent no name');
  if (name.length > LIMITS.nameLength || !/^[0-9a-zA-Z\-_:]+$/.test(name) || name.endsWith('\n')) {
    throw new AiocError(
      'AIOC_NAME_BAD',
      `a client's name has 1 to ${LIMITS.nameLength} letters, digits, -, _ or :`,
    );
  }
  if (/^default[0-9]*$/.test(name)) throw new AiocError('AIOC_NAME_BAD', `the name ${name} is reserved`);
  return name;
}

/** Whether a name is valid for a client. */
export function isClientName(name: string): boolean {
  try {
    checkClientName(name);
    return true;
  } catch {
    return false;
  }
}
