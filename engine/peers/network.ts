import dns from 'node:dns/promises';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import tls from 'node:tls';
import { hostAndPort, scopeFault } from '../base/addresses.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type {
  Connection,
  ConnectionEvents,
  ConnectOptions,
  HostAddress,
  KeyingMaterialOptions,
  Network,
  NetworkListener,
  NetworkListenOptions,
  PeerCertificate,
  TcpSocket,
  TlsFacts,
} from '../base/ports.ts';
import { certificateOf, clientTlsOptions, serverTlsOptions } from '../security/tls-settings.ts';
import { ClientHelloWait } from './client-hello-wait.ts';
import { describeNetworkError } from './network-errors.ts';

/** The machine's own network. */
export function realNetwork(): Network {
  const lookingUp = new Map<string, Promise<readonly HostAddress[]>>();
  return {
    lookUp: (name) => {
      // The system resolves names on the threads that also read files: one that hangs must not be joined by others.
      const running = lookingUp.get(name) ?? lookUp(name).finally(() => lookingUp.delete(name));
      lookingUp.set(name, running);
      return running;
    },
    connect,
    interfaces: networkInterfaces,
    listen,
  };
}

async function lookUp(name: string): Promise<readonly HostAddress[]> {
  const found = await dns.lookup(name, { all: true, verbatim: true });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 'IPv6' : 'IPv4' }));
}

function connect(
  { address, port, localAddress }: ConnectOptions,
  done: (result: TcpSocket | Error) => void,
): () => void {
  const raw = new net.Socket();
  const connection = new SocketConnection(raw, { host: address, port });
  let settled = false;
  const settle = (result: TcpSocket | Error): void => {
    if (settled) return;
    settled = true;
    done(result);
  };
  raw.once('connect', () => settle(connectedSocket(raw, connection)));
  raw.once('error', settle);
  // Node's own choice of address replaces a socket's handle under TLS that has already started on it.
  const options = { host: address, port, autoSelectFamily: false };
  // As options of `connect`, Node ignores these two on a socket that exists.
  raw.setNoDelay(true);
  raw.setKeepAlive(true);
  try {
    raw.connect({ ...options, ...(localAddress !== undefined && { localAddress }) });
  } catch (error) {
    // Errors that occur before the system is called.
    setImmediate(() => settle(error as Error));
  }
  return () => {
    settled = true;
    raw.destroy();
  };
}

function connectedSocket(raw: net.Socket, connection: SocketConnection): TcpSocket {
  return {
    overTcp: () => {
      connection.opened(undefined);
      return connection;
    },
    overTls: ({ settings, serverName, applicationProtocol }) => {
      // The peer may have closed it while it waited for its turn; then it closes with that error.
      if (raw.destroyed) return connection;
      try {
        const servername = serverName === undefined ? {} : { servername: serverName };
        const secure = tls.connect({
          socket: raw,
          ...clientTlsOptions(settings),
          ...protocolsOf(applicationProtocol),
          ...servername,
        });
        secure.once('secureConnect', () => connection.opened(certificateOf(secure)));
        connection.upgradeToTls(secure);
      } catch (error) {
        // OpenSSL rejects the certificate or key.
        raw.destroy(error as Error);
      }
      return connection;
    },
    destroy: () => connection.destroy(),
  };
}

/** TLS options for one application protocol, or none. */
function protocolsOf(applicationProtocol: string | undefined): { ALPNProtocols?: string[] } {
  return applicationProtocol === undefined ? {} : { ALPNProtocols: [applicationProtocol] };
}

async function listen({
  host,
  port,
  tls: settings,
  applicationProtocol,
  onConnection,
  onClientHello = (_connection, start) => start(),
}: NetworkListenOptions): Promise<NetworkListener> {
  const startTls = settings && tlsStarter(serverTlsOptions(settings), applicationProtocol);
  const server = net.createServer({ noDelay: true, keepAlive: true }, (raw) => {
    const address = { host: raw.remoteAddress ?? '', port: raw.remotePort ?? 0 };
    const connection = new SocketConnection(raw, address);
    onConnection(connection);
    if (startTls === undefined) {
      connection.opened(undefined);
      return;
    }
    connection.tcpOpened();
    const hello = new ClientHelloWait(raw, () => {
      connection.helloArrived();
      onClientHello(connection, () => {
        if (hello.pass()) startTls(raw, connection);
      });
    });
  });
  // A later error (no more file descriptors, say) costs one connection, never the program.
  server.on('error', () => undefined);
  server.maxConnections = LIMITS.connections + LIMITS.pendingConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen({ host, port }, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/**
 * Starts TLS as the server on a socket. Each socket keeps its options, so they hold only what it needs besides the shared
 * context. With a list of protocols instead of a callback, each socket would keep a copy, and with it the 8 KiB of
 * Node's small buffers that the copy lies in.
 */
function tlsStarter(
  options: tls.TlsOptions,
  applicationProtocol: string | undefined,
): (raw: net.Socket, connection: SocketConnection) => void {
  const { requestCert, rejectUnauthorized, handshakeTimeout } = options;
  const select = ({ protocols }: { readonly protocols: readonly string[] }): string | undefined =>
    protocols.find((offered) => offered === applicationProtocol);
  const each = {
    ...{ isServer: true, secureContext: tls.createSecureContext(options) },
    ...{ requestCert, rejectUnauthorized, handshakeTimeout },
    ...(applicationProtocol !== undefined && { ALPNCallback: select }),
  };
  return (raw, connection) => {
    const secure = new tls.TLSSocket(raw, each);
    secure.once('secure', () => connection.opened(certificateOf(secure)));
    connection.upgradeToTls(secure);
  };
}

function listenError(error: Error, host: string, port: number): AiocError {
  const code = systemCode(error);
  const where = hostAndPort(host, port);
  if (code === 'EADDRINUSE') {
    return new AiocError(
      'AIOC_PORT_TAKEN',
      `port ${port} is used by another program: choose another with --port`,
      { cause: error },
    );
  }
  const scope = scopeFault(host, networkInterfaces());
  if (scope !== undefined) return new AiocError('AIOC_LISTEN', scope, { cause: error });
  const why: Readonly<Record<string, string>> = {
    EACCES: 'this user may not listen on that port: choose one above 1023 with --port',
    EADDRNOTAVAIL: 'this machine has no such address: choose one of its addresses with --bind_server_ip',
    ENOTFOUND: 'unknown host name: give an address with --bind_server_ip',
    EAI_AGAIN: 'the host name could not be resolved now: give an address with --bind_server_ip',
    EINVAL: 'aioc cannot listen on this address: give an address of this machine with --bind_server_ip',
    EAFNOSUPPORT:
      'this machine has no network of that kind (IPv4 or IPv6): give another with --bind_server_ip',
    EMFILE: 'too many files and connections are open here: raise the limit (ulimit -n)',
  };
  return new AiocError('AIOC_LISTEN', `${where}: ${why[code ?? ''] ?? describeNetworkError(error)}`, {
    cause: error,
  });
}

/** A Connection on a socket, with or without TLS over it. */
class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #raw: net.Socket;
  #socket: net.Socket;
  #events: ConnectionEvents | undefined;
  #early: ((events: ConnectionEvents) => void)[] = [];
  #closed = false;
  #error: Error | undefined;
  #secure: tls.TLSSocket | undefined;

  constructor(raw: net.Socket, address: { readonly host: string; readonly port: number }) {
    this.#raw = raw;
    this.#socket = raw;
    // An IPv4 client of a dual-stack server is shown without the prefix.
    this.remoteAddress = address.host.replace(/^::ffff:/, '');
    this.remotePort = address.port;
    this.#attach(raw);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get applicationProtocol(): string | undefined {
    // Node says false where none was selected.
    return this.#secure?.alpnProtocol || undefined;
  }

  tlsFacts(): TlsFacts | undefined {
    const version = this.#secure?.getProtocol();
    return version ? { version, cipher: this.#secure?.getCipher()?.standardName ?? '' } : undefined;
  }

  exportKeyingMaterial({ bytes, label, context }: KeyingMaterialOptions): Buffer | undefined {
    // Node throws before the handshake has ended, and after the socket is destroyed.
    try {
      return this.#secure?.exportKeyingMaterial(bytes, label, context);
    } catch {
      return undefined;
    }
  }

  tcpOpened(): void {
    this.#emit((events) => events.onTcpOpen());
  }

  helloArrived(): void {
    this.#emit((events) => events.onClientHello?.());
  }

  opened(certificate: PeerCertificate | undefined): void {
    this.#emit((events) => events.onOpen(certificate));
    this.#socket.on('data', (chunk: Buffer) => this.#emit((events) => events.onData(chunk)));
  }

  /** Sends and receives through TLS from now on. Errors of the socket below still count. */
  upgradeToTls(secure: tls.TLSSocket): void {
    this.#socket = secure;
    this.#secure = secure;
    this.#attach(secure);
  }

  listen(events: ConnectionEvents): void {
    this.#events = events;
    for (const emit of this.#early.splice(0)) emit(events);
  }

  write(bytes: Buffer | readonly Buffer[], onWritten?: () => void): boolean {
    if (this.#closed) return false;
    const done = onWritten && ((error?: Error | null): void => (error ? undefined : onWritten()));
    if (Buffer.isBuffer(bytes)) return this.#socket.write(bytes, done);
    // TLS copies what is corked into one buffer: for a piece of a file, that costs more than a record of its own.
    const isCorked = bytes.every(({ length }) => length < LIMITS.transferSmallPieceBytes);
    if (isCorked) this.#socket.cork();
    let more = true;
    for (const [index, part] of bytes.entries())
      more = this.#socket.write(part, index === bytes.length - 1 ? done : undefined);
    if (isCorked) this.#socket.uncork();
    return more;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
    // A peer that never closes its half must not keep this half open.
    this.#socket.setTimeout(LIMITS.drainTimeoutMs, () => this.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #attach(socket: net.Socket): void {
    socket.on('error', (error) => {
      this.#error ??= error;
      this.destroy();
    });
    socket.on('drain', () => this.#emit((events) => events.onDrain()));
    socket.on('close', () => {
      // Below TLS the socket may close before its data has been delivered.
      if (this.#closed || socket !== this.#socket) return;
      this.#closed = true;
      this.#emit((events) => events.onClose(this.#error));
      this.destroy();
    });
  }

  #emit(event: (events: ConnectionEvents) => void): void {
    if (this.#events === undefined) this.#early.push(event);
    else event(this.#events);
  }
}
