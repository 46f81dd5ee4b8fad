import type { KnownAioc } from './known-aioc.ts';
import type { Link } from './link.ts';
import type { Peer } from './peer.ts';
import type { Registry } from './registry.ts';
import type { PeerNature } from './session-types.ts';
import type { TrafficLog } from './traffic-log.ts';

export interface NaturesOptions {
  readonly registry: Registry;
  readonly known: KnownAioc;
  readonly log: TrafficLog;
}

/** What every peer is, aioc or Python, kept by its identity from one connection to the next (DESIGN §3). */
export class Natures {
  readonly #options: NaturesOptions;

  constructor(options: NaturesOptions) {
    this.#options = options;
  }

  /** Whether the other end has shown itself as aioc on an earlier connection. */
  knownAsAioc(link: Link): boolean {
    const { registry, known } = this.#options;
    const identity = registry.identityOf(link);
    if (identity !== undefined) return known.has(identity);
    return (registry.byLink(link) ?? registry.awayAioc(link))?.kind === 'aioc';
  }

  /** A peer that messages flow to already, as to Python, has said at last that it is aioc. */
  learnLate(peer: Peer, nature: PeerNature): void {
    const version = nature.kind === 'aioc' ? ` ${nature.hello.version}` : '';
    this.#options.log.event(`is ${nature.kind}${version} after all`, { peerName: peer.name });
  }

  /** Keeps what a connection has shown, and says so where that is another thing than before. */
  learn(link: Link, peer: Peer, nature: PeerNature): void {
    const { registry, known, log } = this.#options;
    const identity = registry.identityOf(link);
    const wasAioc = identity === undefined ? peer.kind === 'aioc' : known.has(identity);
    peer.kind = nature.kind;
    if (nature.kind === 'aioc') {
      if (identity !== undefined) known.add(identity);
      return;
    }
    if (identity !== undefined) known.delete(identity);
    if (wasAioc) {
      log.event('was aioc before and is Python now: it speaks as only Python does', {
        peerName: peer.name,
        warning: true,
      });
    }
  }
}
