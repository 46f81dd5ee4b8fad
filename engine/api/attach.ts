import { lstatSync } from 'node:fs';
import type net from 'node:net';
import { dirname } from 'node:path';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { realClock } from '../base/real-ports.ts';
import type { Command, CommandResult } from '../contract/commands.ts';
import type { EngineApi, ViewSubscription } from '../contract/engine-api.ts';
import { EngineClient, type Port } from '../contract/engine-rpc.ts';
import type { Body, Update, View } from '../contract/views.ts';
import { bodyAsJson, jsonBody, type Packet } from '../local/native/packets.ts';
import { attachSocketPath, type ConnectorOwner, ownerId, sendSocketPath } from '../local/socket-names.ts';
import { connectUnix } from '../local/unix-sockets.ts';
import { apiOptionsFromConfig, type ConnectorAddress } from './api-options.ts';
import { ConnectorLocator } from './connector-locator.ts';
import { NativeChannel } from './native-channel.ts';

/** A connector that runs in another process of this machine, seen and steered as its own screen sees and steers it. */
export interface AttachedEngine extends EngineApi {
  /**
   * Detaches: the views close, and what was asked and is not answered fails with AIOC_CONNECTOR_AWAY. The connector goes
   * on. Until then the attachment keeps the process alive.
   *
   * @returns resolves when the connector has been sent all that was asked, or has gone away
   */
  close(): Promise<void>;
  /** Calls `listener` once, when it is over: with the reason when the connector went away, without one after `close`. */
  onClose(listener: (why: AiocError | undefined) => void): void;
}

/**
 * Attaches to an aioc connector that runs on this machine: `open` shows its status, peers, queues, log and conversations,
 * `execute` does what its screen can do. Only the user who runs the connector may do that, and root. Up to 16 programs and
 * screens are attached at once, with 16 views each; a view shows 1,000 rows at most.
 *
 * Files that a command names are the connector's to read and write, so give full paths. `engine.stop` is refused.
 *
 * @param connector the path of its configuration file, or which connector it is
 * @throws AiocError AIOC_CONNECTOR_AWAY when it does not run, or is Python's; AIOC_CONTRACT_VERSION when it is of another
 * release; AIOC_CONFIG, AIOC_NAME_BAD, AIOC_SOCKET_PATH; engine/local/native/PROTOCOL.md is what is spoken
 */
export async function attach(connector: string | ConnectorAddress): Promise<AttachedEngine> {
  const options = typeof connector === 'string' ? await apiOptionsFromConfig(connector) : connector;
  const place = new ConnectorLocator(options);
  try {
    return await Attachment.open(await place.connect(ownAttachPath), realClock());
  } catch (error) {
    throw await explained(toAiocError(error), place);
  }
}

/**
 * The same by the path of the connector's socket.
 *
 * @throws AiocError as `attach`
 */
export async function attachAt(path: string): Promise<AttachedEngine> {
  assertOwn(path);
  const socket = await connectUnix(path).catch((error: unknown) => {
    throw new AiocError(
      'AIOC_CONNECTOR_AWAY',
      `nobody answers on ${path}: the connector does not run any more`,
      {
        cause: error,
      },
    );
  });
  return Attachment.open(socket, realClock());
}

class Attachment implements AttachedEngine {
  readonly #socket: net.Socket;
  readonly #client: EngineClient;
  readonly #listeners: ((why: AiocError | undefined) => void)[] = [];
  #channel: NativeChannel | undefined;
  #hear: (reply: unknown) => void = () => undefined;
  #isWanted = true;
  #isOver = false;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    const port: Port = {
      postMessage: (request) =>
        this.#channel?.notify('engineRequest', DOOR_NUMBER, jsonBody(request as Record<string, unknown>)),
      on: (_event, listener) => {
        this.#hear = listener;
      },
    };
    this.#client = new EngineClient(port);
  }

  /** @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONTRACT_VERSION, AIOC_FRAME_BAD */
  static async open(socket: net.Socket, clock: Clock): Promise<Attachment> {
    const attachment = new Attachment(socket);
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
    // The channel lets the process end when nobody waits for an answer; here somebody waits for updates.
    this.#socket.ref();
  }

  open(view: View, onUpdate: (update: Update) => void): ViewSubscription {
    return this.#client.open(view, onUpdate);
  }

  query(logId: number): Promise<Body | undefined> {
    return this.#client.query(logId);
  }

  execute(command: Command): Promise<CommandResult> {
    return this.#client.execute(command);
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
    // What a listener throws is its own affair, and no fault of the connector's.
    process.nextTick(this.#hear, bodyAsJson(packet));
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

/** The one conversation that there is: its units need no numbers to be told apart. */
const DOOR_NUMBER = 0;

function away(message: string): AiocError {
  return new AiocError('AIOC_CONNECTOR_AWAY', message);
}

const GONE = 'the connector has gone away: what was asked of it last may have been done or not';
const DETACHED = 'this screen has been detached from the connector';
const SILENT = 'the connector does not answer: it may be stuck';
const TURNED_AWAY = `the connector has closed the connection: it is ending, or ${LIMITS.screensAttached} screens are attached already. Its log says why`;

/** Only root looks at what another user runs: anybody else would be shown what that user likes. */
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
  throw away(
    `the connector of ${dirname(path)} is run by ${whose}: only ${whose}, or root, can attach to it`,
  );
}

function userOf(path: string): number | undefined {
  try {
    return lstatSync(path).uid;
  } catch {
    // What is not there, or not to be seen, is not connected to either.
    return undefined;
  }
}

/** What a person can do about a door that is not there. */
async function explained(error: AiocError, place: ConnectorLocator): Promise<AiocError> {
  if (error.code !== 'AIOC_CONNECTOR_AWAY' || systemCode(error.cause) === undefined) return error;
  const sendSocket = await place.connect(sendSocketPath).catch(() => undefined);
  if (sendSocket === undefined) return error;
  sendSocket.destroy();
  const what = `the connector ${ownerId(place.owner)} runs, but no screen can be attached to it: it is Python’s, or an aioc of before`;
  return new AiocError('AIOC_CONNECTOR_AWAY', what, { cause: error });
}
