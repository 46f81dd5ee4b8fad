import { familyOf, isLinkLocal, scopeFault } from '../../base/addresses.ts';
import { LIMITS } from '../../base/limits.ts';
import type { AddressFamily, HostAddress, Interfaces } from '../../base/ports.ts';
import type { Cause } from '../../contract/views.ts';

/** An address to try. */
export interface DialCandidate {
  readonly address: string;
  readonly localAddress: string | undefined;
}

/** An address that failed or was skipped, and why. */
export interface Failure {
  readonly address: string;
  readonly reason: string;
  readonly cause: Cause;
}

export interface Plan {
  readonly candidates: readonly DialCandidate[];
  readonly skipped: readonly Failure[];
}

/**
 * Decides which of a host's addresses are tried, in which order and from which local address, and why the others are
 * skipped.
 */
export function planOf(
  addresses: readonly HostAddress[],
  options: {
    /** client_bind_ip: a local address, or the name of an interface. */
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
    if (fault !== undefined) skipped.push({ address, reason: fault, cause: 'other' });
    else if (bindTo !== undefined && local === undefined)
      skipped.push({
        address,
        reason: `client_bind_ip is ${bindTo}, which has no ${family} address`,
        cause: 'other',
      });
    else if (candidates.length >= LIMITS.dialAddresses)
      skipped.push({
        address,
        reason: `not tried: aioc tries at most ${LIMITS.dialAddresses} addresses`,
        cause: 'other',
      });
    else candidates.push({ address, localAddress: local });
  }
  return { candidates, skipped };
}

/**
 * The local address from which to connect to `to`.
 *
 * @param bindTo an address, or the name of a network interface
 * @returns undefined if it has none of that family
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

/**
 * The order in which addresses are tried (RFC 8305 §4): as the resolver gave them, each once, the families in turn,
 * `preferred` in front of all.
 */
function inDialOrder(addresses: readonly HostAddress[], preferred?: string): HostAddress[] {
  const once = [...new Map(addresses.map((one) => [one.address, one])).values()];
  const first = once.filter(({ address }) => address === preferred);
  const rest = once.filter(({ address }) => address !== preferred);
  const lead = rest.filter(({ family }) => family === rest[0]?.family);
  const other = rest.filter(({ family }) => family !== rest[0]?.family);
  const turns = Math.max(lead.length, other.length);
  const mixed = Array.from({ length: turns }, (_, turn) => [lead[turn] ?? [], other[turn] ?? []].flat());
  return [...first, ...mixed.flat()];
}
