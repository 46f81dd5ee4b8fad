import type { Disk } from './disk.ts';

/**
 * The four doors to the world. Engine code takes time, randomness and the network from here and nowhere else, so
 * that a test or the simulator can own them.
 */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds, for intervals. */
  now(): number;
  /** Milliseconds since 1970, for what a person reads. */
  wallNow(): number;
  /** Calls `action` once, `delayMs` from now, unless cancelled first. */
  after(delayMs: number, action: () => void): Timer;
}

export interface Randomness {
  /** Cryptographically strong bytes. */
  bytes(count: number): Buffer;
  /** A number in [0, 1), for jitter. */
  fraction(): number;
}

/** What TLS told about the other end. */
export interface PeerCertificate {
  /** SHA-256 of the certificate exactly as presented, lower-case hex. */
  readonly fingerprint: string;
  /** The common name that the certificate claims for itself: a claim, not a proof. */
  readonly claimedName: string | undefined;
  /** The certificate itself, as presented; the certificates directory is searched by it. Always there over real TLS. */
  readonly der?: Buffer;
}

export interface ConnectionEvents {
  /** TCP is up and TLS begins. Not called without TLS. */
  onTcpOpen(): void;
  /** The connection is usable: TCP is up and, where asked for, TLS is done. */
  onOpen(certificate: PeerCertificate | undefined): void;
  onData(chunk: Buffer): void;
  /** What was written has left our memory; more may be written. */
  onDrain(): void;
  /** The last event. `error` is absent after an orderly end. */
  onClose(error: Error | undefined): void;
}

/** One byte stream to a peer. Events begin after `listen` has been called, never before. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes that were written and have not left our memory yet. */
  readonly bufferedBytes: number;
  listen(events: ConnectionEvents): void;
  /** Queues bytes; false means: wait for onDrain before writing more. */
  write(bytes: Buffer | readonly Buffer[]): boolean;
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes. */
  end(): void;
  /** Closes at once; what is queued is lost. */
  destroy(): void;
}

export interface TlsSettings {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export type AddressFamily = 'IPv4' | 'IPv6';

export interface HostAddress {
  /** A literal address, with its scope where it has one. */
  readonly address: string;
  readonly family: AddressFamily;
}

/** The network interfaces of this machine by their names, as Node lists them. */
export type Interfaces = Readonly<
  Record<string, readonly { readonly family: string; readonly address: string }[] | undefined>
>;

export interface ConnectOptions {
  /** A literal address: names are the resolver's business. */
  readonly address: string;
  readonly port: number;
  /** The own address from which to call. */
  readonly localAddress?: string | undefined;
}

/** A TCP connection that stands. Nothing of it has been read yet; it becomes exactly one connection. */
export interface TcpSocket {
  /** The connection as it is, open. */
  overTcp(): Connection;
  /** Begins TLS as its client; onOpen tells when that is done. `serverName` is a name, never an address. */
  overTls(options: { readonly settings: TlsSettings; readonly serverName: string | undefined }): Connection;
  destroy(): void;
}

export interface NetworkListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  onConnection(connection: Connection): void;
}

export interface NetworkListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface Network {
  /**
   * The addresses of a name, in the resolver's order. It can be slow, so callers set a deadline.
   *
   * @throws Error the system's own, with its code (ENOTFOUND, EAI_AGAIN, …)
   */
  lookUp(name: string): Promise<readonly HostAddress[]>;
  /**
   * Connects to one address. `done` is called once, never before this returns, with the connection or the system's
   * error; not at all after the returned function has been called, which gives it up.
   */
  connect(options: ConnectOptions, done: (result: TcpSocket | Error) => void): () => void;
  interfaces(): Interfaces;
  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN */
  listen(options: NetworkListenOptions): Promise<NetworkListener>;
}

export interface Ports {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Randomness;
  readonly network: Network;
}
