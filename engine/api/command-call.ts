import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { commanderSocketPath } from '../local/socket-names.ts';
import { ByteQueue } from '../protocol/byte-queue.ts';
import { type JsonObject, pythonJson } from '../protocol/header.ts';
import { onAbort } from './abort.ts';
import type { ConnectorLocator } from './connector-locator.ts';

export interface CommandCall {
  /** The name of the command in the request, with `__sync` if it has that. */
  readonly cmd: string;
  readonly kwargs: JsonObject;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends one command to the connector, over a new connection (PROTOCOL §4).
 *
 * @returns the text of the answer
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_TIMEOUT, AIOC_CANCELLED, AIOC_COMMAND if it closes without an answer
 */
export async function callCommand(
  { locator, clock }: { readonly locator: Pick<ConnectorLocator, 'connect'>; readonly clock: Clock },
  { cmd, kwargs, timeoutMs, signal }: CommandCall,
): Promise<string> {
  const socket = await locator.connect(commanderSocketPath);
  try {
    return await new Promise<string>((resolve, reject) => {
      const answer = new CommandAnswerReader();
      const fail = (code: 'AIOC_TIMEOUT' | 'AIOC_CANCELLED' | 'AIOC_COMMAND', message: string): void =>
        reject(new AiocError(code, message));
      const timer = clock.after(timeoutMs, () =>
        fail(
          'AIOC_TIMEOUT',
          `the connector did not answer ${cmd} within ${timeoutMs} ms: it may be busy, or not know the command`,
        ),
      );
      const abort = (): void =>
        fail('AIOC_CANCELLED', `${cmd} was cancelled; the connector may have executed it`);
      const forget = onAbort(signal, abort);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        timer.cancel();
        forget();
        fail('AIOC_COMMAND', `the connector closed the connection without answering ${cmd}; see its log`);
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          const text = answer.push(chunk);
          if (text !== undefined) resolve(text);
        } catch (error) {
          reject(error);
        }
      });
      if (signal?.aborted) abort();
      else socket.write(encodeCommand(cmd, kwargs));
    });
  } finally {
    socket.destroy();
  }
}

function encodeCommand(cmd: string, kwargs: JsonObject): Buffer {
  const body = Buffer.from(pythonJson({ cmd, kwargs }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

/** Reads the length and then that many bytes. */
class CommandAnswerReader {
  readonly #bytes = new ByteQueue();
  #sizeBytes: number | undefined;

  push(chunk: Buffer): string | undefined {
    this.#bytes.push(chunk);
    if (this.#sizeBytes === undefined) {
      if (this.#bytes.length < 4) return undefined;
      this.#sizeBytes = this.#bytes.take(4).readUInt32LE(0);
      if (this.#sizeBytes > LIMITS.commandAnswerBytes) {
        throw new AiocError(
          'AIOC_FRAME_TOO_LARGE',
          `the connector’s answer has ${this.#sizeBytes} bytes; the limit is ${LIMITS.commandAnswerBytes}`,
        );
      }
    }
    return this.#bytes.length < this.#sizeBytes ? undefined : this.#bytes.take(this.#sizeBytes).toString();
  }
}
