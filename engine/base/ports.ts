import type { Disk } from './disk.ts';

/**
 * The engine's interfaces to clock, randomness and network. Engine code uses nothing else for these, so that tests can
 * simulate them.
 */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds, for intervals. */
  now(): number;
  /** Milliseconds since 1970, for display. */
  wallNow(): number;
  /** Calls `action` once after `delayMs`, unless it is cancelled. */
  after(delayMs: number, action: () => void): Timer;
}

export interface Randomness {
  /** Cryptographically strong bytes. */
  bytes(count: number): Buffer;
  /** A number in [0, 1), for jitter. */
  fraction(): number;
}

/** The peer's TLS certificate. */
export interface PeerCertificate {
  /** SHA-256 of the certificate exactly as presented, lower-case hex. */
  readonly fingerprint: string;
  /** The common name in the certificate: a claim, not a proof. */
  readonly claimedName: string | undefined;
  /** When it begins and ends, in milliseconds since 1970. Always present over real TLS. */
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** The name of its issuer, one line; a claim, cut to 200 characters. */
  readonly issuer?: string | undefined;
  /** The certificate as presented. The certificates directory is searched for it. Always present over real TLS. */
  readonly der?: Buffer;
}

export interface ConnectionEvents {
  /** The TCP connection is established, and TLS comes next. Not called without TLS. */
  onTcpOpen(): void;
  /** On a server: the client's first message of TLS has arrived. */
  onClientHello?(): void;
  /** The connection is usable: TCP and, if enabled, TLS are established. */
  onOpen(certificate: PeerCertificate | undefined): void;
  onData(chunk: Buffer): void;
  /** All written bytes were passed to the system; more may be written. */
  onDrain(): void;
  /** The last event. `error` is undefined after a normal end. */
  onClose(error: Error | undefined): void;
}

/** What `exportKeyingMaterial` derives (RFC 5705). */
export interface KeyingMaterialOptions {
  readonly bytes: number;
  readonly label: string;
  readonly context: Buffer;
}

/** A byte stream to a peer. Events start after `listen` was called, never before. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Written bytes that were not passed to the system yet. */
  readonly bufferedBytes: number;
  /** The application protocol that TLS has selected (ALPN); undefined if none, and before the connection is open. */
  readonly applicationProtocol: string | undefined;
  listen(events: ConnectionEvents): void;
  /**
   * Queues bytes. False: wait for onDrain before writing more.
   *
   * @param onWritten called when all of them were passed to the system, and no longer refer to the buffers; never if the
   *   connection is lost before
   */
  write(bytes: Buffer | readonly Buffer[], onWritten?: () => void): boolean;
  pause(): void;
  resume(): void;
  /** Sends queued bytes, then closes. */
  end(): void;
  /** Closes at once; queued bytes are lost. */
  destroy(): void;
  /** The agreed version and cipher of TLS; undefined without TLS, and before the connection is open. */
  tlsFacts?(): TlsFacts | undefined;
  /** Bytes that only the two ends of this TLS connection can derive; undefined without TLS, or before it is open. */
  exportKeyingMaterial(options: KeyingMaterialOptions): Buffer | undefined;
}

/** As OpenSSL names them: `TLSv1.3`, `TLS_AES_256_GCM_SHA384`. */
export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
}

export interface TlsSettings {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** The oldest version of TLS that is accepted. Default: 1.2. */
  readonly minVersion?: TlsVersion;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export type AddressFamily = 'IPv4' | 'IPv6';

export interface HostAddress {
  /** A literal address, with its scope if it has one. */
  readonly address: string;
  readonly family: AddressFamily;
}

/** The network interfaces of this machine by name, as Node lists them. */
export type Interfaces = Readonly<
  Record<string, readonly { readonly family: string; readonly address: string }[] | undefined>
>;

export interface ConnectOptions {
  /** A literal address; names must be resolved first. */
  readonly address: string;
  readonly port: number;
  /** The local address to connect from. */
  readonly localAddress?: string | undefined;
}

export interface ClientTlsOptions {
  readonly settings: TlsSettings;
  /** A name, never an address. */
  readonly serverName: string | undefined;
  /** The application protocol to offer (ALPN). */
  readonly applicationProtocol: string | undefined;
}

/** An established TCP connection of which nothing was read yet. Use it once, for one connection. */
export interface TcpSocket {
  /** Uses it without TLS; it is open at once. */
  overTcp(): Connection;
  /** Starts TLS as the client; onOpen reports the end of the handshake. */
  overTls(options: ClientTlsOptions): Connection;
  destroy(): void;
}

export interface NetworkListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  /** The application protocol to select if a client offers it (ALPN). */
  readonly applicationProtocol?: string | undefined;
  onConnection(connection: Connection): void;
  /**
   * With TLS: a client's first message of TLS has arrived; the server answers it when `start` is called.
   * Default: at once.
   */
  onClientHello?(connection: Connection, start: () => void): void;
}

export interface NetworkListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface Network {
  /**
   * The addresses of a name, in the resolver's order. It can be slow, so callers set a deadline.
   *
   * @throws Error the system's error with its code (ENOTFOUND, EAI_AGAIN, …)
   */
  lookUp(name: string): Promise<readonly HostAddress[]>;
  /**
   * Connects to one address. Calls `done` once, after this function has returned, with the connection or the system's
   * error. The returned function cancels the attempt; `done` is not called after that.
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
