const KIB = 1024;

/** Bounds of what a server does for clients that nobody has identified yet. A part of LIMITS. */
export const ADMISSION_LIMITS = {
  /** From the TCP connection to the complete ClientHello, one or two packets: enough to repeat a lost one. */
  helloTimeoutMs: 2_000,
  /** A ClientHello, before a server spends anything on TLS. The largest ones have about 2 KiB. */
  clientHelloBytes: 16 * KIB,
  /** From the TCP connection to the complete handshake frame: enough for a slow link, short for an idle attacker. */
  identityTimeoutMs: 10_000,
  /** Time in which the user answers a connection request. */
  joinRequestTimeoutMs: 60_000,
  /** Connection requests that the user sees at a time; of one address; of one network. */
  joinRequestsWaiting: 32,
  joinRequestsPerAddress: 4,
  joinRequestsPerNetwork: 8,
  /** Connections of peers that are not identified yet. Each costs up to 60 KiB in TLS. */
  pendingConnections: 512,
  /** Of these, places that only addresses and certificates that were let in before can use up. */
  pendingReserve: 128,
  /** Addresses that a server remembers because it has let in a peer from there. */
  addressesRemembered: 4_096,
  /** Connections of one network that count like one of each of its addresses (engine/base/fair-places.ts). */
  networkWeight: 8,
  /** TLS handshakes that a server starts: about half of a core. Connections beyond that wait. */
  handshakesPerSecond: 300,
  handshakeBurst: 150,
  /** Of these, tokens that only addresses that were let in before can use up. */
  handshakeSpare: 50,
  /** The same for one address, which may have many users behind it. */
  handshakesPerSecondAndAddress: 200,
  handshakeBurstPerAddress: 50,
} as const;
