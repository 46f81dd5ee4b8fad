import { sanitize } from '../components/terminal/sanitize.ts';
import { AiocError, type ConnectorRemoteTool } from '../engine/index.ts';
import { pick } from './ask.ts';

/** A connector of this machine answers at once or not at all. */
const ANSWER_TIMEOUT_MS = 3_000;

export interface ClientChoice {
  /** How the user names the client, for example `with --to NAME`. */
  readonly how: string;
  /** Whether aioc may ask on the terminal: its input is not the messages. */
  readonly mayAsk: boolean;
  /** The command cannot be undone: never choose the only client without asking. */
  readonly isIrreversible?: boolean;
}

/**
 * The client that a command is for when the user names none: the only connected one. With several, the user picks one
 * on the terminal; without a terminal the error lists them.
 *
 * @throws AiocError AIOC_PEER_AWAY when none is connected, AIOC_USAGE, AIOC_CONNECTOR_AWAY, AIOC_CANCELLED
 */
export async function chooseClient(
  tool: ConnectorRemoteTool,
  { how, mayAsk, isIrreversible = false }: ClientChoice,
): Promise<string> {
  const clients = Object.keys(await tool.showConnectedPeers({ timeoutMs: ANSWER_TIMEOUT_MS })).sort();
  const [only, ...others] = clients;
  if (only === undefined)
    throw new AiocError('AIOC_PEER_AWAY', `no client is connected to this server: name a client ${how}`);
  if (others.length === 0 && !isIrreversible) return only;
  const shown = clients.map((name) => sanitize(name));
  const otherwise = `name a client ${how}; connected:`;
  if (!mayAsk) throw new AiocError('AIOC_USAGE', [otherwise, ...shown.map((name) => `  ${name}`)].join('\n'));
  return clients[await pick('Which client?', shown, otherwise)] as string;
}
