import type { Socket } from 'node:net';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../base/ports.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import { ByteQueue } from '../../protocol/byte-queue.ts';
import type { ConnectorCommands } from '../connector-commands.ts';
import { listenUnix, type SocketUsers, type UnixListener } from '../unix-sockets.ts';
import { answerCommand } from './commander-table.ts';

export interface CommanderSocketOptions {
  readonly path: string;
  readonly users: SocketUsers;
  readonly control: ConnectorCommands;
  readonly log: TrafficLog;
  readonly clock: Clock;
}

/** Where Python's tool sends its commands (PROTOCOL §4, commander): one command a connection, a text in answer. */
export class CommanderSocket {
  readonly #options: CommanderSocketOptions;
  readonly #connections = new Set<Socket>();
  #listener: UnixListener | undefined;

  constructor(options: CommanderSocketOptions) {
    this.#options = options;
  }

  /** @throws AiocError AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async start(): Promise<void> {
    // Commands are taken while the connector itself is stopped, too.
    if (this.#listener !== undefined) return;
    const { path, users } = this.#options;
    const message = `another connector of the same name takes commands on ${path}: stop that one, or give this one another connector_files_dirpath`;
    this.#listener = await listenUnix({
      path,
      users,
      taken: { code: 'AIOC_ALREADY_RUNNING', message },
      onConnection: (socket) => this.#take(socket),
    });
  }

  get listening(): boolean {
    return this.#listener !== undefined;
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
    for (const socket of this.#connections) socket.end();
  }

  #take(socket: Socket): void {
    const bytes = new ByteQueue();
    let asked = false;
    socket.on('error', () => socket.destroy());
    if (this.#connections.size >= LIMITS.localConnections) {
      this.#complain(`a connection for a command was refused: ${this.#connections.size} are open already`);
      socket.destroy();
      return;
    }
    this.#connections.add(socket);
    // A command that is being carried out may take its time; one that comes byte by byte gains none.
    const late = this.#options.clock.after(LIMITS.localFrameTimeoutMs, () => {
      if (asked) return;
      if (bytes.length > 0) this.#complain('a program on this machine began a command and did not end it');
      socket.destroy();
    });
    socket.once('close', () => {
      late.cancel();
      this.#connections.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      bytes.push(chunk);
      if (asked || bytes.length < 4) return;
      const head = bytes.take(4);
      const sizeBytes = head.readUInt32LE(0);
      if (sizeBytes > LIMITS.commandBytes) {
        this.#complain(
          `a program on this machine sent a command of ${sizeBytes} bytes, at most ${LIMITS.commandBytes} are taken`,
        );
        socket.destroy();
      } else if (bytes.length >= sizeBytes) {
        asked = true;
        void this.#answer(socket, bytes.take(sizeBytes));
      } else {
        bytes.unread(head);
      }
    });
  }

  async #answer(socket: Socket, request: Buffer): Promise<void> {
    const { control } = this.#options;
    const { cmd, given } = readRequest(request);
    const answer = await answerCommand(control, cmd, given);
    const name = cmd.slice(0, LIMITS.commandNameCharacters);
    if (answer === undefined) this.#complain(`the unknown command ${name} was not done`);
    else if (answer.warning !== undefined) this.#complain(`${name}: ${answer.warning}`);
    const text = Buffer.from(answer?.text ?? `aioc knows no command ${name}`);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    socket.end(Buffer.concat([length, text]));
    // Who does not take its answer would hold its place for ever.
    const unread = this.#options.clock.after(LIMITS.localFrameTimeoutMs, () => socket.destroy());
    socket.once('close', () => unread.cancel());
  }

  #complain(text: string): void {
    this.#options.log.event(text, { warning: true });
  }
}

function readRequest(request: Buffer): { cmd: string; given: Readonly<Record<string, unknown>> } {
  try {
    const { cmd, kwargs } = JSON.parse(request.toString()) as { cmd?: unknown; kwargs?: unknown };
    const given = typeof kwargs === 'object' && kwargs !== null ? (kwargs as Record<string, unknown>) : {};
    return { cmd: String(cmd), given };
  } catch {
    return { cmd: '(not JSON)', given: {} };
  }
}
