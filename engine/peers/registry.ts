import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Link } from './link.ts';
import { Peer } from './peer.ts';
import type { PeerNature } from './session.ts';

export interface Arrival {
  readonly link: Link;
  readonly nature: PeerNature;
}

/** All peers that this connector knows, by the id that commands use. */
export class Registry {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #peers = new Map<string, Peer>();
  readonly #byLink = new WeakMap<Link, Peer>();
  #lastId = 0;

  /** Called with a peer that is remembered no longer. */
  onForget: (peer: Peer) => void = () => undefined;

  constructor({ clock, onChange }: { readonly clock: Clock; readonly onChange: () => void }) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get all(): Iterable<Peer> {
    return this.#peers.values();
  }

  get(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  /** The peer at the other end, once it has been recognised. */
  byLink(link: Link): Peer | undefined {
    return this.#byLink.get(link);
  }

  bind(link: Link, peer: Peer): void {
    this.#byLink.set(link, peer);
  }

  add(who: { readonly wireName: string; readonly name: string; readonly address: string }): Peer {
    this.#forgetLongestAway();
    this.#lastId += 1;
    const peer = new Peer({
      id: `p${this.#lastId}`,
      wireName: who.wireName,
      name: this.uniqueName(who.name),
      address: who.address,
      clock: this.#clock,
      onChange: this.#onChange,
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
