import type { Socket } from 'node:net';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../base/ports.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import type { AcceptedFiles } from '../accepted-files.ts';
import type { LocalBroker } from '../local-broker.ts';
import { RefusalLog } from '../refusal-log.ts';
import { readWith } from '../socket-reading.ts';
import { listenUnix, type SocketUsers, type UnixListener } from '../unix-sockets.ts';
import { ProgramConnection, type ProgramPurpose } from './program-connection.ts';

export interface NativeSocketOptions {
  readonly path: string;
  readonly broker: LocalBroker;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly users: SocketUsers;
  readonly mayBeAnyUser: boolean;
  /** Sending and listening have separate sockets, since users that may send may not always listen. */
  readonly purpose: ProgramPurpose;
  /** Keeps programs' files until they are sent. */
  readonly files: AcceptedFiles;
  /** The version of aioc, sent to programs. */
  readonly version: string;
  /** A subscription has started or ended, or a message was acknowledged. */
  readonly onChange: () => void;
}

/** A native socket of the connector: programs that use aioc's library connect to it to send or to listen. */
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
      isNative: true,
      taken: { code: 'AIOC_ALREADY_RUNNING', message: `another connector already uses ${path}` },
      onConnection: (socket) => this.#take(socket),
    });
  }

  /** Stops listening and closes all connections. */
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
      const text = `refused a local program: ${LIMITS.localConnections} are already connected`;
      this.#refusals.note('connections', text);
      socket.destroy();
      return;
    }
    const program = new ProgramConnection({ ...this.#options, refusals: this.#refusals, socket });
    this.#connections.set(socket, program);
    readWith(socket, program);
    socket.on('drain', () => program.drained());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#connections.delete(socket);
      program.end();
    });
  }
}
