import { networkOf } from './address-groups.ts';
import { LIMITS } from './limits.ts';

export interface FairPlacesOptions {
  readonly places: number;
  /** Places that only reserved items may use up: they lose theirs only to each other. Default: none. */
  readonly reserve?: number;
  /** Items of one address, and of one network. Default: as many as there are places. */
  readonly perAddress?: number;
  readonly perNetwork?: number;
}

export interface PlaceOptions {
  readonly address: string;
  /** It may use the reserve. */
  readonly isReserved?: boolean;
}

interface Count {
  count: number;
}

interface TakenPlace {
  readonly address: string;
  readonly network: string;
  readonly ofAddress: Count;
  readonly ofNetwork: Count;
  isReserved: boolean;
}

/**
 * A limited number of places that strangers compete for. When all are taken, a new item gets the place of the oldest one
 * of the address that has the most: so an address that takes few never loses one to an address that takes many, and the
 * newest always gets a place. LIMITS.networkWeight items of one network (networkOf) count like one of each of its
 * addresses, so that many addresses of one network are no way around this.
 */
export class FairPlaces<Item> {
  readonly #options: FairPlacesOptions;
  /** Oldest first. */
  readonly #places = new Map<Item, TakenPlace>();
  readonly #addresses = new Map<string, Count>();
  readonly #networks = new Map<string, Count>();
  #reserved = 0;

  constructor(options: FairPlacesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#places.size;
  }

  has(item: Item): boolean {
    return this.#places.has(item);
  }

  /** Items of one address. */
  countOf(address: string): number {
    return this.#addresses.get(address)?.count ?? 0;
  }

  /**
   * Gives the item a place.
   *
   * @returns the item that has lost its place for that; undefined if there was a free one
   */
  add(item: Item, options: PlaceOptions): Item | undefined {
    this.delete(item);
    this.#places.set(item, this.#placeOf(options));
    if (options.isReserved) this.#reserved += 1;
    const victim = this.#victim(item);
    if (victim !== undefined) this.delete(victim);
    return victim;
  }

  /** Who loses a place to the newest item, if there is not enough room for it. */
  #victim(item: Item): Item | undefined {
    const { places, perAddress = places, perNetwork = places } = this.#options;
    const own = this.#places.get(item) as TakenPlace;
    const others = (isLike: (place: TakenPlace) => boolean): Item =>
      this.heaviest((other) => other !== item && isLike(this.#places.get(other) as TakenPlace)) ?? item;
    if (own.ofAddress.count > perAddress) return others(({ address }) => address === own.address);
    if (own.ofNetwork.count > perNetwork) return others(({ network }) => network === own.network);
    return this.#places.size > places ? others(() => true) : undefined;
  }

  /** The item may use the reserve from now on. */
  reserve(item: Item): void {
    const place = this.#places.get(item);
    if (place === undefined || place.isReserved) return;
    place.isReserved = true;
    this.#reserved += 1;
  }

  delete(item: Item): boolean {
    const place = this.#places.get(item);
    if (place === undefined) return false;
    this.#places.delete(item);
    if (place.isReserved) this.#reserved -= 1;
    uncount(this.#addresses, place.address, place.ofAddress);
    uncount(this.#networks, place.network, place.ofNetwork);
    return true;
  }

  /** The oldest item of the address that has the most, among those that may lose their place. */
  heaviest(mayGo: (item: Item) => boolean): Item | undefined {
    const keepsReserved = this.#reserved <= (this.#options.reserve ?? 0);
    let found: Item | undefined;
    let most = { weight: 0, ofAddress: 0 };
    for (const [item, { ofAddress, ofNetwork, isReserved }] of this.#places) {
      const weight = Math.max(ofAddress.count, ofNetwork.count / LIMITS.networkWeight);
      const isMore = weight > most.weight || (weight === most.weight && ofAddress.count > most.ofAddress);
      if (!isMore || (keepsReserved && isReserved) || !mayGo(item)) continue;
      found = item;
      most = { weight, ofAddress: ofAddress.count };
    }
    return found;
  }

  #placeOf({ address, isReserved = false }: PlaceOptions): TakenPlace {
    const network = networkOf(address);
    return {
      address,
      network,
      ofAddress: counted(this.#addresses, address),
      ofNetwork: counted(this.#networks, network),
      isReserved,
    };
  }
}

function counted(counts: Map<string, Count>, key: string): Count {
  const count = counts.get(key) ?? { count: 0 };
  count.count += 1;
  counts.set(key, count);
  return count;
}

function uncount(counts: Map<string, Count>, key: string, count: Count): void {
  count.count -= 1;
  if (count.count === 0) counts.delete(key);
}
