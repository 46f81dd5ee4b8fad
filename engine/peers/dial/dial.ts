import { familyOf } from '../../base/addresses.ts';
import { LIMITS } from '../../base/limits.ts';
import type {
  Connection,
  ConnectionEvents,
  HostAddress,
  KeyingMaterialOptions,
  PeerCertificate,
  Ports,
  TlsFacts,
  TlsSettings,
} from '../../base/ports.ts';
import type { Cause } from '../../contract/views.ts';
import { ConnectError, causeOf, mostTelling } from '../causes.ts';
import { describeNetworkError } from '../network-errors.ts';
import { type Failure, planOf } from './plan.ts';
import { Race } from './race.ts';

export interface DialOptions {
  /** An address, or a host name to resolve. */
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  /** Limit of the whole attempt: name resolution, TCP and TLS over any of the addresses. */
  readonly timeoutMs?: number;
  /** Local address, or network interface, to connect from. */
  readonly bindTo?: string | undefined;
  /** The address that answered last; tried first while the host still has it. */
  readonly preferred?: string | undefined;
  /** The application protocol to offer in TLS (ALPN). */
  readonly applicationProtocol?: string | undefined;
  /** See RaceOptions. */
  readonly rejectionReason?: (certificate: PeerCertificate | undefined) => Promise<string | undefined>;
}

/**
 * Resolves a host and connects to the first of its addresses that answers, TLS included (RFC 8305). Every connection to
 * a peer starts here. The connection opens or closes within `timeoutMs` (LIMITS.dialTimeoutMs). If it fails, it closes
 * with AIOC_CONNECT, which lists every address with its reason.
 */
export function dial(ports: Pick<Ports, 'clock' | 'network'>, options: DialOptions): Connection {
  return new DialledConnection(ports, options);
}

/** The connection while it is being established, and afterwards. */
class DialledConnection implements Connection {
  readonly #ports: Pick<Ports, 'clock' | 'network'>;
  readonly #options: DialOptions;
  readonly #deadlineMs: number;
  #inner: Connection | undefined;
  #race: Race | undefined;
  #events: ConnectionEvents | undefined;
  #early: ((events: ConnectionEvents) => void)[] = [];
  #tcpOpen = false;
  #paused = false;
  #over = false;

  constructor(ports: Pick<Ports, 'clock' | 'network'>, options: DialOptions) {
    this.#ports = ports;
    this.#options = options;
    const { host, timeoutMs = LIMITS.dialTimeoutMs } = options;
    this.#deadlineMs = ports.clock.now() + timeoutMs;
    const family = familyOf(host);
    if (family === undefined) this.#lookUp(timeoutMs);
    else this.#connect([{ address: host, family }]);
  }

  get remoteAddress(): string {
    return this.#inner?.remoteAddress ?? this.#options.host;
  }

  get remotePort(): number {
    return this.#options.port;
  }

  get bufferedBytes(): number {
    return this.#inner?.bufferedBytes ?? 0;
  }

  get applicationProtocol(): string | undefined {
    return this.#inner?.applicationProtocol;
  }

  tlsFacts(): TlsFacts | undefined {
    return this.#inner?.tlsFacts?.();
  }

  exportKeyingMaterial(options: KeyingMaterialOptions): Buffer | undefined {
    return this.#inner?.exportKeyingMaterial(options);
  }

  listen(events: ConnectionEvents): void {
    this.#events = events;
    for (const emit of this.#early.splice(0)) emit(events);
  }

  write(bytes: Buffer | readonly Buffer[], onWritten?: () => void): boolean {
    return this.#inner?.write(bytes, onWritten) ?? false;
  }

  pause(): void {
    this.#paused = true;
    this.#inner?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#inner?.resume();
  }

  end(): void {
    if (this.#inner === undefined) this.destroy();
    else this.#inner.end();
  }

  destroy(): void {
    if (this.#inner !== undefined) return this.#inner.destroy();
    this.#race?.cancel();
    this.#close(undefined);
  }

  #lookUp(timeoutMs: number): void {
    const { clock, network } = this.#ports;
    const { host } = this.#options;
    const inTime = clock.after(Math.min(timeoutMs, LIMITS.lookUpTimeoutMs), () =>
      this.#fail(`the host name ${host} was not resolved in time: is the name server reachable?`),
    );
    network.lookUp(host).then(
      (addresses) => {
        inTime.cancel();
        if (addresses.length === 0) this.#fail(`the host name ${host} has no address`);
        else this.#connect(addresses);
      },
      (error: Error) => {
        inTime.cancel();
        this.#fail(describeNetworkError(error), causeOf(error));
      },
    );
  }

  #connect(addresses: readonly HostAddress[]): void {
    if (this.#over) return;
    const { network, clock } = this.#ports;
    const { host, port, tls, bindTo, preferred, applicationProtocol, rejectionReason } = this.#options;
    const { candidates, skipped } = planOf(addresses, {
      bindTo,
      preferred,
      interfaces: network.interfaces(),
    });
    this.#race = new Race({
      network,
      clock,
      candidates,
      port,
      tls,
      serverName: familyOf(host) === undefined ? host : undefined,
      applicationProtocol,
      deadlineMs: this.#deadlineMs,
      rejectionReason,
      onTcpOpen: () => this.#tcpOpened(),
      onWon: ({ connection, certificate }) => this.#won(connection, certificate),
      onLost: (failures) => this.#lost([...failures, ...skipped]),
    });
    this.#race.start();
  }

  #tcpOpened(): void {
    if (this.#tcpOpen) return;
    this.#tcpOpen = true;
    this.#emit((events) => events.onTcpOpen());
  }

  #won(connection: Connection, certificate: PeerCertificate | undefined): void {
    if (this.#over) return connection.destroy();
    this.#inner = connection;
    this.#emit((events) => events.onOpen(certificate));
    connection.listen({
      onTcpOpen: () => undefined,
      onOpen: () => undefined,
      onData: (chunk) => this.#emit((events) => events.onData(chunk)),
      onDrain: () => this.#emit((events) => events.onDrain()),
      onClose: (error) => this.#close(error),
    });
    if (this.#options.rejectionReason !== undefined && !this.#paused) connection.resume();
  }

  #lost(failures: readonly Failure[]): void {
    const isName = familyOf(this.#options.host) === undefined;
    this.#fail(listed(failures, isName), mostTelling(failures.map(({ cause }) => cause)));
  }

  #fail(reason: string, cause: Cause = 'other'): void {
    if (!this.#over) this.#close(new ConnectError(reason, cause));
  }

  #close(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    // Never within a call of its owner.
    this.#ports.clock.after(0, () => this.#emit((events) => events.onClose(error)));
  }

  #emit(event: (events: ConnectionEvents) => void): void {
    if (this.#events === undefined) this.#early.push(event);
    else event(this.#events);
  }
}

/** Lists every address with its reason; addresses with the same reason are joined. */
function listed(failures: readonly Failure[], withAddresses: boolean): string {
  const byReason = new Map<string, string[]>();
  for (const { address, reason } of failures)
    byReason.set(reason, [...(byReason.get(reason) ?? []), address]);
  return [...byReason]
    .map(([reason, addresses]) =>
      withAddresses && !reason.startsWith(addresses[0] ?? ' ')
        ? `${addresses.join(', ')}: ${reason}`
        : reason,
    )
    .join('; ');
}
