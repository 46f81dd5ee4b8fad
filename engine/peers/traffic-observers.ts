/** Counts messages by type, including those of ignored peers. */
export interface TrafficCounts {
  received(type: string, count: number): void;
  sent(type: string, count: number): void;
}

/** A peer that has connected or disconnected. */
export interface PeerChange {
  readonly connected: boolean;
  /** Its name on the wire: a client's client_name, or a server's address and port. */
  readonly name: string;
  /** `address:port` of the peer. */
  readonly address: string;
  /** Why it disconnected. */
  readonly reason?: string;
}
