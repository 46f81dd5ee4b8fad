import { rmdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../base/ports.ts';
import type { EngineApi } from '../../contract/engine-api.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import { makePrivate } from '../private-directory.ts';
import { listenUnix, type UnixListener } from '../unix-sockets.ts';
import { AttachSession } from './attach-session.ts';

export interface AttachSocketOptions {
  readonly path: string;
  readonly engine: EngineApi;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly version: string;
}

/**
 * The socket to which screens attach. An attached screen can run every command, so only the connector's user and root can
 * connect: the socket is in a directory that no one else can enter, created before the socket.
 */
export class AttachSocket {
  readonly #options: AttachSocketOptions;
  readonly #connections = new Map<Socket, AttachSession>();
  #listener: UnixListener | undefined;

  constructor(options: AttachSocketOptions) {
    this.#options = options;
  }

  /** @throws AiocError AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async start(): Promise<void> {
    // Screens stay attached while the connector is stopped, to start it again.
    if (this.#listener !== undefined) return;
    const { path } = this.#options;
    makePrivate(dirname(path));
    this.#listener = await listenUnix({
      path,
      users: 'owner',
      taken: { code: 'AIOC_ALREADY_RUNNING', message: `another connector already uses ${path}` },
      onConnection: (socket) => this.#take(socket),
    });
  }

  /** Closes the socket and detaches all screens. */
  async stop(): Promise<void> {
    if (this.#listener === undefined) return;
    await this.#listener.close();
    this.#listener = undefined;
    for (const [socket, conversation] of this.#connections) {
      conversation.end();
      socket.destroy();
    }
    try {
      rmdirSync(dirname(this.#options.path));
    } catch {
      // An empty directory does no harm.
    }
  }

  #take(socket: Socket): void {
    const { log, engine, clock, version } = this.#options;
    socket.on('error', () => socket.destroy());
    if (this.#connections.size >= LIMITS.screensAttached) {
      log.event(`refused a screen: ${LIMITS.screensAttached} are already attached`, {
        warning: true,
      });
      socket.destroy();
      return;
    }
    const conversation = new AttachSession({ socket, engine, clock, log, version });
    this.#connections.set(socket, conversation);
    socket.on('data', (chunk: Buffer) => conversation.push(chunk));
    socket.on('drain', () => conversation.drained());
    socket.once('close', () => {
      this.#connections.delete(socket);
      conversation.end();
    });
  }
}
