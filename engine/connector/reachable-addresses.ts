import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** Linux: the kernel's routes over IPv4. */
const ROUTES_FILE = '/proc/net/route';

/** Addresses by which others may reach a server bound to `host`, the likeliest first: the bound one itself, or all. */
export function reachableAddresses(host: string): readonly string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  return rankedAddresses(networkInterfaces(), defaultRoute(routes()));
}

/**
 * The addresses of a machine, the one that is most likely to work from another machine first: IPv4 on the interface of
 * the default route, other IPv4, IPv6 (global before local), and addresses without a network (169.254.0.0/16). An IPv6
 * address that is valid on one link only is left out: the other machine would have to add the name of its own interface.
 */
export function rankedAddresses(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  defaultInterface: string | undefined,
): readonly string[] {
  const ranked = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
      .map(({ family, address }) => ({
        address,
        rank: rankOf(family, address, name === defaultInterface),
      })),
  );
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.length > 0 ? ranked.map(({ address }) => address) : ['127.0.0.1'];
}

function rankOf(family: 'IPv4' | 'IPv6', address: string, isDefault: boolean): number {
  if (family === 'IPv6') return /^f[cd]/i.test(address) ? 3 : 2;
  if (address.startsWith('169.254.')) return 4;
  return isDefault ? 0 : 1;
}

/** The interface of the default route with the smallest metric, in the text of `ROUTES_FILE`. */
export function defaultRoute(text: string): string | undefined {
  const rows = text.split('\n').map((row) => row.trim().split(/\s+/));
  const defaults = rows.filter(([, destination, , , , , , mask]) => isZero(destination) && isZero(mask));
  defaults.sort((one, other) => Number(one[6]) - Number(other[6]));
  return defaults[0]?.[0];
}

function isZero(hex: string | undefined): boolean {
  return hex === '00000000';
}

/** Empty where the system has no such file. */
function routes(): string {
  try {
    return readFileSync(ROUTES_FILE, 'utf8');
  } catch {
    return '';
  }
}
