import { partsOf } from '../base/addresses.ts';
import { FairPlaces } from '../base/fair-places.ts';
import { LIMITS } from '../base/limits.ts';
import { DisplayNames } from './display-names.ts';
import type { Link } from './link.ts';
import { Peer, type PeerDescription, type PeerOptions } from './peer.ts';
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

/**
 * All peers that this connector knows, by the id that commands use. What a new one costs does not depend on how many
 * there are, since anybody can make up names: without TLS, and with ssl_allow_all.
 */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #peers = new Map<string, Peer>();
  /** The first peer of each name; looked up for each message of a local program. */
  readonly #byWireName = new Map<string, Peer>();
  /** Where names are not identities: all peers of each name, and those of each name and certificate. */
  readonly #sameWireName = new Map<string, Set<Peer>>();
  readonly #byShownIdentity = new Map<string, Set<Peer>>();
  readonly #byLink = new WeakMap<Link, Peer>();
  readonly #displayNames = new DisplayNames();
  /** Who is forgotten first: of the address with the most peers, the one that connected longest ago. */
  readonly #places = new FairPlaces<Peer>({ places: Number.POSITIVE_INFINITY });
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
    this.#forgetOne();
    this.#lastId += 1;
    const { namesAreIdentities } = this.#options;
    const { wireName, name, address } = introduction;
    const peer = new Peer({
      id: `p${this.#lastId}`,
      wireName,
      // Where names are identities, a peer cannot choose its display name.
      name: namesAreIdentities ? wireName : this.#displayNames.take(name),
      address,
      streamKey: namesAreIdentities ? wireName : `p${this.#lastId}`,
      ...this.#options,
    });
    this.#peers.set(peer.id, peer);
    if (!this.#byWireName.has(wireName)) this.#byWireName.set(wireName, peer);
    if (!namesAreIdentities) addTo(this.#sameWireName, wireName, peer);
    this.#showsIdentity(peer);
    return peer;
  }

  /** Records what a connection has shown of a peer. */
  identify(peer: Peer, { name, ...description }: Partial<PeerDescription>): void {
    this.#hidesIdentity(peer);
    peer.identify(description);
    this.#showsIdentity(peer);
    if (name !== undefined) this.#setDisplayName(peer, name);
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
    return matching.findLast((peer) => isOfKind(peer, peerKind.kind) && mayReconnect(peer, link));
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
  #setDisplayName(peer: Peer, name: string): void {
    if (this.#options.namesAreIdentities || this.#displayNames.isFor(peer.name, name)) return;
    this.#displayNames.free(peer.name);
    peer.identify({ name: this.#displayNames.take(name) });
  }

  #matchingPeers({ peerWireName, certificate }: Link): readonly Peer[] {
    return [...(this.#byShownIdentity.get(shownIdentity(peerWireName, certificate?.fingerprint)) ?? [])];
  }

  #showsIdentity(peer: Peer): void {
    const address = partsOf(peer.address)[0];
    this.#places.add(peer, { address });
    if (!this.#options.namesAreIdentities)
      addTo(this.#byShownIdentity, shownIdentity(peer.wireName, peer.fingerprint), peer);
  }

  #hidesIdentity(peer: Peer): void {
    removeFrom(this.#byShownIdentity, shownIdentity(peer.wireName, peer.fingerprint), peer);
  }

  #forgetOne(): void {
    if (this.#peers.size < LIMITS.peersRemembered) return;
    const away = this.#places.heaviest((peer) => peer.link === undefined && peer.sender.waitingCount === 0);
    if (away === undefined) return;
    this.#peers.delete(away.id);
    this.#places.delete(away);
    removeFrom(this.#sameWireName, away.wireName, away);
    this.#hidesIdentity(away);
    if (this.#byWireName.get(away.wireName) === away) this.#nextOfName(away.wireName);
    this.#displayNames.free(away.name);
    this.onForget(away);
  }

  #nextOfName(wireName: string): void {
    this.#byWireName.delete(wireName);
    for (const next of this.#sameWireName.get(wireName) ?? []) {
      this.#byWireName.set(wireName, next);
      return;
    }
  }
}

function shownIdentity(wireName: string, fingerprint: string | undefined): string {
  return `${wireName} ${fingerprint ?? '-'}`;
}

function addTo(index: Map<string, Set<Peer>>, key: string, peer: Peer): void {
  const peers = index.get(key);
  if (peers === undefined) index.set(key, new Set([peer]));
  else peers.add(peer);
}

function removeFrom(index: Map<string, Set<Peer>>, key: string, peer: Peer): void {
  const peers = index.get(key);
  peers?.delete(peer);
  if (peers?.size === 0) index.delete(key);
}

/** The kind of a peer of an earlier run is not known yet: it was aioc, since others have no certificate in the chat. */
function isOfKind({ kind, keptAs }: Peer, seen: IdentifiedKind['kind']): boolean {
  return kind === seen || (kind === 'unknown' && keptAs !== undefined && seen === 'aioc');
}

/** Whether a client may be this disconnected peer: without a certificate, it must connect from the same address. */
function mayReconnect(peer: Peer, { certificate, connection }: Link): boolean {
  if (peer.link !== undefined) return false;
  return certificate !== undefined || partsOf(peer.address)[0] === connection.remoteAddress;
}
