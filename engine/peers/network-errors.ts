import { AiocError, systemCode } from '../base/errors.ts';
import type { Cause } from '../contract/views.ts';

type Fault = readonly [cause: Cause, words: string];

const FAULTS: Readonly<Record<string, Fault>> = {
  ECONNREFUSED: [
    'nothing-listens',
    'nothing listens there (connection refused): is aioc running, and is the port correct and open?',
  ],
  ECONNRESET: ['lost', 'the peer reset the connection'],
  ECONNABORTED: ['lost', 'the connection was aborted'],
  EPIPE: ['lost', 'the peer closed the connection'],
  ETIMEDOUT: ['no-answer', 'no answer: is the machine on, or does a firewall block the connection?'],
  EHOSTUNREACH: ['no-answer', 'the machine is not reachable from here'],
  EHOSTDOWN: ['no-answer', 'the machine is not reachable from here: is it on?'],
  ENETUNREACH: ['no-answer', 'the network is not reachable from here'],
  ENETDOWN: ['other', 'the network of this machine is down'],
  ENOTFOUND: ['other', 'unknown host name: check the spelling'],
  EAI_NONAME: ['other', 'unknown host name: check the spelling'],
  ENODATA: ['other', 'the host name has no address'],
  EAI_NODATA: ['other', 'the host name has no address'],
  EAI_AGAIN: ['other', 'the host name could not be resolved now: is the network up?'],
  EAI_FAIL: ['other', 'the name server could not resolve the host name'],
  EAI_MEMORY: ['other', 'the host name could not be resolved: this machine is out of memory'],
  ENOMEM: ['other', 'this machine is out of memory'],
  ENOBUFS: ['other', 'this machine has no memory for more connections'],
  EMFILE: ['other', 'too many files and connections are open here: raise the limit (ulimit -n)'],
  ENFILE: ['other', 'too many files and connections are open on this machine'],
  EADDRNOTAVAIL: ['other', 'the address cannot be used from here'],
  EADDRINUSE: ['other', 'the local address is already in use'],
  EINVAL: ['other', 'the address cannot be used from here'],
  EAFNOSUPPORT: ['other', 'this machine has no network of that kind (IPv4 or IPv6)'],
  EACCES: ['other', 'this machine blocks outgoing connections: check its firewall'],
  EPERM: ['other', 'this machine blocks outgoing connections: check its firewall'],
};

/** Alerts that the peer's TLS has sent (RFC 8446 §6), by the end of OpenSSL's code. */
const ALERTS: readonly (readonly [ending: string, ...fault: Fault])[] = [
  [
    'ALERT_CERTIFICATE_EXPIRED',
    'certificate',
    'the peer says that this certificate has expired: check the clocks of both machines',
  ],
  ['ALERT_CERTIFICATE_REVOKED', 'certificate', 'the peer says that this certificate is revoked'],
  [
    'ALERT_BAD_CERTIFICATE',
    'certificate',
    'the peer rejects this certificate: it may not be valid there yet; check the clocks of both machines',
  ],
  ['ALERT_CERTIFICATE_UNKNOWN', 'certificate', 'the peer rejects this certificate'],
  ['ALERT_UNKNOWN_CA', 'certificate', 'the peer does not know this certificate, or has deleted it'],
  [
    'CERTIFICATE_REQUIRED',
    'certificate',
    'the peer requires a certificate, and aioc sent none: set ssl_allow_all to the same value on both sides',
  ],
  [
    'PROTOCOL_VERSION',
    'other',
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
  const words = networkFaultOf(code)?.words;
  if (words !== undefined) return words + (code.startsWith('ECONN') && code !== 'ECONNREFUSED' ? place : '');
  const alert = alertOf(code);
  if (alert !== undefined) return alert.words;
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return 'the peer does not use TLS here: enable or disable TLS on both sides';
  }
  return code === '' ? error.message : `the connection failed (${code})`;
}

interface KnownFault {
  readonly cause: Cause;
  readonly words: string;
}

/** What a code of the system means for a connection; undefined for a code that none is known to have. */
export function networkFaultOf(code: string): KnownFault | undefined {
  const fault = Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined;
  return fault && { cause: fault[0], words: fault[1] };
}

/** What an alert of the peer's TLS means, by OpenSSL's code; undefined for any other. */
export function alertOf(code: string): KnownFault | undefined {
  const alert = ALERTS.find(([ending]) => code.endsWith(ending));
  return alert && { cause: alert[1], words: alert[2] };
}
