import { LIMITS } from '../../base/limits.ts';
import type {
  Clock,
  Connection,
  Network,
  PeerCertificate,
  TcpSocket,
  Timer,
  TlsSettings,
} from '../../base/ports.ts';
import type { Cause } from '../../contract/views.ts';
import { causeOf } from '../causes.ts';
import { describeNetworkError } from '../network-errors.ts';
import type { DialCandidate, Failure } from './plan.ts';

export interface RaceOptions {
  readonly network: Network;
  readonly clock: Clock;
  /** In the order of attempts. */
  readonly candidates: readonly DialCandidate[];
  readonly port: number;
  readonly tls: TlsSettings | undefined;
  readonly serverName: string | undefined;
  readonly applicationProtocol: string | undefined;
  /** On the monotonic clock: the race ends then. */
  readonly deadlineMs: number;
  /** Why a peer's certificate is not the expected one; the next address may have it. */
  readonly rejectionReason?:
    | ((certificate: PeerCertificate | undefined) => Promise<string | undefined>)
    | undefined;
  /** The first TCP connection is established, and TLS begins. */
  readonly onTcpOpen: () => void;
  readonly onWon: (winner: { connection: Connection; certificate: PeerCertificate | undefined }) => void;
  readonly onLost: (failures: readonly Failure[]) => void;
}

/** The TLS handshake in progress. */
interface Handshake {
  readonly candidate: DialCandidate;
  readonly connection: Connection;
  readonly timer: Timer;
}

/**
 * Connects to the first of several addresses that answers (RFC 8305 §5). The next address is tried when the previous
 * one has failed or has been silent for 250 ms; earlier attempts continue. Only one TLS handshake runs at a time. If it
 * fails, or the certificate is wrong, the next connection takes its turn.
 */
export class Race {
  readonly #options: RaceOptions;
  readonly #failures: Failure[] = [];
  #untried: DialCandidate[];
  readonly #running = new Map<DialCandidate, () => void>();
  readonly #connected: { readonly candidate: DialCandidate; readonly socket: TcpSocket }[] = [];
  /** Candidates whose handshake was aborted to try others; tried again when no others are left. */
  #slow: DialCandidate[] = [];
  #handshake: Handshake | undefined;
  #stagger: Timer | undefined;
  #deadline: Timer | undefined;
  #over = false;

  constructor(options: RaceOptions) {
    this.#options = options;
    this.#untried = [...options.candidates];
  }

  start(): void {
    const { clock, deadlineMs } = this.#options;
    this.#deadline = clock.after(Math.max(0, deadlineMs - clock.now()), () => this.#timeIsUp());
    this.#next();
  }

  /** Cancels all attempts without calling back. */
  cancel(): void {
    this.#end();
  }

  /** Tries the next address, unless a TLS handshake is running; fails when none is left. */
  #next(): void {
    this.#stagger?.cancel();
    if (this.#over || this.#handshake !== undefined) return;
    const connected = this.#connected.shift();
    if (connected !== undefined) return this.#startTls(connected.candidate, connected.socket);
    const candidate = this.#untried.shift();
    if (candidate === undefined) return this.#exhausted();
    this.#stagger = this.#options.clock.after(LIMITS.dialStaggerMs, () => this.#next());
    this.#connect(candidate);
  }

  #exhausted(): void {
    if (this.#running.size > 0) return;
    if (this.#slow.length === 0) return this.#lose();
    this.#untried = this.#slow;
    this.#slow = [];
    this.#next();
  }

  #connect(candidate: DialCandidate): void {
    const { network, port } = this.#options;
    const { address, localAddress } = candidate;
    const abort = network.connect({ address, port, localAddress }, (result) => {
      this.#running.delete(candidate);
      if (result instanceof Error)
        return this.#failed(candidate, describeNetworkError(result), causeOf(result));
      if (this.#handshake === undefined) this.#startTls(candidate, result);
      else this.#connected.push({ candidate, socket: result });
    });
    this.#running.set(candidate, abort);
  }

  #failed(candidate: DialCandidate, reason: string, cause: Cause): void {
    if (this.#over) return;
    const { address } = candidate;
    this.#failures.push({ address, reason, cause });
    this.#next();
  }

  #startTls(candidate: DialCandidate, socket: TcpSocket): void {
    const { tls: settings, serverName, applicationProtocol, clock, onTcpOpen } = this.#options;
    this.#stagger?.cancel();
    if (settings === undefined) return this.#won(socket.overTcp(), undefined);
    onTcpOpen();
    const connection = socket.overTls({ settings, serverName, applicationProtocol });
    const timer = clock.after(this.#handshakeTimeoutMs(), () => this.#tooSlow());
    const handshake = { candidate, connection, timer };
    this.#handshake = handshake;
    const isCurrent = (): boolean => this.#handshake === handshake && !this.#over;
    connection.listen({
      onTcpOpen: () => undefined,
      onOpen: (certificate) => isCurrent() && this.#verify(connection, certificate, isCurrent),
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: (error) =>
        isCurrent() && this.#broken(describeNetworkError(error, 'in the TLS handshake'), causeOf(error)),
    });
  }

  /** Two seconds while other addresses are untried; then an equal share of the remaining time. */
  #handshakeTimeoutMs(): number {
    const { clock, deadlineMs } = this.#options;
    if (this.#untried.length + this.#running.size + this.#connected.length > 0) return LIMITS.dialHandshakeMs;
    return Math.max(LIMITS.dialHandshakeMs, (deadlineMs - clock.now()) / (1 + this.#slow.length));
  }

  #verify(connection: Connection, certificate: PeerCertificate | undefined, isCurrent: () => boolean): void {
    const { rejectionReason } = this.#options;
    if (rejectionReason === undefined) return this.#won(connection, certificate);
    // Its data waits until the certificate is verified.
    connection.pause();
    rejectionReason(certificate).then(
      (reason) => {
        if (!isCurrent()) return;
        if (reason === undefined) this.#won(connection, certificate);
        else this.#broken(reason, 'certificate');
      },
      (error: Error) => isCurrent() && this.#broken(error.message, 'certificate'),
    );
  }

  #broken(reason: string, cause: Cause): void {
    const handshake = this.#endHandshake();
    if (handshake !== undefined) this.#failed(handshake.candidate, reason, cause);
  }

  #tooSlow(): void {
    const others = this.#untried.length + this.#running.size + this.#connected.length + this.#slow.length;
    if (others === 0) return this.#broken(SLOW_TLS, 'no-answer');
    const handshake = this.#endHandshake();
    if (handshake !== undefined) this.#slow.push(handshake.candidate);
    this.#next();
  }

  #endHandshake(): Handshake | undefined {
    const handshake = this.#handshake;
    this.#handshake = undefined;
    handshake?.timer.cancel();
    handshake?.connection.destroy();
    return handshake;
  }

  #won(connection: Connection, certificate: PeerCertificate | undefined): void {
    this.#handshake?.timer.cancel();
    this.#handshake = undefined;
    this.#end();
    this.#options.onWon({ connection, certificate });
  }

  #timeIsUp(): void {
    for (const { address } of [...this.#running.keys(), ...this.#untried])
      this.#failures.push({ address, reason: describeNetworkError(NO_ANSWER), cause: 'no-answer' });
    const shaking = this.#handshake === undefined ? [] : [this.#handshake.candidate];
    const connected = this.#connected.map(({ candidate }) => candidate);
    for (const { address } of [...this.#slow, ...shaking, ...connected])
      this.#failures.push({ address, reason: SLOW_TLS, cause: 'no-answer' });
    this.#lose();
  }

  #lose(): void {
    this.#end();
    this.#options.onLost(this.#failures);
  }

  #end(): void {
    this.#over = true;
    this.#stagger?.cancel();
    this.#deadline?.cancel();
    for (const abort of this.#running.values()) abort();
    this.#running.clear();
    for (const { socket } of this.#connected.splice(0)) socket.destroy();
    this.#endHandshake();
  }
}

const NO_ANSWER = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });

const SLOW_TLS = 'it accepted the connection, but did not finish its TLS handshake in time: does it use TLS?';
