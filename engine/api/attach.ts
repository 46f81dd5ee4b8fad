import { lstatSync } from 'node:fs';
import type net from 'node:net';
import { dirname } from 'node:path';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { realClock } from '../base/real-ports.ts';
import type { Command, CommandResult } from '../contract/commands.ts';
import type { EngineApi, ViewSubscription } from '../contract/engine-api.ts';
import { type AttachmentOptions, EngineClient, type Port } from '../contract/engine-rpc.ts';
import type { PeekAnswer, PeekQuestion } from '../contract/queue-peek.ts';
import type { Body, Update, View } from '../contract/views.ts';
import { bodyAsJson, jsonBody, type Packet } from '../local/native/packets.ts';
import { attachSocketPath, type ConnectorOwner, ownerId, sendSocketPath } from '../local/socket-names.ts';
import { connectUnix } from '../local/unix-sockets.ts';
import { apiOptionsFromConfig, type ConnectorAddress } from './api-options.ts';
import { ConnectorLocator } from './connector-locator.ts';
import { NativeChannel } from './native-channel.ts';

/** A connector in another process on this machine, which you can monitor and control as its screen can. */
export interface AttachedEngine extends EngineApi {
  /**
   * Detaches. Views close, and pending calls fail with AIOC_CONNECTOR_AWAY; the connector continues to run. An open
   * attachment keeps the process alive.
   *
   * @returns resolves when all requests are written, or the connector has stopped
   */
  close(): Promise<void>;
  /** The connector's release of aioc, as it says. */
  readonly version: string | undefined;
  /**
   * Resolves when the connector answers: a process that is stopped or stuck keeps its connections and does not.
   *
   * @throws AiocError AIOC_CONNECTOR_AWAY when the attachment ends first
   */
  ping(): Promise<void>;
  /** Calls `listener` once when the attachment ends: with the reason if the connector stopped, without one after `close`. */
  onClose(listener: (why: AiocError | undefined) => void): void;
}

/**
 * Attaches to an aioc connector that runs on this machine. `open` opens a view of its status, peers, queues, log or
 * conversations; `execute` runs the commands of its screen. Only the connector's user and root can
 * attach. Limits: 16 attached programs and screens, 16 views each, 1,000 rows per view.
 *
 * The connector reads and writes the files that commands name, so use absolute paths.
 *
 * @param connector the path of its configuration file, or its address
 * @param options `isReadOnly`: the connector refuses every command of this attachment with AIOC_READ_ONLY
 * @throws AiocError AIOC_CONNECTOR_AWAY if it does not run or is a Python connector; AIOC_CONTRACT_VERSION if its version
 * is incompatible; AIOC_CONFIG, AIOC_NAME_BAD, AIOC_SOCKET_PATH. The protocol: engine/local/native/PROTOCOL.md
 */
export async function attach(
  connector: string | ConnectorAddress,
  options: AttachmentOptions = {},
): Promise<AttachedEngine> {
  const address = typeof connector === 'string' ? await apiOptionsFromConfig(connector) : connector;
  const locator = new ConnectorLocator(address);
  try {
    return await Attachment.open(await locator.connect(ownAttachPath), realClock(), options);
  } catch (error) {
    throw await explained(toAiocError(error), locator);
  }
}

/**
 * As `attach`, by the path of the connector's attach socket.
 *
 * @throws AiocError as `attach`
 */
export async function attachAt(path: string, options: AttachmentOptions = {}): Promise<AttachedEngine> {
  assertOwn(path);
  const socket = await connectUnix(path).catch((error: unknown) => {
    throw new AiocError(
      'AIOC_CONNECTOR_AWAY',
      `nothing answers on ${path}: the connector is not running; start it again`,
      {
        cause: error,
      },
    );
  });
  return Attachment.open(socket, realClock(), options);
}

class Attachment implements AttachedEngine {
  readonly #socket: net.Socket;
  readonly #client: EngineClient;
  readonly #listeners: ((why: AiocError | undefined) => void)[] = [];
  #channel: NativeChannel | undefined;
  #onReply: (reply: unknown) => void = () => undefined;
  #isWanted = true;
  #isOver = false;

  private constructor(socket: net.Socket, options: AttachmentOptions) {
    this.#socket = socket;
    const port: Port = {
      postMessage: (request) =>
        this.#channel?.notify(
          'engineRequest',
          ATTACH_PACKET_NUMBER,
          jsonBody(request as Record<string, unknown>),
        ),
      on: (_event, listener) => {
        this.#onReply = listener;
      },
    };
    this.#client = new EngineClient(port, options);
  }

  /** @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONTRACT_VERSION, AIOC_FRAME_BAD */
  static async open(socket: net.Socket, clock: Clock, options: AttachmentOptions): Promise<Attachment> {
    const attachment = new Attachment(socket, options);
    try {
      await attachment.#greet(clock);
      return attachment;
    } catch (error) {
      socket.destroy();
      throw attachment.#isOver ? away(TURNED_AWAY) : error;
    }
  }

  async #greet(clock: Clock): Promise<void> {
    this.#channel = await NativeChannel.open(this.#socket, {
      clock,
      onPacket: (packet) => this.#take(packet),
      onClose: () => this.#over(),
    });
    const silent = clock.after(LIMITS.localHelloMs, () => this.#client.end(away(SILENT)));
    try {
      await this.#client.greet();
    } finally {
      silent.cancel();
    }
    // The channel keeps the process alive only while a reply is pending; an attachment waits for updates.
    this.#socket.ref();
  }

  open(view: View, onUpdate: (update: Update) => void): ViewSubscription {
    return this.#client.open(view, onUpdate);
  }

  query(logId: number): Promise<Body | undefined> {
    return this.#client.query(logId);
  }

  peek(question: PeekQuestion): Promise<PeekAnswer> {
    return this.#client.peek(question);
  }

  execute(command: Command): Promise<CommandResult> {
    return this.#client.execute(command);
  }

  get version(): string | undefined {
    return this.#channel?.version;
  }

  async ping(): Promise<void> {
    await this.#client.query(NO_ROW);
  }

  async close(): Promise<void> {
    if (!this.#isOver) this.#isWanted = false;
    this.#client.end(away(DETACHED));
    await this.#channel?.ended();
  }

  onClose(listener: (why: AiocError | undefined) => void): void {
    if (this.#isOver) process.nextTick(listener, this.#why);
    else this.#listeners.push(listener);
  }

  #take(packet: Packet): void {
    if (packet.kind !== 'engineReply') return;
    // An error thrown by a listener must not end the channel.
    process.nextTick(this.#onReply, bodyAsJson(packet));
  }

  #over(): void {
    this.#isOver = true;
    this.#client.end(away(GONE));
    for (const listener of this.#listeners.splice(0)) listener(this.#why);
  }

  get #why(): AiocError | undefined {
    return this.#isWanted ? away(GONE) : undefined;
  }
}

/** No row of the log has this id: the answer is undefined. */
const NO_ROW = 0;
/** An attach socket carries one exchange, so all its packets have the same number. */
const ATTACH_PACKET_NUMBER = 0;

function away(message: string): AiocError {
  return new AiocError('AIOC_CONNECTOR_AWAY', message);
}

const GONE = 'the connector stopped; the last command may or may not have been executed';
const DETACHED = 'this screen was detached from the connector';
const SILENT = 'the connector does not answer; it may be overloaded or stuck';
const TURNED_AWAY = `the connector closed the connection: it is stopping, or ${LIMITS.screensAttached} screens are already attached; see its log`;

/** Only root attaches to a connector of another user, since that user could serve false data. */
function ownAttachPath(directory: string, owner: ConnectorOwner): string {
  const path = attachSocketPath(directory, owner);
  assertOwn(path);
  return path;
}

/** @throws AiocError AIOC_CONNECTOR_AWAY */
function assertOwn(path: string): void {
  const us = process.geteuid?.();
  const owner = userOf(dirname(path));
  if (owner === undefined || us === 0 || owner === us) return;
  const whose = owner === 0 ? 'root' : `user ${owner}`;
  throw away(`the connector in ${dirname(path)} runs as ${whose}: attach as ${whose} or as root`);
}

function userOf(path: string): number | undefined {
  try {
    return lstatSync(path).uid;
  } catch {
    // Connecting to a missing or inaccessible path fails anyway.
    return undefined;
  }
}

/** A clearer error if the connector runs but has no attach socket. */
async function explained(error: AiocError, locator: ConnectorLocator): Promise<AiocError> {
  if (error.code !== 'AIOC_CONNECTOR_AWAY' || systemCode(error.cause) === undefined) return error;
  const sendSocket = await locator.connect(sendSocketPath).catch(() => undefined);
  if (sendSocket === undefined) return error;
  sendSocket.destroy();
  const what = `the connector ${ownerId(locator.owner)} runs, but screens cannot attach to it: it is Python’s or an older version of aioc`;
  return new AiocError('AIOC_CONNECTOR_AWAY', what, { cause: error });
}
