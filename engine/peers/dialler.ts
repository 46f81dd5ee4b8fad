import { LIMITS } from '../base/limits.ts';
import type { Timer } from '../base/ports.ts';
import { serverId } from '../protocol/names.ts';
import type { EndpointOptions } from './acceptor.ts';
import { Link, type LinkOwner } from './link.ts';
import { describeNetworkError } from './network-errors.ts';
import type { Peer } from './peer.ts';
import { Backoff } from './reconnect.ts';
import type { PeerNature, SessionEnding } from './session.ts';

export interface DiallerOptions extends EndpointOptions {
  readonly host: string;
  readonly port: number;
  /** Our name on the wire. */
  readonly wireName: string;
}

/** A server's user needs at least this long to read the question and say no; anything quicker was not a person. */
const HUMAN_REFUSAL_MS = 1_000;

/** The client's side: calls the server, and calls again when the connection is lost. */
export class Dialler implements LinkOwner {
  readonly peer: Peer;
  readonly #options: DiallerOptions;
  readonly #backoff: Backoff;
  #link: Link | undefined;
  #retry: Timer | undefined;
  #waitingSince: number | undefined;
  #lastFingerprint: string | undefined;
  #generation = 0;
  #stopped = false;
  #onOver: () => void = () => undefined;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.ports.random);
    const { host, port } = options;
    this.peer = options.registry.add({
      wireName: serverId({ host, port }),
      name: host,
      address: `${host}:${port}`,
    });
  }

  start(): void {
    this.#dial();
  }

  /** Calls at once instead of at the next try; also after a refusal. */
  dialNow(): void {
    if (this.#link !== undefined || this.#stopped) return;
    this.#retry?.cancel();
    this.#backoff.reset();
    this.#dial();
  }

  /** Resolves when the connection is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    const link = this.#link;
    if (link === undefined) return;
    const over = new Promise<void>((resolve) => {
      this.#onOver = resolve;
    });
    link.drain();
    await over;
  }

  #dial(): void {
    const { ports, host, port, tls, hello, wireName, setPhase, traffic } = this.#options;
    this.#retry = undefined;
    this.#generation += 1;
    this.#waitingSince = undefined;
    this.peer.become('connecting');
    setPhase({ kind: 'connecting' });
    const nonce = ports.random.bytes(16).toString('hex');
    const link = new Link({
      connection: ports.network.dial({ host, port, tls }),
      clock: ports.clock,
      owner: this,
      traffic,
      generation: this.#generation,
      describe: describeNetworkError,
      session: {
        role: 'dialler',
        tls: tls !== undefined,
        sourceId: wireName,
        destinationId: serverId({ host, port }),
        hello,
        nonce,
      },
      onOpen: () => this.#opened(link),
    });
    this.#link = link;
    this.#options.registry.bind(link, this.peer);
    link.start();
  }

  #opened(link: Link): void {
    const { ports, setPhase, wordsOf, log } = this.#options;
    this.#waitingSince = ports.clock.now();
    const fingerprint = link.certificate?.fingerprint;
    this.peer.fingerprint = fingerprint;
    this.peer.words = fingerprint === undefined ? undefined : wordsOf(fingerprint);
    if (this.#lastFingerprint !== undefined && this.#lastFingerprint !== fingerprint) {
      log.event('ANOTHER certificate than before: compare the words with the other screen before you go on', {
        peerName: this.peer.name,
        warning: true,
      });
    }
    this.#lastFingerprint = fingerprint;
    this.peer.become('waiting');
    setPhase({ kind: 'waiting-to-be-let-in' });
  }

  introduced(): void {
    // Only a server is introduced to; a client introduces itself.
  }

  letIn(link: Link): void {
    this.peer.receiveFrom(link);
    this.#options.setPhase({ kind: 'connected' });
  }

  established(link: Link, nature: PeerNature): void {
    const { registry, setPhase, log, traffic } = this.#options;
    this.#backoff.reset();
    this.peer.kind = nature.kind;
    if (nature.kind === 'aioc') {
      this.peer.instance = nature.hello.instance;
      this.peer.name = registry.uniqueName(nature.hello.name, this.peer);
    }
    if (!this.peer.connect(link)) return;
    setPhase({ kind: 'connected' });
    const kind = nature.kind === 'aioc' ? `aioc ${nature.hello.version}` : 'Python';
    log.event(`connected to ${this.peer.address} (${kind})`, { peerName: this.peer.name });
    traffic.connected(this.peer);
    traffic.ping(this.peer).catch(() => undefined);
  }

  over(link: Link, ending: SessionEnding): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    const { log, traffic } = this.#options;
    if (this.peer.disconnect(link, 'away', ending.reason)) traffic.disconnected(this.peer, ending.reason);
    this.#onOver();
    if (this.#stopped) return;
    log.event(`${ending.state === 'refused' ? 'refused' : 'not connected'}: ${ending.reason}`, {
      peerName: this.peer.name,
      warning: true,
    });
    if (ending.refusedByPeer === 'declined') this.#giveUp(ending.reason);
    else this.#tryLater(ending);
  }

  #giveUp(reason: string): void {
    this.peer.become('refused', reason);
    this.#options.setPhase({ kind: 'refused', reason });
  }

  #tryLater(ending: SessionEnding): void {
    const { ports, setPhase } = this.#options;
    const { clock } = ports;
    const waitedMs = this.#waitingSince === undefined ? 0 : clock.now() - this.#waitingSince;
    const saidNo = ending.whileWaiting && waitedMs >= HUMAN_REFUSAL_MS;
    const reason = saidNo ? 'the other side closed without letting us in' : ending.reason;
    const delayMs = saidNo ? LIMITS.reconnectAfterRefusalMs : this.#backoff.next();
    this.peer.become('away', reason);
    setPhase({ kind: 'retrying', reason, retryAtMs: clock.wallNow() + delayMs });
    this.#retry = clock.after(delayMs, () => this.#dial());
  }
}
