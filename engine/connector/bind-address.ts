import { familyOf } from '../base/addresses.ts';
import { AiocError } from '../base/errors.ts';
import type { Interfaces } from '../base/ports.ts';
import { localAddressOf } from '../peers/dial/plan.ts';

/**
 * client_bind_ip, when it can be used to call that server: an address, or the name of a network interface that has one.
 * An interface has addresses of both families; which is taken is decided at each call, by the address that is called.
 *
 * @throws AiocError AIOC_CONFIG when it is neither, or cannot reach a server that is given by an address
 */
export function usableBindIp(bindTo: string, serverHost: string, interfaces: Interfaces): string {
  const wanted = familyOf(serverHost);
  const families = wanted === undefined ? (['IPv4', 'IPv6'] as const) : [wanted];
  const usable = families.some((family) => localAddressOf(bindTo, { family }, interfaces) !== undefined);
  if (usable) return bindTo;
  if (familyOf(bindTo) !== undefined) {
    const why = `the server ${serverHost} has an ${wanted} address, which cannot be called from there`;
    throw new AiocError('AIOC_CONFIG', `client_bind_ip: ${bindTo} is of the other family: ${why}`);
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
