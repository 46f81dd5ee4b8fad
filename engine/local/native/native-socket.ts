import type { Socket } from 'node:net';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../base/ports.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import type { LocalBroker } from '../local-broker.ts';
import { RefusalLog } from '../refusal-log.ts';
import type { Spool } from '../spool.ts';
import { listenUnix, type SocketUsers, type UnixListener } from '../unix-sockets.ts';
import { ProgramConnection, type ProgramPurpose } from './program-connection.ts';

export interface NativeSocketOptions {
  readonly path: string;
  readonly broker: LocalBroker;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly users: SocketUsers;
  readonly mayBeAnyUser: boolean;
  /** What programs come here for: each has a socket of its own, since not everybody who may send may listen. */
  readonly purpose: ProgramPurpose;
  /** Where files of programs lie until they have been sent. */
  readonly spool: Spool;
  /** Of this aioc, for programs that ask. */
  readonly version: string;
  /** A subscription has begun or ended, or something was taken. */
  readonly onChange: () => void;
}

/** Where programs that use aioc's library talk to the connector, to send or to listen: one connection each, both ways. */
export class NativeSocket {
  readonly #options: NativeSocketOptions;
  readonly #refusals: RefusalLog;
  readonly #connections = new Map<Socket, ProgramConnection>();
  #listener: UnixListener | undefined;

  constructor(options: NativeSocketOptions) {
    this.#options = options;
    this.#refusals = new RefusalLog(options);
  }

  /** @throws AiocError AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async start(): Promise<void> {
    const { path, users } = this.#options;
    this.#listener = await listenUnix({
      path,
      users,
      taken: { code: 'AIOC_ALREADY_RUNNING', message: `another connector uses ${path}` },
      onConnection: (socket) => this.#take(socket),
    });
  }

  /** Listens no more and ends the conversations; what a program was not told of is unknown to it. */
  async stop(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
    for (const [socket, program] of this.#connections) {
      program.end();
      socket.destroy();
    }
  }

  #take(socket: Socket): void {
    if (this.#connections.size >= LIMITS.localConnections) {
      const text = `more than ${LIMITS.localConnections} local programs at once: the newest was turned away`;
      this.#refusals.note('connections', text);
      socket.destroy();
      return;
    }
    const program = new ProgramConnection({ ...this.#options, refusals: this.#refusals, socket });
    this.#connections.set(socket, program);
    socket.on('data', (chunk: Buffer) => program.push(chunk));
    socket.on('drain', () => program.drained());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#connections.delete(socket);
      program.end();
    });
  }
}
