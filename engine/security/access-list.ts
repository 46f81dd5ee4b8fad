import { BlockList, isIP } from 'node:net';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { type NamePattern, namePattern } from '../base/name-pattern.ts';

/** The entries of one list, as in the configuration. */
export interface AccessEntries {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly subnets: readonly string[];
}

export type AccessListName = 'whitelist' | 'blacklist';

/** A client to check: its name and the address that it connects from. */
export interface AccessSubject {
  readonly name: string;
  readonly address: string;
}

/** An entry to add or remove: a name or an address. If both are set, the name counts. */
export interface AccessEntry {
  readonly name?: string;
  /** An address, or a subnet such as 10.0.0.0/8. */
  readonly address?: string;
}

/** Decides which clients a server accepts (PROTOCOL §2). */
export class AccessLists {
  readonly #lists: Readonly<Record<AccessListName, AccessList>>;

  /** @throws AiocError AIOC_CONFIG */
  constructor(entries: Readonly<Record<AccessListName, AccessEntries>>) {
    this.#lists = {
      whitelist: new AccessList(entries.whitelist),
      blacklist: new AccessList(entries.blacklist),
    };
  }

  entries(list: AccessListName): AccessEntries {
    return this.#lists[list].entries;
  }

  /** Why a client is rejected; undefined if it is allowed. Every whitelist with entries must match. */
  rejectionReason(subject: AccessSubject): string | undefined {
    const { whitelist, blacklist } = this.#lists;
    const missing = whitelist.missing(subject)[0];
    if (missing !== undefined)
      return `whitelisted_clients_${missing} does not contain ${shown(subject, missing)}`;
    const found = blacklist.found(subject)[0];
    return found === undefined ? undefined : `blacklisted_clients_${found} contains ${shown(subject, found)}`;
  }

  /** @throws AiocError AIOC_CONFIG, AIOC_COMMAND */
  add(list: AccessListName, entry: AccessEntry): void {
    this.#lists[list].add(entry);
  }

  /** @returns false when there is no such entry */
  remove(list: AccessListName, entry: AccessEntry): boolean {
    return this.#lists[list].remove(entry);
  }
}

/** The suffix of the configuration key. */
type Kind = 'ip' | 'subnet' | 'id';

function shown({ name, address }: AccessSubject, kind: Kind): string {
  return kind === 'id' ? name : address;
}

/** One of the two lists, compiled. */
class AccessList {
  readonly #names = new Map<string, NamePattern>();
  readonly #addresses = new Map<string, BlockList>();
  readonly #subnets = new Map<string, BlockList>();

  constructor({ names, addresses, subnets }: AccessEntries) {
    for (const name of names) this.#names.set(name, namePattern(name));
    for (const address of addresses) this.#addresses.set(address, addressBlock(address));
    for (const subnet of subnets) this.#subnets.set(subnet, subnetBlock(subnet));
  }

  get entries(): AccessEntries {
    const [names, addresses, subnets] = [this.#names, this.#addresses, this.#subnets].map((part) => [
      ...part.keys(),
    ]);
    return { names: names ?? [], addresses: addresses ?? [], subnets: subnets ?? [] };
  }

  found(subject: AccessSubject): Kind[] {
    return this.#asked(subject).flatMap(([kind, , has]) => (has ? [kind] : []));
  }

  /** The kinds of entries that the list has, but none of which matches. */
  missing(subject: AccessSubject): Kind[] {
    return this.#asked(subject).flatMap(([kind, sizeEntries, has]) =>
      sizeEntries > 0 && !has ? [kind] : [],
    );
  }

  #asked({ name, address }: AccessSubject): [Kind, number, boolean][] {
    return [
      ['ip', this.#addresses.size, hasAddress(this.#addresses, address)],
      ['subnet', this.#subnets.size, hasAddress(this.#subnets, address)],
      ['id', this.#names.size, [...this.#names.values()].some((matches) => matches(name))],
    ];
  }

  add({ name, address }: AccessEntry): void {
    if (this.#names.size + this.#addresses.size + this.#subnets.size >= LIMITS.accessEntries) {
      throw new AiocError(
        'AIOC_COMMAND',
        `the list has ${LIMITS.accessEntries} entries, which is the maximum: use patterns or subnets`,
      );
    }
    if (name !== undefined) this.#names.set(name, namePattern(name));
    else if (address?.includes('/')) this.#subnets.set(address, subnetBlock(address));
    else if (address !== undefined) this.#addresses.set(address, addressBlock(address));
    else throw new AiocError('AIOC_COMMAND', 'the command needs client_id or client_ip as a string');
  }

  remove({ name, address = '' }: AccessEntry): boolean {
    if (name !== undefined) return this.#names.delete(name);
    return (address.includes('/') ? this.#subnets : this.#addresses).delete(address);
  }
}

function hasAddress(blocks: ReadonlyMap<string, BlockList>, address: string): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return [...blocks.values()].some((block) => block.check(address, family));
}

function addressBlock(written: string): BlockList {
  // In the form of a client's address: no brackets, and IPv4 not mapped to IPv6.
  const address = written.replace(/^\[(.*)\]$/, '$1').replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(address);
  if (family === 0)
    throw new AiocError('AIOC_CONFIG', `${JSON.stringify(written)} is not an address such as 10.0.0.9`);
  const block = new BlockList();
  block.addAddress(address, family === 6 ? 'ipv6' : 'ipv4');
  return block;
}

function subnetBlock(subnet: string): BlockList {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(subnet) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 6 ? 128 : 32))
    throw new AiocError('AIOC_CONFIG', `${JSON.stringify(subnet)} is not a subnet such as 10.0.0.0/8`);
  const block = new BlockList();
  block.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  return block;
}
