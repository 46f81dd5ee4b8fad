import { sanitize } from '../components/terminal/sanitize.ts';
import { AiocError, type ConnectorRemoteTool } from '../engine/index.ts';
import { pick } from './ask.ts';

/** A connector of this machine answers at once, if it does. */
const ANSWER_TIMEOUT_MS = 3_000;

export interface ClientChoice {
  /** How the user says which one is meant, for example `with --to NAME`. */
  readonly how: string;
  /** Whether the terminal's input is free for a question. */
  readonly mayAsk: boolean;
  /** For what cannot be undone: the one client there is is named, and not taken. */
  readonly never?: 'taken by itself';
}

/**
 * The client of a server that a command is about when none is named: the only one that is connected. Of several one is
 * asked for on a terminal; otherwise the error lists them.
 *
 * @throws AiocError AIOC_PEER_AWAY when none is connected, AIOC_USAGE, AIOC_CONNECTOR_AWAY, AIOC_CANCELLED
 */
export async function chooseClient(
  tool: ConnectorRemoteTool,
  { how, mayAsk, never }: ClientChoice,
): Promise<string> {
  const clients = Object.keys(await tool.showConnectedPeers({ timeoutMs: ANSWER_TIMEOUT_MS })).sort();
  const [only, ...others] = clients;
  if (only === undefined)
    throw new AiocError('AIOC_PEER_AWAY', `no client is connected to this server: say which is meant ${how}`);
  if (others.length === 0 && never === undefined) return only;
  const shown = clients.map((name) => sanitize(name));
  const otherwise = `say which client is meant ${how}; connected ${others.length === 0 ? 'is' : 'are'}`;
  if (!mayAsk) throw new AiocError('AIOC_USAGE', [otherwise, ...shown.map((name) => `  ${name}`)].join('\n'));
  return clients[await pick('Which client?', shown, otherwise)] as string;
}
