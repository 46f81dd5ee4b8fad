import net from 'node:net';
import tls from 'node:tls';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type {
  Connection,
  ConnectionEvents,
  DialOptions,
  Listener,
  ListenOptions,
  Network,
  PeerCertificate,
} from '../base/ports.ts';
import { certificateOf, clientTlsOptions, serverTlsOptions } from '../security/tls-settings.ts';

/** The machine's own network. */
export function realNetwork(): Network {
  return { dial, listen };
}

function dial({ host, port, tls: settings, localAddress }: DialOptions): Connection {
  const raw = net.connect({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    ...(localAddress !== undefined && { localAddress }),
  });
  const connection = new SocketConnection(raw, { host, port });
  if (settings === undefined) {
    raw.once('connect', () => connection.opened(undefined));
    return connection;
  }
  raw.once('connect', () => connection.tcpOpened());
  const secure = tls.connect({ socket: raw, ...clientTlsOptions(settings), ...serverName(host) });
  secure.once('secureConnect', () => connection.opened(certificateOf(secure)));
  connection.speakThrough(secure);
  return connection;
}

/** A name in the greeting is allowed for host names only, never for addresses. */
function serverName(host: string): { servername?: string } {
  return net.isIP(host) === 0 ? { servername: host } : {};
}

async function listen({ host, port, tls: settings, onConnection }: ListenOptions): Promise<Listener> {
  const secureContext = settings && tls.createSecureContext(serverTlsOptions(settings));
  const server = net.createServer({ noDelay: true, keepAlive: true }, (raw) => {
    const address = { host: raw.remoteAddress ?? '', port: raw.remotePort ?? 0 };
    const connection = new SocketConnection(raw, address);
    onConnection(connection);
    if (settings === undefined) {
      connection.opened(undefined);
      return;
    }
    connection.tcpOpened();
    const secure = new tls.TLSSocket(raw, {
      isServer: true,
      secureContext,
      ...serverTlsOptions(settings),
    });
    secure.once('secure', () => connection.opened(certificateOf(secure)));
    connection.speakThrough(secure);
  });
  // An error after the start (no more file descriptors, say) costs a connection, never the program.
  server.on('error', () => undefined);
  server.maxConnections = LIMITS.connections;
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

function listenError(error: Error, host: string, port: number): AiocError {
  const code = systemCode(error);
  const where = `${host}:${port}`;
  if (code === 'EADDRINUSE') {
    return new AiocError(
      'AIOC_PORT_TAKEN',
      `port ${port} is taken by another program: choose another with --port`,
      { cause: error },
    );
  }
  const why: Readonly<Record<string, string>> = {
    EACCES: 'this user may not listen on that port: choose one above 1023 with --port',
    EADDRNOTAVAIL: 'this machine has no such address: choose one of its own with --bind_server_ip',
    ENOTFOUND: 'no machine goes by that name: give an address with --bind_server_ip',
  };
  return new AiocError('AIOC_LISTEN', `${where}: ${why[code ?? ''] ?? error.message}`, { cause: error });
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

  constructor(raw: net.Socket, address: { readonly host: string; readonly port: number }) {
    this.#raw = raw;
    this.#socket = raw;
    // A v4 client of a server that listens on both families reads better without the prefix.
    this.remoteAddress = address.host.replace(/^::ffff:/, '');
    this.remotePort = address.port;
    this.#hear(raw);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  tcpOpened(): void {
    this.#tell((events) => events.onTcpOpen());
  }

  opened(certificate: PeerCertificate | undefined): void {
    this.#tell((events) => events.onOpen(certificate));
    this.#socket.on('data', (chunk: Buffer) => this.#tell((events) => events.onData(chunk)));
  }

  /** From now on bytes go through TLS. Errors of the socket below still count. */
  speakThrough(secure: tls.TLSSocket): void {
    this.#socket = secure;
    this.#hear(secure);
  }

  listen(events: ConnectionEvents): void {
    this.#events = events;
    for (const tell of this.#early.splice(0)) tell(events);
  }

  write(bytes: Buffer | readonly Buffer[]): boolean {
    if (this.#closed) return false;
    if (Buffer.isBuffer(bytes)) return this.#socket.write(bytes);
    this.#socket.cork();
    let more = true;
    for (const part of bytes) more = this.#socket.write(part);
    this.#socket.uncork();
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
    // A peer that never closes its half must not keep ours.
    this.#socket.setTimeout(LIMITS.drainTimeoutMs, () => this.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #hear(socket: net.Socket): void {
    socket.on('error', (error) => {
      this.#error ??= error;
      this.destroy();
    });
    socket.on('drain', () => this.#tell((events) => events.onDrain()));
    socket.on('close', () => {
      // Below TLS the socket may close while what it brought has not been handed on yet.
      if (this.#closed || socket !== this.#socket) return;
      this.#closed = true;
      this.#tell((events) => events.onClose(this.#error));
      this.destroy();
    });
  }

  #tell(event: (events: ConnectionEvents) => void): void {
    if (this.#events === undefined) this.#early.push(event);
    else event(this.#events);
  }
}
