import { systemCode } from '../base/errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused: is aioc running there, is the port right and open?',
  ECONNRESET: 'the connection was reset by the other side',
  EPIPE: 'the other side closed the connection',
  ETIMEDOUT: 'no answer: is the machine on, is a firewall in between?',
  EHOSTUNREACH: 'the machine cannot be reached from here',
  ENETUNREACH: 'the network cannot be reached from here',
  ENOTFOUND: 'no machine goes by that name: check its spelling',
  EAI_AGAIN: 'the name could not be looked up now: is the network up?',
  EADDRNOTAVAIL: 'the address cannot be used from here',
};

/** An error of a connection in words that say what to check. */
export function describeNetworkError(error: Error | undefined): string {
  if (error === undefined) return 'the other side closed the connection';
  const code = systemCode(error) ?? '';
  const words = WORDS[code];
  if (words !== undefined) return words;
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return 'no TLS at the other side: do both use it, or both not?';
  }
  return error.message;
}
