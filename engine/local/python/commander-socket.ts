import type { Socket } from 'node:net';
import { LIMITS } from '../../base/limits.ts';
import type { Clock } from '../../base/ports.ts';
import { LOCAL_PROGRAMS, type TrafficLog } from '../../peers/traffic-log.ts';
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

/** The socket to which Python's tool sends commands (PROTOCOL §4, commander): one per connection, answered with a text. */
export class CommanderSocket {
  readonly #options: CommanderSocketOptions;
  readonly #connections = new Set<Socket>();
  #listener: UnixListener | undefined;

  constructor(options: CommanderSocketOptions) {
    this.#options = options;
  }

  /** @throws AiocError AIOC_ALREADY_RUNNING, AIOC_LISTEN */
  async start(): Promise<void> {
    // Commands also work while the connector is stopped.
    if (this.#listener !== undefined) return;
    const { path, users } = this.#options;
    const message = `another connector with the same name listens on ${path}: stop it, or set another connector_files_dirpath for this one`;
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
      this.#complain(
        `refused a connection to the command socket: ${this.#connections.size} are already open`,
      );
      socket.destroy();
      return;
    }
    this.#connections.add(socket);
    // The time limit applies to receiving the command, not to executing it.
    const late = this.#options.clock.after(LIMITS.localFrameTimeoutMs, () => {
      if (asked) return;
      if (bytes.length > 0)
        this.#complain('closed the connection of a local program: it sent an incomplete command');
      socket.destroy();
    });
    socket.once('close', () => {
      late.cancel();
      this.#connections.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      // Only one command is read, and nothing behind it is kept.
      if (asked) return;
      bytes.push(chunk);
      if (bytes.length < 4) return;
      const head = bytes.take(4);
      const sizeBytes = head.readUInt32LE(0);
      if (sizeBytes > LIMITS.commandBytes) {
        this.#complain(`refused a command of ${sizeBytes} bytes; the limit is ${LIMITS.commandBytes}`);
        asked = true;
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
    if (answer === undefined) this.#complain(`refused the unknown command ${name} from a local program`);
    else if (answer.warning !== undefined) this.#complain(`${name}: ${answer.warning}`);
    const text = Buffer.from(answer?.text ?? `aioc knows no command ${name}`);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    socket.end(Buffer.concat([length, text]));
    // A program that does not read its answer must not keep its connection open.
    const unread = this.#options.clock.after(LIMITS.localFrameTimeoutMs, () => socket.destroy());
    socket.once('close', () => unread.cancel());
  }

  #complain(text: string): void {
    this.#options.log.event(text, { warning: true, about: LOCAL_PROGRAMS });
  }
}

function readRequest(request: Buffer): { cmd: string; given: Readonly<Record<string, unknown>> } {
  try {
    const { cmd, kwargs } = JSON.parse(request.toString()) as { cmd?: unknown; kwargs?: unknown };
    const given = typeof kwargs === 'object' && kwargs !== null ? (kwargs as Record<string, unknown>) : {};
    return { cmd: typeof cmd === 'string' ? cmd : '(not a string)', given };
  } catch {
    return { cmd: '(not JSON)', given: {} };
  }
}
