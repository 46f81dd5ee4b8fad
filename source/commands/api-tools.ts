import { sanitize } from '../../components/terminal/sanitize.ts';
import {
  ConnectorAPI,
  type ConnectorConfig,
  ConnectorRemoteTool,
  type ListenerMessage,
  loadConfig,
  readConfigFile,
  roleOfConfig,
} from '../../engine/index.ts';
import { chooseClient } from '../choose-client.ts';
import { EXIT } from '../exit-codes.ts';
import { onOutputEnd } from '../standard-output.ts';

/** A connected peer answers a ping at once. */
const PING_TIMEOUT_MS = 5_000;
const SEND_INTERVAL_MS = 1_000;

/**
 * `aioc ping FILE`: pings the peer of the connector that FILE configures.
 *
 * @throws AiocError AIOC_CONFIG, AIOC_CONNECTOR_AWAY, AIOC_TIMEOUT, AIOC_PEER_UNKNOWN
 */
export async function runPing(file: string, to?: string): Promise<number> {
  const { api, config } = await open(file);
  const destinationId = await destination({ file, config }, to);
  const startedAt = performance.now();
  const answer = await api.request({
    messageType: '_ping',
    data: 'ping',
    timeoutMs: PING_TIMEOUT_MS,
    ...destinationId,
  });
  const lagMs = (performance.now() - startedAt).toFixed(1);
  process.stdout.write(
    `${sanitize(answer.sourceId ?? 'the peer')} answers: ${sanitize(answer.text())} (${lagMs} ms)\n`,
  );
  api.close();
  return EXIT.ok;
}

/** `aioc test_receive_messages FILE`: prints received messages of every type until Ctrl-C or the end of the output. */
export async function runTestReceive(file: string): Promise<number> {
  const { api, config } = await open(file);
  const types = config.recv_message_types;
  const stopping = interruption();
  const stop = new AbortController();
  const onError = (error: unknown): void => {
    process.stderr.write(`aioc: ${sanitize(error instanceof Error ? error.message : String(error))}\n`);
  };
  try {
    await Promise.all(types.map((type) => api.listen(type, show, { signal: stop.signal, onError })));
    process.stdout.write(`listening for ${types.map((type) => sanitize(type)).join(', ')}; Ctrl-C to stop\n`);
    await stopping;
  } finally {
    // If one listener is refused, the others would keep the program alive.
    stop.abort();
  }
  return EXIT.ok;
}

function show(message: ListenerMessage): void {
  const text = sanitize(message.text().slice(0, 1_000));
  const binary = message.binary === undefined ? '' : ` and ${message.binary.length} bytes`;
  const [from, type] = [message.sourceId ?? '?', message.messageType].map((name) => sanitize(name));
  process.stdout.write(`${from} ${type}: ${text}${binary}\n`);
}

export interface TestSendOptions {
  /** The client to send to; required on a server with several clients. */
  readonly to?: string;
  readonly count?: number;
}

/** `aioc test_send_messages FILE`: sends a numbered message each second, until `count` or Ctrl-C. */
export async function runTestSend(
  file: string,
  { to, count = Number.POSITIVE_INFINITY }: TestSendOptions,
): Promise<number> {
  const { api, config } = await open(file);
  const [messageType = 'any'] = config.send_message_types;
  const destinationId = await destination({ file, config }, to);
  let stopped = false;
  const stopping = interruption().then(() => {
    stopped = true;
  });
  for (let number = 1; number <= count && !stopped; number += 1) {
    const data = { message: `test ${number}`, number };
    await api.send({ messageType, data, ...destinationId });
    process.stdout.write(`sent ${JSON.stringify(data)}\n`);
    if (number < count)
      await Promise.race([stopping, new Promise((resolve) => setTimeout(resolve, SEND_INTERVAL_MS))]);
  }
  api.close();
  return EXIT.ok;
}

async function open(file: string): Promise<{ api: ConnectorAPI; config: ConnectorConfig }> {
  const role = roleOfConfig(await readConfigFile(file));
  const { config } = await loadConfig({ file, role });
  return { api: await ConnectorAPI.fromConfig(file), config };
}

/** The destination: a client has only its server; on a server with one client it is that one. */
async function destination(
  { file, config }: { readonly file: string; readonly config: ConnectorConfig },
  to: string | undefined,
): Promise<{ destinationId?: string }> {
  if (to !== undefined) return { destinationId: to };
  if (!config.is_server) return {};
  const tool = await ConnectorRemoteTool.fromConfig(file);
  return { destinationId: await chooseClient(tool, { how: 'with --to NAME', mayAsk: true }) };
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    onOutputEnd(() => resolve());
  });
}
