/** Told of each message by its type, those of ignored peers too. */
export interface TrafficCounts {
  received(type: string): void;
  sent(type: string): void;
}

/** A peer that has come or gone. */
export interface PeerChange {
  readonly connected: boolean;
  /** Its name on the wire: a client's client_name, a server’s address and port. */
  readonly name: string;
  /** `address:port` at the other end. */
  readonly address: string;
  /** Why it is gone. */
  readonly reason?: string;
}
