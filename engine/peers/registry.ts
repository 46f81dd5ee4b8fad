import { LIMITS } from '../base/limits.ts';
import type { Link } from './link.ts';
import { Peer, type PeerOptions } from './peer.ts';
import type { PeerNature } from './session-types.ts';

export interface Arrival {
  readonly link: Link;
  readonly nature: PeerNature;
}

/** What every peer gets. */
export interface RegistryOptions
  extends Omit<PeerOptions, 'id' | 'wireName' | 'name' | 'address' | 'streamKey'> {
  /** Whoever comes under a name is the peer of that name: true for configured clients, false for the chat. */
  readonly namesAreIdentities: boolean;
}

type Newcomer = Pick<PeerOptions, 'wireName' | 'name' | 'address'> & Partial<Pick<PeerOptions, 'streamKey'>>;

/** All peers that this connector knows, by the id that commands use. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #byLink = new WeakMap<Link, Peer>();
  #lastId = 0;

  /** Called with a peer that is remembered no longer. */
  onForget: (peer: Peer) => void = () => undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get all(): Iterable<Peer> {
    return this.#peers.values();
  }

  get(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  byWireName(wireName: string): Peer | undefined {
    for (const peer of this.#peers.values()) if (peer.wireName === wireName) return peer;
    return undefined;
  }

  /** The peer at the other end, once it has been recognised. */
  byLink(link: Link): Peer | undefined {
    return this.#byLink.get(link);
  }

  bind(link: Link, peer: Peer): void {
    this.#byLink.set(link, peer);
  }

  add(who: Newcomer): Peer {
    this.#forgetLongestAway();
    this.#lastId += 1;
    const peer = new Peer({
      id: `p${this.#lastId}`,
      wireName: who.wireName,
      name: this.uniqueName(who.name),
      address: who.address,
      streamKey: who.streamKey ?? `p${this.#lastId}`,
      ...this.#options,
    });
    this.#peers.set(peer.id, peer);
    return peer;
  }

  /**
   * The peer that a client which has just been let in belongs to, or undefined for a new one.
   *
   * Every chat client of Python's is called `chat_client`, so a name alone says nothing: an aioc peer is the same when
   * its certificate and its run of the program are, or, once that run is away, when its certificate is; one without a
   * certificate when it comes from the same address and the one we knew is away.
   */
  recognise({ link, nature }: Arrival): Peer | undefined {
    const { peerWireName: wireName, certificate, connection } = link;
    if (this.#options.namesAreIdentities) return this.byWireName(wireName);
    const alike = [...this.#peers.values()].filter(
      (peer) => peer.wireName === wireName && peer.fingerprint === certificate?.fingerprint,
    );
    if (nature.kind === 'aioc') {
      const same = alike.find(({ instance }) => instance === nature.hello.instance);
      if (same !== undefined) return same;
    }
    const sameKind = (peer: Peer): boolean => peer.kind === nature.kind;
    const sameHost = (peer: Peer): boolean =>
      certificate !== undefined || hostOf(peer.address) === connection.remoteAddress;
    return alike.filter((peer) => peer.link === undefined && sameKind(peer) && sameHost(peer)).at(-1);
  }

  /** `name`, or `name (2)` and so on when another peer is called that. The brackets occur in no name on the wire. */
  uniqueName(name: string, self?: Peer): string {
    const taken = new Set([...this.#peers.values()].filter((peer) => peer !== self).map((peer) => peer.name));
    if (!taken.has(name)) return name;
    for (let number = 2; ; number += 1) {
      const candidate = `${name} (${number})`;
      if (!taken.has(candidate)) return candidate;
    }
  }

  #forgetLongestAway(): void {
    if (this.#peers.size < LIMITS.peersRemembered) return;
    const away = [...this.#peers.values()]
      .filter((peer) => peer.link === undefined && peer.sender.waitingCount === 0)
      .sort((a, b) => a.sinceMs - b.sinceMs)[0];
    if (away === undefined) return;
    this.#peers.delete(away.id);
    this.onForget(away);
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}
