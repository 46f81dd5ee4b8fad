import type {
  ClientTlsOptions,
  Connection,
  ConnectOptions,
  HostAddress,
  Interfaces,
  Network,
  NetworkListener,
  NetworkListenOptions,
  PeerCertificate,
  Ports,
  Randomness,
  TcpSocket,
} from '../../engine/base/ports.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { LATENCY_MS, SimulatedConnection } from './simulated-connection.ts';
import { SimulatedDisk } from './simulated-disk.ts';

/** A small seeded generator (mulberry32): the same seed gives the same run. */
export function seededRandom(seed: number): Randomness {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction: next,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => Math.floor(next() * 256))),
  };
}

/** How one address of a host behaves. */
export interface SimulatedHost {
  /** Takes calls, refuses them, or says nothing at all. */
  readonly answers: boolean | 'never';
  /** How long its TCP takes to do so. */
  readonly afterMs?: number;
  /** What becomes of TLS over it, and when: it is done, the other end closes, or says nothing. */
  readonly tls?: { readonly does: 'answer' | 'close' | 'nothing'; readonly afterMs: number } | undefined;
}

interface StandingPair {
  readonly clock: SimulatedClock;
  readonly near: SimulatedConnection;
  readonly far: SimulatedConnection;
  readonly certificates: Readonly<Record<'near' | 'far', PeerCertificate | undefined>>;
  readonly tls: SimulatedHost['tls'];
  readonly listener: NetworkListenOptions;
}

/** The near end of a TCP connection that stands. */
export class SimulatedTcpSocket implements TcpSocket {
  readonly #pair: StandingPair;

  constructor(pair: StandingPair) {
    this.#pair = pair;
  }

  get near(): SimulatedConnection {
    return this.#pair.near;
  }

  overTcp(): Connection {
    this.#pair.far.tell((events) => events.onOpen(undefined));
    return this.near;
  }

  overTls({ applicationProtocol: offered }: ClientTlsOptions): Connection {
    const { near, far, listener } = this.#pair;
    const secret = Buffer.from(`${far.remoteAddress}:${far.remotePort}`);
    const applicationProtocol = offered === listener.applicationProtocol ? offered : undefined;
    near.tls = { secret, applicationProtocol };
    far.tls = near.tls;
    far.tell((events) => events.onTcpOpen());
    far.tell((events) => events.onClientHello?.());
    const start = (): void => this.#startTls();
    if (listener.onClientHello === undefined) start();
    else listener.onClientHello(far, start);
    return this.near;
  }

  #startTls(): void {
    const { clock, near, far, certificates, tls } = this.#pair;
    const open = (): void => {
      if (near.closed) return;
      near.tell((events) => events.onOpen(certificates.near));
      far.tell((events) => events.onOpen(certificates.far));
    };
    if (tls === undefined) open();
    else if (tls.does === 'answer') clock.after(tls.afterMs, open);
    else if (tls.does === 'close') clock.after(tls.afterMs, () => far.end());
  }

  destroy(): void {
    this.near.destroy();
  }
}

/** A network of one host, whose connections can be cut. */
class SimulatedNetwork implements Network {
  readonly #clock: SimulatedClock;
  readonly #listeners = new Map<number, NetworkListenOptions>();
  readonly pairs: (readonly [SimulatedConnection, SimulatedConnection])[] = [];
  #nextPort = 40_000;
  certificateOfDialler: PeerCertificate | undefined;
  certificateOfListener: PeerCertificate | undefined;
  /** Sees each new connection before anything is written on it. */
  onDial: (client: SimulatedConnection, listener: SimulatedConnection) => void = () => undefined;
  /** How single addresses behave; the others answer where somebody listens on the port. */
  readonly hosts = new Map<string, SimulatedHost>();
  /** The resolver. */
  onLookUp: (name: string) => Promise<readonly HostAddress[]> | readonly HostAddress[] = (name) => {
    throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
  };
  ownInterfaces: Interfaces = { lo: [{ family: 'IPv4', address: '127.0.0.1' }] };
  /** The address from which whoever dials is seen. */
  callsFrom = '10.0.0.9';

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  async lookUp(name: string): Promise<readonly HostAddress[]> {
    return this.onLookUp(name);
  }

  interfaces(): Interfaces {
    return this.ownInterfaces;
  }

  connect({ address, port }: ConnectOptions, done: (result: TcpSocket | Error) => void): () => void {
    const { answers, afterMs = LATENCY_MS, tls } = this.hosts.get(address) ?? { answers: true };
    const listener = this.#listeners.get(port);
    if (answers === 'never') return () => undefined;
    if (!answers || listener === undefined) {
      const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      const told = this.#clock.after(listener === undefined ? 0 : afterMs, () => done(refused));
      return () => told.cancel();
    }
    const near = new SimulatedConnection(this.#clock, { host: address, port });
    const far = new SimulatedConnection(this.#clock, { host: this.callsFrom, port: this.#nextPort++ });
    near.other = far;
    far.other = near;
    this.pairs.push([near, far]);
    this.onDial(near, far);
    const timer = this.#clock.after(afterMs, () => {
      if (near.closed) return done(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
      listener.onConnection(far);
      const certificates = { near: this.certificateOfListener, far: this.certificateOfDialler };
      done(new SimulatedTcpSocket({ clock: this.#clock, near, far, certificates, tls, listener }));
    });
    return () => {
      timer.cancel();
      near.closeWith(undefined);
    };
  }

  async listen(options: NetworkListenOptions): Promise<NetworkListener> {
    this.#listeners.set(options.port, options);
    return {
      port: options.port,
      close: async () => {
        this.#listeners.delete(options.port);
      },
    };
  }

  get open(): (readonly [SimulatedConnection, SimulatedConnection])[] {
    return this.pairs.filter(([near]) => !near.closed);
  }

  /** Cuts every open connection, as a pulled cable that is noticed at once by both ends. */
  cutAll(): void {
    for (const [near] of this.open) near.break();
  }
}

export interface SimulatedWorld extends Ports {
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
}

export function simulatedWorld(seed = 1, turns?: number): SimulatedWorld {
  const clock = new SimulatedClock(undefined, turns);
  const random = seededRandom(seed);
  return { clock, network: new SimulatedNetwork(clock), random, disk: new SimulatedDisk({ random }).mount() };
}
