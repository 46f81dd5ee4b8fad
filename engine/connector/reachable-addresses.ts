import { networkInterfaces } from 'node:os';

/**
 * Addresses by which others may reach a server bound to `host`: the bound one itself, or those of this machine, IPv4
 * first, loopback only when there is nothing else.
 */
export function reachableAddresses(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(
    ({ internal, family, address }) => !internal && !(family === 'IPv6' && address.startsWith('fe80')),
  );
  const sorted = outside.sort((a, b) => Number(a.family === 'IPv6') - Number(b.family === 'IPv6'));
  return sorted.length > 0 ? sorted.map(({ address }) => address) : ['127.0.0.1'];
}
