import { isIPv6 } from 'node:net';

/**
 * The network of an address: the /24 of an IPv4 address, the /64 of an IPv6 address. One user usually has all addresses
 * of such a network, so limits count it as well.
 *
 * @param address as Node reports it: literal, maybe with a scope or mapped into IPv6
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (!isIPv6(mapped)) return mapped.split('.').slice(0, 3).join('.');
  const [bare = ''] = mapped.split('%');
  const [head = '', tail] = bare.split('::');
  const first = head === '' ? [] : head.split(':');
  // The zeros that `::` leaves out; only the first four groups matter.
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - groupsIn(last));
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 4);
  return groups.map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':');
}

/** An IPv4 address at the end takes the place of two groups. */
function groupsIn(parts: readonly string[]): number {
  return parts.length + (parts.at(-1)?.includes('.') ? 1 : 0);
}

/** Whom a rate limit counts: an IPv4 address, or the network of an IPv6 address, since each user has a whole one. */
export function limitedSource(address: string): string {
  return address.includes(':') ? networkOf(address) : address;
}
