import { isIP, isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { AiocError } from '../base/errors.ts';

/**
 * The own address that client_bind_ip means: itself, or that of the network interface of this name. An interface has
 * addresses of both families: the one taken is of the server's, IPv4 where the server is given by a name.
 *
 * @throws AiocError AIOC_CONFIG when it is neither an address nor an interface that has one
 */
export function ownAddressOf(
  addressOrInterface: string,
  serverHost: string,
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>> = networkInterfaces(),
): string {
  if (isIP(addressOrInterface) !== 0) return addressOrInterface;
  const family = isIPv6(serverHost) ? 'IPv6' : 'IPv4';
  const found = interfaces[addressOrInterface]?.find((address) => address.family === family);
  if (found !== undefined) return found.address;
  const names = Object.keys(interfaces).join(', ');
  throw new AiocError(
    'AIOC_CONFIG',
    `client_bind_ip: ${JSON.stringify(addressOrInterface)} is neither an address nor a network interface with an ${family} address; the interfaces of this machine are ${names}`,
  );
}
