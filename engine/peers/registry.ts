import { partsOf } from '../base/addresses.ts';
import { LIMITS } from '../base/limits.ts';
import type { Link } from './link.ts';
import { Peer, type PeerOptions } from './peer.ts';
import type { IdentifiedKind, Introduction } from './session-types.ts';

export interface PeerConnection {
  readonly link: Link;
  readonly peerKind: IdentifiedKind;
}

/** Options that all peers share. */
export interface RegistryOptions
  extends Omit<PeerOptions, 'id' | 'wireName' | 'name' | 'address' | 'streamKey'> {
  /** Whether a name identifies a peer: true for configured clients, false for the chat. */
  readonly namesAreIdentities: boolean;
}

type PeerIntroduction = Pick<PeerOptions, 'wireName' | 'name' | 'address'>;

/** All peers that this connector knows, by the id that commands use. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #peers = new Map<string, Peer>();
  /** The first peer of each name; looked up for each message of a local program. */
  readonly #byWireName = new Map<string, Peer>();
  readonly #byLink = new WeakMap<Link, Peer>();
  #lastId = 0;

  /** Called when a peer is removed from the registry. */
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
    return this.#byWireName.get(wireName);
  }

  /** The peer of a link, once it has been recognised. */
  byLink(link: Link): Peer | undefined {
    return this.#byLink.get(link);
  }

  bind(link: Link, peer: Peer): void {
    this.#byLink.set(link, peer);
  }

  add(introduction: PeerIntroduction): Peer {
    this.#forgetLongestAway();
    this.#lastId += 1;
    const peer = new Peer({
      id: `p${this.#lastId}`,
      wireName: introduction.wireName,
      name: this.#nameOf(introduction),
      address: introduction.address,
      streamKey: this.#options.namesAreIdentities ? introduction.wireName : `p${this.#lastId}`,
      ...this.#options,
    });
    this.#peers.set(peer.id, peer);
    if (!this.#byWireName.has(peer.wireName)) this.#byWireName.set(peer.wireName, peer);
    return peer;
  }

  /**
   * The known peer of a client that has just been admitted, or undefined for a new one.
   *
   * Every Python chat client is named `chat_client`, so a name alone identifies nobody. An aioc peer is the same if its
   * certificate and its program run are the same, or, once that run is disconnected, if its certificate is. A peer
   * without a certificate is the same if it connects from the same address and the known one is disconnected.
   */
  recognise({ link, peerKind }: PeerConnection): Peer | undefined {
    if (this.#options.namesAreIdentities) return this.byWireName(link.peerWireName);
    const matching = this.#matchingPeers(link);
    if (peerKind.kind === 'aioc') {
      const same = matching.find(({ instance }) => instance === peerKind.hello.instance);
      if (same !== undefined) return same;
    }
    return matching.findLast((peer) => peer.kind === peerKind.kind && mayReconnect(peer, link));
  }

  /**
   * The identity by which a peer is recognised on its next connection: its name and, with TLS, its certificate.
   * Undefined if neither identifies it, as for a chat client without TLS.
   */
  identityOf({ peerWireName, certificate }: Link): string | undefined {
    if (certificate === undefined && !this.#options.namesAreIdentities) return undefined;
    return `${peerWireName} ${certificate?.fingerprint ?? '-'}`;
  }

  /** The disconnected aioc peer that a client of unknown kind may be. */
  disconnectedAioc(link: Link): Peer | undefined {
    return this.#matchingPeers(link).findLast((peer) => peer.kind === 'aioc' && mayReconnect(peer, link));
  }

  /** The name to show for a join request: in the chat, the name in its certificate. */
  displayName({ wireName, certificate }: Introduction): string {
    return this.#options.namesAreIdentities ? wireName : (certificate?.claimedName ?? wireName);
  }

  /** Sets the display name that a peer has announced; in the chat, it is made unique. */
  setDisplayName(peer: Peer, name: string): void {
    peer.identify({ name: this.#nameOf({ wireName: peer.wireName, name }, peer) });
  }

  /** Where names are identities, a peer cannot choose its display name. */
  #nameOf({ wireName, name }: Pick<PeerIntroduction, 'wireName' | 'name'>, self?: Peer): string {
    return this.#options.namesAreIdentities ? wireName : this.#uniqueName(name, self);
  }

  /** `name`, or `name (2)` and so on if another peer has that name. No name on the wire contains brackets. */
  #uniqueName(name: string, self?: Peer): string {
    const taken = new Set([...this.#peers.values()].filter((peer) => peer !== self).map((peer) => peer.name));
    if (!taken.has(name)) return name;
    for (let number = 2; ; number += 1) {
      const candidate = `${name} (${number})`;
      if (!taken.has(candidate)) return candidate;
    }
  }

  #matchingPeers({ peerWireName, certificate }: Link): Peer[] {
    return [...this.#peers.values()].filter(
      (peer) => peer.wireName === peerWireName && peer.fingerprint === certificate?.fingerprint,
    );
  }

  #forgetLongestAway(): void {
    if (this.#peers.size < LIMITS.peersRemembered) return;
    const away = [...this.#peers.values()]
      .filter((peer) => peer.link === undefined && peer.sender.waitingCount === 0)
      .sort((a, b) => a.sinceMs - b.sinceMs)[0];
    if (away === undefined) return;
    this.#peers.delete(away.id);
    if (this.#byWireName.get(away.wireName) === away) {
      const next = [...this.#peers.values()].find(({ wireName }) => wireName === away.wireName);
      if (next === undefined) this.#byWireName.delete(away.wireName);
      else this.#byWireName.set(away.wireName, next);
    }
    this.onForget(away);
  }
}

/** Whether a client may be this disconnected peer: without a certificate, it must connect from the same address. */
function mayReconnect(peer: Peer, { certificate, connection }: Link): boolean {
  if (peer.link !== undefined) return false;
  return certificate !== undefined || partsOf(peer.address)[0] === connection.remoteAddress;
}
