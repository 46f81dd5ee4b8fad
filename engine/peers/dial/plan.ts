import { familyOf, inDialOrder, isLinkLocal, scopeFault } from '../../base/addresses.ts';
import { LIMITS } from '../../base/limits.ts';
import type { AddressFamily, HostAddress, Interfaces } from '../../base/ports.ts';

/** An address that is tried. */
export interface DialCandidate {
  readonly address: string;
  readonly localAddress: string | undefined;
}

/** An address that was not reached, or not tried, and why. */
export interface Failure {
  readonly address: string;
  readonly reason: string;
}

export interface Plan {
  readonly candidates: readonly DialCandidate[];
  readonly skipped: readonly Failure[];
}

/** Which of a host's addresses are tried, in which order and from where, and why the others are not. */
export function planOf(
  addresses: readonly HostAddress[],
  options: {
    /** client_bind_ip: an own address, or the name of an interface. */
    readonly bindTo?: string | undefined;
    readonly interfaces: Interfaces;
    /** The address that answered last. */
    readonly preferred?: string | undefined;
  },
): Plan {
  const { bindTo, interfaces, preferred } = options;
  const candidates: DialCandidate[] = [];
  const skipped: Failure[] = [];
  for (const { address, family } of inDialOrder(addresses, preferred)) {
    const fault = scopeFault(address, interfaces);
    const local = bindTo === undefined ? undefined : localAddressOf(bindTo, { address, family }, interfaces);
    if (fault !== undefined) skipped.push({ address, reason: fault });
    else if (bindTo !== undefined && local === undefined)
      skipped.push({ address, reason: `client_bind_ip is ${bindTo}, which has no ${family} address` });
    else if (candidates.length >= LIMITS.dialAddresses)
      skipped.push({ address, reason: `not tried: at most ${LIMITS.dialAddresses} addresses are` });
    else candidates.push({ address, localAddress: local });
  }
  return { candidates, skipped };
}

/**
 * The own address from which `to` is called.
 *
 * @param bindTo an address, or the name of a network interface
 * @returns undefined when it has none of that family
 */
export function localAddressOf(
  bindTo: string,
  to: { readonly address?: string; readonly family: AddressFamily },
  interfaces: Interfaces,
): string | undefined {
  const family = familyOf(bindTo);
  if (family !== undefined) return family === to.family ? bindTo : undefined;
  const own = (interfaces[bindTo] ?? []).filter((one) => one.family === to.family).map((one) => one.address);
  const wantsLinkLocal = to.address !== undefined && isLinkLocal(to.address);
  const found = own.find((address) => isLinkLocal(address) === wantsLinkLocal) ?? own[0];
  return found !== undefined && isLinkLocal(found) ? `${found}%${bindTo}` : found;
}
