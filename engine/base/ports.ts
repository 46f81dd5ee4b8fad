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

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  readonly localAddress?: string;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  onConnection(connection: Connection): void;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

export interface Network {
  dial(options: DialOptions): Connection;
  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN */
  listen(options: ListenOptions): Promise<Listener>;
}

export interface Ports {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Randomness;
  readonly network: Network;
}
