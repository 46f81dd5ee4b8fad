import { isIP } from 'node:net';
import { LIMITS } from './limits.ts';
import type { AddressFamily, Interfaces } from './ports.ts';

/** A host as a user writes it, parsed: without brackets, and with the port if there is one. */
export interface WrittenHost {
  readonly host: string;
  readonly port?: number;
}

/** `host:port` as in URLs: an IPv6 address is in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Host and port of a string that `hostAndPort` wrote. */
export function partsOf(address: string): readonly [host: string, port: number] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), Number(address.slice(at + 1))];
}

/** The family of a literal address, with or without a scope; undefined for a name. */
export function familyOf(host: string): AddressFamily | undefined {
  const version = isIP(host);
  return version === 0 ? undefined : version === 6 ? 'IPv6' : 'IPv4';
}

/**
 * Parses `host`, `host:port`, `[address]`, `[address]:port` and a bare IPv6 address.
 *
 * @returns the host, or one sentence that says why it is not valid
 */
export function readHost(written: string): WrittenHost | { readonly fault: string } {
  const textOfIt = written.trim();
  if (textOfIt === '') return { fault: 'it is empty' };
  const isShort = textOfIt.length <= LIMITS.hostCharacters;
  if (isShort && familyOf(textOfIt) !== undefined) return { host: textOfIt };
  const [, bracketed, named, portText] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(textOfIt) ?? [];
  const host = bracketed ?? named;
  if (host === undefined) return { fault: `${JSON.stringify(written)} is neither an address nor a name` };
  if (bracketed !== undefined && familyOf(bracketed) !== 'IPv6')
    return { fault: `in ${JSON.stringify(written)} the brackets must contain an IPv6 address, as in [::1]` };
  if (host === '') return { fault: `${JSON.stringify(written)} has no host` };
  if (host.length > LIMITS.hostCharacters)
    return { fault: `an address or a name has at most ${LIMITS.hostCharacters} characters` };
  if (!/^[0-9A-Za-z._:%-]+$/.test(host))
    return { fault: `${JSON.stringify(host)} has characters that are not allowed in an address or a name` };
  if (portText === undefined) return { host };
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535)
    return { fault: `the port must be a number from 1 to 65535, not ${JSON.stringify(portText)}` };
  return { host, port };
}

/** The scope (network interface) after the `%` of an IPv6 address. */
export function scopeOf(address: string): string | undefined {
  const at = address.indexOf('%');
  return at < 0 ? undefined : address.slice(at + 1);
}

/** Whether an address is valid only together with an interface (fe80::/10, RFC 4291 §2.5.6). */
export function isLinkLocal(address: string): boolean {
  return familyOf(address) === 'IPv6' && /^fe[89ab]/i.test(address);
}

/** Why this machine cannot use an address, in one sentence; undefined if it may be able to. */
export function scopeFault(address: string, interfaces: Interfaces): string | undefined {
  if (!isLinkLocal(address)) return undefined;
  const scope = scopeOf(address);
  const names = Object.keys(interfaces);
  const there = `this machine has ${names.join(', ') || 'none'}`;
  const example = names.find((name) => name !== 'lo') ?? 'eth0';
  if (scope === undefined)
    return `${address} is a link-local address and needs a network interface, as in ${address}%${example}: ${there}`;
  // A number is the index of an interface. The system checks it.
  if (/^\d+$/.test(scope) || names.includes(scope)) return undefined;
  return `there is no network interface ${scope} on this machine: ${there}`;
}
