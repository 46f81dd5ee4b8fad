import type { KnownPeers } from './known-peers.ts';
import type { Link } from './link.ts';
import type { Peer } from './peer.ts';
import type { Registry } from './registry.ts';
import type { IdentifiedKind } from './session-types.ts';
import type { TrafficLog } from './traffic-log.ts';

export interface KnownKindsOptions {
  readonly registry: Registry;
  readonly known: KnownPeers;
  readonly log: TrafficLog;
}

/** Whether each peer is aioc or Python, by its identity, across connections (engine/peers/PROTOCOL.md, “The probe”). */
export class KnownKinds {
  readonly #options: KnownKindsOptions;

  constructor(options: KnownKindsOptions) {
    this.#options = options;
  }

  /** Whether the peer has identified itself as aioc on an earlier connection. */
  knownAsAioc(link: Link): boolean {
    const { registry, known } = this.#options;
    const identity = registry.identityOf(link);
    if (identity !== undefined) return known.has(identity);
    return (registry.byLink(link) ?? registry.disconnectedAioc(link))?.kind === 'aioc';
  }

  /** A connected peer that counted as Python has identified itself as aioc. */
  logLateIdentification(peer: Peer, peerKind: IdentifiedKind): void {
    const version = peerKind.kind === 'aioc' ? ` ${peerKind.hello.version}` : '';
    this.#options.log.event(`is ${peerKind.kind}${version}, not Python`, { peerName: peer.name });
  }

  /** Remembers the kind that a connection has shown, and warns if it is not the one that `peer` had until now. */
  learn(link: Link, peer: Peer, peerKind: IdentifiedKind): void {
    const { registry, known, log } = this.#options;
    const identity = registry.identityOf(link);
    const wasAioc = identity === undefined ? peer.kind === 'aioc' : known.has(identity);
    if (peerKind.kind === 'aioc') {
      if (identity !== undefined) known.add(identity);
      return;
    }
    if (identity !== undefined) known.delete(identity);
    if (wasAioc) {
      log.event('was aioc before but is Python now: aioc would not answer in this way', {
        peerName: peer.name,
        warning: true,
      });
    }
  }
}
