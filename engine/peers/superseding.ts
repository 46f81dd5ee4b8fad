import { hostAndPort } from '../base/addresses.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { Link } from './link.ts';
import type { Peer } from './peer.ts';
import type { IdentifiedKind } from './session-types.ts';
import type { Traffic } from './traffic.ts';
import type { TrafficLog } from './traffic-log.ts';

interface Warning {
  readonly atMs: number;
  /** How often it has happened since the last warning. */
  suppressed: number;
}

export interface SupersedingOptions {
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly traffic: Pick<Traffic, 'ping'>;
}

/**
 * Decides at a server which of two connections of one client name remains: the newer one, unless `duplicate_client` is
 * `refuse` and the older one still answers. Warns about clients that share a name, at most once per period and name.
 */
export class Superseding {
  readonly #options: SupersedingOptions;
  readonly #warnings = new Map<string, Warning>();

  constructor(options: SupersedingOptions) {
    this.#options = options;
  }

  /** Whether the peer has a newer connection: this one was slow to identify itself and must not take the peer from it. */
  hasNewer(peer: Peer, link: Link): boolean {
    return peer.link !== undefined && peer.link.generation > link.generation;
  }

  /**
   * The address of a connection that supersedes another program's; undefined if it supersedes none, or if the same run
   * has lost its connection and reconnects.
   */
  supersededFrom(peer: Peer, link: Link, peerKind: IdentifiedKind): string | undefined {
    const older = peer.link;
    if (older === undefined || older === link) return undefined;
    if (peerKind.kind === 'aioc' && peerKind.hello.instance === peer.instance) return undefined;
    const [from, by] = [addressOf(older), addressOf(link)];
    this.#warn(
      peer.name,
      `connected from ${by} and replaced its connection from ${from}: do two clients use this client_name?`,
    );
    return link.connection.remoteAddress;
  }

  /** duplicate_client: refuse. An established connection that answers is kept; a dead one is superseded. */
  admitUnlessOlderAnswers(link: Link, peer: Peer, isAioc: () => boolean): void {
    const older = peer.link;
    this.#options.traffic.ping(peer).then(
      () => {
        if (older !== undefined) {
          const [from, by] = [addressOf(older), addressOf(link)];
          if (peer.link === older)
            peer.become('connected', `another client of this name was refused, from ${by}`);
          this.#warn(
            peer.name,
            `refused from ${by}: its connection from ${from} still answers (duplicate_client: refuse); do two clients use this client_name?`,
          );
        }
        link.reject('name-in-use', isAioc());
      },
      () => link.admit(),
    );
  }

  #warn(peerName: string, text: string): void {
    const now = this.#options.clock.now();
    const last = this.#warnings.get(peerName);
    if (last !== undefined && now - last.atMs < LIMITS.duplicateLogMs) {
      last.suppressed += 1;
      return;
    }
    const suppressed =
      last !== undefined && last.suppressed > 0
        ? ` (${last.suppressed} more times since the last warning)`
        : '';
    this.#warnings.delete(peerName);
    this.#warnings.set(peerName, { atMs: now, suppressed: 0 });
    const [oldest] = this.#warnings.keys();
    if (this.#warnings.size > LIMITS.peersRemembered && oldest !== undefined) this.#warnings.delete(oldest);
    this.#options.log.event(text + suppressed, { peerName, warning: true });
  }
}

/** The address that a link is connected from or to. */
export function addressOf({ connection }: Link): string {
  return hostAndPort(connection.remoteAddress, connection.remotePort);
}
