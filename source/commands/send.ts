import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  AiocError,
  ConnectorAPI,
  type ConnectorApiOptions,
  ConnectorRemoteTool,
  type ErrorCode,
  LIMITS,
  type RequestOptions,
  type SomeFile,
  shownName,
  toAiocError,
} from '../../engine/index.ts';
import { chooseClient } from '../choose-client.ts';
import { EXIT } from '../exit-codes.ts';
import { optionsOf } from '../find-connector.ts';
import { type LineMessage, lineOfMessage, messageOfLine } from '../message-lines.ts';
import { OutputLines } from '../output-lines.ts';
import type { ShellSendOptions } from './send-arguments.ts';
import { sendFiles } from './send-files.ts';

/** Messages in flight to the connector at once: enough to keep it busy, few enough to name the one that failed. */
const IN_FLIGHT_MAX = 256;

/**
 * `aioc send`: sends one message from the arguments, or one per line of the input, which it reads as fast as the connector
 * accepts messages. It ends at the first message that cannot be sent, after those before it.
 *
 * @returns the exit code
 * @throws AiocError AIOC_USAGE, AIOC_CONNECTOR_AWAY and what ConnectorAPI.send and request throw
 */
export async function runSend(options: ShellSendOptions): Promise<number> {
  const place = await optionsOf(options.connector, options.directories);
  const api = new ConnectorAPI(place);
  const { text, files, awaitResponse } = options;
  const defaults: LineMessage = { message: await messageOf(options), awaitResponse };
  const isOnce = text !== undefined || files.length > 0;
  const chosen = place.isServer === true ? clientChooser(place, isOnce) : undefined;
  const sender = new ShellSender(api, chosen);
  try {
    if (isOnce) {
      const message = text === undefined ? defaults.message : { ...defaults.message, data: text };
      if (files.length > 0 && !awaitResponse)
        return await sendFiles(api, {
          ...options,
          message: await sender.addressed(message),
          files: files.map(fileToSend),
        });
      for (const file of files.length > 0 ? files.map(fileToSend) : [undefined])
        await sender.send({
          ...defaults,
          message: file === undefined ? message : { ...message, withFile: file },
        });
      await sender.settled();
      return EXIT.ok;
    }
    return await sendLines(sender, defaults, options.json);
  } finally {
    api.close();
  }
}

/** The client for a server's messages without a destination; it is chosen once, for the first of them. */
function clientChooser(place: ConnectorApiOptions, mayAsk: boolean): () => Promise<string> {
  let chosen: Promise<string> | undefined;
  return () => {
    chosen ??= chooseClient(new ConnectorRemoteTool(place), { how: 'with --to NAME', mayAsk });
    return chosen;
  };
}

async function sendLines(sender: ShellSender, defaults: LineMessage, json: boolean): Promise<number> {
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
    process.stdin.destroy();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let number = 0;
  try {
    for await (const line of lines(process.stdin)) {
      if (interrupted) break;
      number += 1;
      if (json && line.length === 0) continue;
      const next = json
        ? messageOfLine(textOf(line), defaults)
        : { ...defaults, message: { ...defaults.message, data: line } };
      await sender.send(next);
    }
    await sender.settled();
  } catch (error) {
    if (!interrupted) {
      await sender.settled().catch(() => undefined);
      throw atLine(error, sender.failedAt ?? number, sender.sent);
    }
  }
  if (!interrupted) return EXIT.ok;
  await sender.settled();
  process.stderr.write(`aioc: interrupted after ${sender.sent} messages\n`);
  return EXIT.interrupted;
}

/** Sends in order, several at once, and remembers the first failure. */
class ShellSender {
  readonly #api: ConnectorAPI;
  readonly #chosen: (() => Promise<string>) | undefined;
  readonly #output = new OutputLines(process.stdout);
  readonly #inFlight = new Set<Promise<void>>();
  #number = 0;
  #failure: unknown;
  sent = 0;
  failedAt: number | undefined;

  /** @param chosen gives the destination of messages that name none; absent on a client, which has one peer */
  constructor(api: ConnectorAPI, chosen: (() => Promise<string>) | undefined) {
    this.#api = api;
    this.#chosen = chosen;
  }

  /** With its destination. */
  async addressed(message: RequestOptions): Promise<RequestOptions> {
    if (message.destinationId !== undefined || message.responseId !== undefined) return message;
    return this.#chosen === undefined ? message : { ...message, destinationId: await this.#chosen() };
  }

  /** Resolves when the next message may be sent. */
  async send({ message: given, awaitResponse }: LineMessage): Promise<void> {
    const message = await this.addressed(given);
    this.#number += 1;
    const number = this.#number;
    if (this.failedAt !== undefined) throw this.#failure;
    const sending = (awaitResponse ? this.#ask(message) : this.#api.send(message).then(() => undefined)).then(
      () => {
        this.sent += 1;
      },
      (error: unknown) => {
        if (this.failedAt !== undefined && this.failedAt < number) return;
        this.failedAt = number;
        this.#failure = error;
      },
    );
    this.#inFlight.add(sending);
    void sending.finally(() => this.#inFlight.delete(sending));
    if (awaitResponse) await sending;
    if (this.#inFlight.size >= IN_FLIGHT_MAX) await Promise.race(this.#inFlight);
    if (this.failedAt !== undefined) throw this.#failure;
  }

  /** @throws the first failure */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
    if (this.failedAt !== undefined) throw this.#failure;
  }

  async #ask(message: RequestOptions): Promise<void> {
    await this.#output.write(lineOfMessage(await this.#api.request(message)));
  }
}

/** Prints on stderr the name under which a file is sent if its own is not UTF-8. */
function fileToSend({ path, ...about }: ShellSendOptions['files'][number]): SomeFile {
  const { dstType, dstName = '' } = about;
  if (path === '-') return { content: process.stdin, dstType, dstName };
  const onRenamed = (dstName: string): void => {
    const own = shownName(basename(path));
    process.stderr.write(
      `aioc: the file name ${own} is not UTF-8; the file is sent as ${shownName(dstName)}\n`,
    );
  };
  return { srcPath: path, ...about, onRenamed };
}

async function messageOf({
  type = 'any',
  to,
  binaryPath,
  timeoutMs,
}: ShellSendOptions): Promise<RequestOptions> {
  return {
    messageType: type,
    ...(to !== undefined && { destinationId: to }),
    ...(binaryPath !== undefined && { binary: await bytesOf(binaryPath) }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

async function bytesOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new AiocError('AIOC_FILE_UNREADABLE', `cannot read ${path}: ${toAiocError(error).message}`, {
      cause: error,
    });
  }
}

/** The lines of a byte stream, without line ends; the last line may have none. */
async function* lines(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of input) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      yield withoutReturn(Buffer.concat([...begun, chunk.subarray(from, end)]));
      begun = [];
      begunBytes = 0;
      from = end + 1;
    }
    begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    if (begunBytes > LIMITS.messageBytes) {
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `the line has more than ${LIMITS.messageBytes} bytes: send it as a file`,
      );
    }
  }
  if (begunBytes > 0) yield withoutReturn(Buffer.concat(begun));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(line: Buffer): string {
  try {
    return UTF8.decode(line);
  } catch (cause) {
    throw new AiocError('AIOC_USAGE', 'the line is not UTF-8: send such bytes with data_base64', { cause });
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

function atLine(error: unknown, number: number, sent: number): AiocError {
  const { code, message }: { readonly code: ErrorCode; readonly message: string } = toAiocError(error);
  return new AiocError(code, `line ${number}: ${message}; ${sent} messages were sent`, { cause: error });
}
