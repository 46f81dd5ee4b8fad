import { AiocError, systemCode } from '../base/errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: is aioc running there, and is the port correct and open?',
  ECONNRESET: 'the peer reset the connection',
  ECONNABORTED: 'the connection was aborted',
  EPIPE: 'the peer closed the connection',
  ETIMEDOUT: 'no answer: is the machine on, or does a firewall block the connection?',
  EHOSTUNREACH: 'the machine is not reachable from here',
  EHOSTDOWN: 'the machine is not reachable from here: is it on?',
  ENETUNREACH: 'the network is not reachable from here',
  ENETDOWN: 'the network of this machine is down',
  ENOTFOUND: 'unknown host name: check the spelling',
  EAI_NONAME: 'unknown host name: check the spelling',
  ENODATA: 'the host name has no address',
  EAI_NODATA: 'the host name has no address',
  EAI_AGAIN: 'the host name could not be resolved now: is the network up?',
  EAI_FAIL: 'the name server could not resolve the host name',
  EAI_MEMORY: 'the host name could not be resolved: this machine is out of memory',
  ENOMEM: 'this machine is out of memory',
  ENOBUFS: 'this machine has no memory for more connections',
  EMFILE: 'too many files and connections are open here: raise the limit (ulimit -n)',
  ENFILE: 'too many files and connections are open on this machine',
  EADDRNOTAVAIL: 'the address cannot be used from here',
  EADDRINUSE: 'the local address is already in use',
  EINVAL: 'the address cannot be used from here',
  EAFNOSUPPORT: 'this machine has no network of that kind (IPv4 or IPv6)',
  EACCES: 'this machine blocks outgoing connections: check its firewall',
  EPERM: 'this machine blocks outgoing connections: check its firewall',
};

/** Alerts that the peer's TLS has sent (RFC 8446 §6), by the end of OpenSSL's code. */
const ALERTS: readonly (readonly [ending: string, words: string])[] = [
  [
    'ALERT_CERTIFICATE_EXPIRED',
    'the peer says that this certificate has expired: check the clocks of both machines',
  ],
  ['ALERT_CERTIFICATE_REVOKED', 'the peer says that this certificate is revoked'],
  [
    'ALERT_BAD_CERTIFICATE',
    'the peer rejects this certificate: it may not be valid there yet; check the clocks of both machines',
  ],
  ['ALERT_CERTIFICATE_UNKNOWN', 'the peer rejects this certificate'],
  ['ALERT_UNKNOWN_CA', 'the peer does not know this certificate, or has deleted it'],
  [
    'CERTIFICATE_REQUIRED',
    'the peer requires a certificate, and aioc sent none: set ssl_allow_all to the same value on both sides',
  ],
  [
    'PROTOCOL_VERSION',
    'the peer uses another version of TLS: aioc needs 1.2 or later, and 1.3 if tls_min_version says so',
  ],
];

/**
 * Describes an error of a connection, and what to check.
 *
 * @param where the phase in which it happened, if that helps: appended to the text
 */
export function describeNetworkError(error: Error | undefined, where?: string): string {
  const place = where === undefined ? '' : ` ${where}`;
  if (error === undefined) return `the peer closed the connection${place}`;
  if (error instanceof AiocError) return error.message;
  const code = systemCode(error) ?? '';
  const words = WORDS[code];
  if (words !== undefined) return words + (code.startsWith('ECONN') && code !== 'ECONNREFUSED' ? place : '');
  const alert = ALERTS.find(([ending]) => code.endsWith(ending));
  if (alert !== undefined) return alert[1];
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return 'the peer does not use TLS here: enable or disable TLS on both sides';
  }
  return code === '' ? error.message : `the connection failed (${code})`;
}
