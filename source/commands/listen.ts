import { sanitize } from '../../components/terminal/sanitize.ts';
import {
  type ListenerMessage,
  loadConfig,
  readConfigFile,
  roleOfConfig,
  toAiocError,
  UNFINISHED,
} from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';
import { apiOf } from '../find-connector.ts';
import { lineOfMessage } from '../message-lines.ts';
import { OutputLines } from '../output-lines.ts';
import type { ShellListenOptions } from './send-arguments.ts';

/**
 * `aioc listen`: prints each received message as a line of JSON, and takes the next one when that line has been read.
 *
 * @returns the exit code, after `count` messages, at the end of the output, or when interrupted
 * @throws AiocError AIOC_USAGE, AIOC_CONNECTOR_AWAY, AIOC_LISTENER_TAKEN
 */
export async function runListen(options: ShellListenOptions): Promise<number> {
  const { count = Number.POSITIVE_INFINITY, raw, reply } = options;
  const api = await apiOf(options.connector, options.directories);
  const output = new OutputLines(process.stdout);
  const stop = new AbortController();
  let taken = 0;
  const enough = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const handler = async (message: ListenerMessage): Promise<void> => {
    // Leaves it for the next listener.
    if (taken >= count) throw UNFINISHED;
    taken += 1;
    if (!(await output.write(raw ? rawText(message) : lineOfMessage(message)))) throw UNFINISHED;
    if (reply !== undefined && message.awaitsResponse) await message.reply(reply);
    if (taken >= count) stop.abort();
  };
  const onError = (error: unknown): void => {
    process.stderr.write(`aioc: ${sanitize(toAiocError(error).message)}\n`);
  };
  const end = (): void => stop.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  void output.left.then(end);
  try {
    const types = await typesOf(options);
    const listeners = await Promise.all(
      types.map((type) => api.listen(type, handler, { signal: stop.signal, onError })),
    );
    const closed = Promise.all(listeners.map((listener) => listener.closed));
    // `closed` rejects if the connector later refuses a listener. Printed messages are acknowledged before the end.
    await Promise.race([enough, closed]);
    stop.abort();
    await closed;
  } finally {
    // If one listener is refused, the others would keep the program alive.
    stop.abort();
    api.close();
  }
  return EXIT.ok;
}

async function typesOf({ types, connector }: ShellListenOptions): Promise<readonly string[]> {
  if (types.length > 0) return types;
  if (!connector?.endsWith('.json')) return ['any'];
  const role = roleOfConfig(await readConfigFile(connector));
  return (await loadConfig({ file: connector, role })).config.recv_message_types;
}

/** Text from a peer must not control a terminal; a pipe gets it unchanged. */
function rawText(message: ListenerMessage): string {
  return process.stdout.isTTY ? sanitize(message.text()) : message.text();
}
