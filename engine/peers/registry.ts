import { partsOf } from '../base/addresses.ts';
import { LIMITS } from '../base/limits.ts';
import type { Link } from './link.ts';
import { Peer, type PeerOptions } from './peer.ts';
import type { IdentifiedKind, Introduction } from './session-types.ts';

export interface PeerConnection {
  readonly link: Link;
  readonly peerKind: IdentifiedKind;
}

/** What every peer gets. */
export interface RegistryOptions
  extends Omit<PeerOptions, 'id' | 'wireName' | 'name' | 'address' | 'streamKey'> {
  /** Whoever comes under a name is the peer of that name: true for configured clients, false for the chat. */
  readonly namesAreIdentities: boolean;
}

type PeerIntroduction = Pick<PeerOptions, 'wireName' | 'name' | 'address'>;

/** All peers that this connector knows, by the id that commands use. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #peers = new Map<string, Peer>();
  /** The first of each name: asked for each message of a local program. */
  readonly #byWireName = new Map<string, Peer>();
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
    return this.#byWireName.get(wireName);
  }

  /** The peer at the other end, once it has been recognised. */
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
   * The peer that a client which has just been let in belongs to, or undefined for a new one.
   *
   * Every chat client of Python's is called `chat_client`, so a name alone says nothing: an aioc peer is the same when
   * its certificate and its run of the program are, or, once that run is away, when its certificate is; one without a
   * certificate when it comes from the same address and the one we knew is away.
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
   * By what the other end of a connection is known again: its name and, with TLS, its certificate. Undefined where
   * neither says anything, as for a client of the chat without TLS.
   */
  identityOf({ peerWireName, certificate }: Link): string | undefined {
    if (certificate === undefined && !this.#options.namesAreIdentities) return undefined;
    return `${peerWireName} ${certificate?.fingerprint ?? '-'}`;
  }

  /** The aioc peer that a client which has not said yet what it is would be, if it is aioc. */
  disconnectedAioc(link: Link): Peer | undefined {
    return this.#matchingPeers(link).findLast((peer) => peer.kind === 'aioc' && mayReconnect(peer, link));
  }

  /** How a client that waits is called: in the chat, as its certificate says of itself. */
  displayName({ wireName, certificate }: Introduction): string {
    return this.#options.namesAreIdentities ? wireName : (certificate?.claimedName ?? wireName);
  }

  /** A peer has said what it wants to be called: in the chat it is, unless another peer is called that already. */
  setDisplayName(peer: Peer, name: string): void {
    peer.name = this.#nameOf({ wireName: peer.wireName, name }, peer);
  }

  /** Where names are identities nobody is shown under one of its own choice. */
  #nameOf({ wireName, name }: Pick<PeerIntroduction, 'wireName' | 'name'>, self?: Peer): string {
    return this.#options.namesAreIdentities ? wireName : this.#uniqueName(name, self);
  }

  /** `name`, or `name (2)` and so on when another peer is called that. The brackets occur in no name on the wire. */
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

/** Whether a client may be this peer, which is away: without a certificate, it must come from the same machine. */
function mayReconnect(peer: Peer, { certificate, connection }: Link): boolean {
  if (peer.link !== undefined) return false;
  return certificate !== undefined || partsOf(peer.address)[0] === connection.remoteAddress;
}
