import { familyOf } from '../base/addresses.ts';
import { AiocError } from '../base/errors.ts';
import type { Interfaces } from '../base/ports.ts';
import { localAddressOf } from '../peers/dial/plan.ts';

/**
 * Checks client_bind_ip: an address, or the name of a network interface that has one. For an interface, each connection
 * attempt chooses an address of the same family as the server's.
 *
 * @throws AiocError AIOC_CONFIG if it is neither, or its family differs from that of the server's address
 */
export function usableBindIp(bindTo: string, serverHost: string, interfaces: Interfaces): string {
  const wanted = familyOf(serverHost);
  const families = wanted === undefined ? (['IPv4', 'IPv6'] as const) : [wanted];
  const usable = families.some((family) => localAddressOf(bindTo, { family }, interfaces) !== undefined);
  if (usable) return bindTo;
  if (familyOf(bindTo) !== undefined) {
    const why = `the server ${serverHost} has an ${wanted} address; use one of the same family`;
    throw new AiocError('AIOC_CONFIG', `client_bind_ip: ${bindTo} cannot connect there: ${why}`);
  }
  const kind =
    wanted === undefined
      ? 'a network interface with an address'
      : `a network interface with an ${wanted} address`;
  throw new AiocError(
    'AIOC_CONFIG',
    `client_bind_ip: ${JSON.stringify(bindTo)} is neither an address nor ${kind}; the interfaces of this machine are ${Object.keys(interfaces).join(', ')}`,
  );
}
