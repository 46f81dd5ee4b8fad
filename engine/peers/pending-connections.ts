import { FairPlaces } from '../base/fair-places.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { RecentSet } from '../base/recent-set.ts';
import { HandshakeQueue } from './handshake-queue.ts';

/** What identifies a connection that nobody has identified yet. */
export interface PendingConnection {
  readonly remoteAddress: string;
}

export interface PendingConnectionsOptions<Connection> {
  readonly clock: Clock;
  /** The connection has lost its place: close it. */
  readonly onEvicted: (connection: Connection) => void;
}

/**
 * The connections of a server whose peers have not identified themselves yet. Anybody can open them, so they compete for
 * LIMITS.pendingConnections places (FairPlaces) and for TLS handshakes (HandshakeQueue): none is refused because others
 * came first. Addresses and certificates that were let in before have a reserve of both.
 */
export class PendingConnections<Connection extends PendingConnection> {
  readonly #options: PendingConnectionsOptions<Connection>;
  readonly #places = new FairPlaces<Connection>({
    places: LIMITS.pendingConnections,
    reserve: LIMITS.pendingReserve,
  });
  readonly #handshakes: HandshakeQueue;
  /** How a connection that waits for its handshake gives up its turn. */
  readonly #leaveQueue = new Map<Connection, () => void>();
  readonly #knownAddresses = new RecentSet<string>(LIMITS.addressesRemembered);
  readonly #knownFingerprints = new RecentSet<string>(LIMITS.addressesRemembered);

  constructor(options: PendingConnectionsOptions<Connection>) {
    this.#options = options;
    this.#handshakes = new HandshakeQueue({
      clock: options.clock,
      rate: { perSecond: LIMITS.handshakesPerSecond, burst: LIMITS.handshakeBurst },
      ratePerAddress: {
        perSecond: LIMITS.handshakesPerSecondAndAddress,
        burst: LIMITS.handshakeBurstPerAddress,
      },
      spare: LIMITS.handshakeSpare,
    });
  }

  get size(): number {
    return this.#places.size;
  }

  /** A connection was accepted. */
  add(connection: Connection): void {
    const { remoteAddress: address } = connection;
    const isReserved = this.#knownAddresses.has(address);
    const evicted = this.#places.add(connection, { address, isReserved });
    if (evicted === undefined) return;
    this.#leave(evicted);
    this.#options.onEvicted(evicted);
  }

  /** Its ClientHello has arrived: calls `start` when it is its turn, unless it ends before. */
  onClientHello(connection: Connection, start: () => void): void {
    // It was closed meanwhile.
    if (!this.#places.has(connection)) return;
    const { remoteAddress: address } = connection;
    let started = false;
    const leave = this.#handshakes.enter({
      address,
      isPreferred: this.#knownAddresses.has(address),
      start: () => {
        started = true;
        this.#leaveQueue.delete(connection);
        start();
      },
    });
    if (!started) this.#leaveQueue.set(connection, leave);
  }

  /** TLS is established. */
  onCertificate(connection: Connection, fingerprint: string): void {
    if (this.#knownFingerprints.has(fingerprint)) this.#places.reserve(connection);
  }

  /** It has ended, or its peer is identified and counts elsewhere. */
  delete(connection: Connection): void {
    this.#places.delete(connection);
    this.#leave(connection);
  }

  /** Its peer was let in: later connections from there may use the reserve. */
  remember({ remoteAddress }: PendingConnection, fingerprint: string | undefined): void {
    this.#knownAddresses.add(remoteAddress);
    if (fingerprint !== undefined) this.#knownFingerprints.add(fingerprint);
  }

  #leave(connection: Connection): void {
    this.#leaveQueue.get(connection)?.();
    this.#leaveQueue.delete(connection);
  }
}
