import { AiocError, systemCode } from '../base/errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused: is aioc running there, is the port right and open?',
  ECONNRESET: 'the connection was reset by the other side',
  ECONNABORTED: 'the connection was broken off',
  EPIPE: 'the other side closed the connection',
  ETIMEDOUT: 'no answer: is the machine on, is a firewall in between?',
  EHOSTUNREACH: 'the machine cannot be reached from here',
  EHOSTDOWN: 'the machine cannot be reached from here: is it on?',
  ENETUNREACH: 'the network cannot be reached from here',
  ENETDOWN: 'the network is down here',
  ENOTFOUND: 'no machine goes by that name: check its spelling',
  EAI_NONAME: 'no machine goes by that name: check its spelling',
  ENODATA: 'the name has no address',
  EAI_NODATA: 'the name has no address',
  EAI_AGAIN: 'the name could not be looked up now: is the network up?',
  EAI_FAIL: 'the name server could not look the name up',
  EAI_MEMORY: 'the name could not be looked up: this machine has no memory left',
  ENOMEM: 'this machine has no memory left',
  ENOBUFS: 'this machine has no memory left for connections',
  EMFILE: 'too many files and connections are open here: raise the limit (ulimit -n)',
  ENFILE: 'too many files and connections are open on this machine',
  EADDRNOTAVAIL: 'the address cannot be used from here',
  EADDRINUSE: 'the own address is in use already',
  EINVAL: 'the address cannot be used from here',
  EAFNOSUPPORT: 'this machine has no network of that kind (IPv4 or IPv6)',
  EACCES: 'this machine does not let the connection out: is a firewall in the way?',
  EPERM: 'this machine does not let the connection out: is a firewall in the way?',
};

/** What the other side's TLS has told us (RFC 8446 §6), by the end of OpenSSL's code for it. */
const ALERTS: readonly (readonly [ending: string, words: string])[] = [
  [
    'ALERT_CERTIFICATE_EXPIRED',
    'the other side says that our certificate has expired: are the clocks of both machines right?',
  ],
  ['ALERT_CERTIFICATE_REVOKED', 'the other side says that our certificate is revoked'],
  [
    'ALERT_BAD_CERTIFICATE',
    'the other side does not take our certificate: is it not valid yet there? Are the clocks of both machines right?',
  ],
  ['ALERT_CERTIFICATE_UNKNOWN', 'the other side does not take our certificate'],
  ['ALERT_UNKNOWN_CA', 'the other side does not know our certificate, or has deleted it'],
  [
    'CERTIFICATE_REQUIRED',
    'the other side wants a certificate, and we have shown none: ssl_allow_all must be the same on both sides',
  ],
  ['PROTOCOL_VERSION', 'the other side speaks another version of TLS: 1.2 or later is used here'],
];

/**
 * An error of a connection in words that say what to check.
 *
 * @param where it happened, where that says more: follows the words
 */
export function describeNetworkError(error: Error | undefined, where?: string): string {
  const place = where === undefined ? '' : ` ${where}`;
  if (error === undefined) return `the other side closed the connection${place}`;
  if (error instanceof AiocError) return error.message;
  const code = systemCode(error) ?? '';
  const words = WORDS[code];
  if (words !== undefined) return words + (code.startsWith('ECONN') && code !== 'ECONNREFUSED' ? place : '');
  const alert = ALERTS.find(([ending]) => code.endsWith(ending));
  if (alert !== undefined) return alert[1];
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return 'no TLS at the other side: do both use it, or both not?';
  }
  return code === '' ? error.message : `the connection failed (${code})`;
}
