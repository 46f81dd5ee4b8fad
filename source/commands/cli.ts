import { isIP } from 'node:net';
import { sanitize } from '../../components/terminal/sanitize.ts';
import {
  AiocError,
  afterDeletingClient,
  afterDeletingOwn,
  type ClientMatch,
  ConnectorRemoteTool,
  connectorOfEntry,
  readConfigFile,
} from '../../engine/index.ts';
import { pick } from '../ask.ts';
import { chooseClient } from '../choose-client.ts';
import { CLI_COMMANDS, type CliCommandName } from '../command-table.ts';
import { EXIT } from '../exit-codes.ts';
import {
  connectorTakingCommands,
  nobodyRuns,
  type RunningConnector,
  runningConnectors,
  toolAt,
} from '../find-connector.ts';
import { harmlessJson } from '../harmless.ts';

type CliAction = (tool: ConnectorRemoteTool, words: readonly string[], isServer: boolean) => Promise<unknown>;

const ACTIONS: Readonly<Record<CliCommandName, CliAction>> = {
  start: (tool) => tool.start(),
  stop: (tool, [how]) => tool.stop({ hard: how === 'hard' }),
  shutdown: (tool, [how]) => tool.stop({ hard: how === 'hard', shutdown: true }),
  restart: (tool, [how]) => tool.restart({ hard: how === 'hard' }),
  show_connected_peers: (tool) => tool.showConnectedPeers(),
  peek_queues: (tool) => tool.peekQueues(),
  ignore_peer_traffic: ignore,
  disconnect_client: async (tool, [name], isServer) =>
    tool.disconnectClient(
      name ?? (isServer ? await chooseClient(tool, NAMED) : needed(name, "a client's name")),
    ),
  delete_client_certificate: deleteCertificate,
  add_blacklist_client: (tool, [word]) => tool.addBlacklistClient(clientMatch(word)),
  remove_blacklist_client: (tool, [word]) => tool.removeBlacklistClient(clientMatch(word)),
  add_whitelist_client: (tool, [word]) => tool.addWhitelistClient(clientMatch(word)),
  remove_whitelist_client: (tool, [word]) => tool.removeWhitelistClient(clientMatch(word)),
  show_log_level: (tool) => tool.showLogLevel(),
  set_log_level: (tool, [level]) => tool.setLogLevel(needed(level, 'a log level')),
};

/** Commands of Python's tool that aioc does not have. */
const ONLY_PYTHONS_COMMANDS: readonly string[] = [
  'delete_client_token',
  'show_subscribe_message_types',
  'set_subscribe_message_types',
];

export interface CliOptions {
  /** Connector, command and its arguments; on a terminal, aioc asks for the missing ones. */
  readonly words: readonly string[];
  readonly directories: readonly string[];
  readonly json: boolean;
}

/**
 * `aioc cli`: sends a command to a running connector of this machine.
 *
 * @returns the exit code
 * @throws AiocError AIOC_USAGE, AIOC_CONNECTOR_AWAY, AIOC_COMMAND, …
 */
export async function runCli({ words, directories, json }: CliOptions): Promise<number> {
  const { tool, isServer } = await toolOf(words[0], directories);
  const name = (words[1] ?? (await pickCommand())).replaceAll('-', '_');
  if (!isCliCommand(name)) throw unknownCommand(name);
  const result = await ACTIONS[name](tool, words.slice(2), isServer);
  process.stdout.write(`${resultText(result, json)}\n`);
  return EXIT.ok;
}

function isCliCommand(name: string): name is CliCommandName {
  return Object.hasOwn(ACTIONS, name);
}

function unknownCommand(name: string): AiocError {
  if (ONLY_PYTHONS_COMMANDS.includes(name))
    return new AiocError('AIOC_USAGE', `${name} is not supported: aioc has no tokens and no subscriptions`);
  const names = Object.keys(CLI_COMMANDS).join(', ');
  return new AiocError('AIOC_USAGE', `unknown command ${name}; the commands are ${names}`);
}

interface Target {
  readonly tool: ConnectorRemoteTool;
  readonly isServer: boolean;
}

/** The connector of that configuration file or name; without one, the user picks from those that run. */
async function toolOf(word: string | undefined, directories: readonly string[]): Promise<Target> {
  if (word?.endsWith('.json')) {
    const { is_server: isServer } = await readConfigFile(word);
    return { tool: await ConnectorRemoteTool.fromConfig(word), isServer: isServer !== false };
  }
  const place =
    word === undefined
      ? await pickConnector(await runningConnectors(directories))
      : await connectorTakingCommands(word, directories);
  return { tool: toolAt(place), isServer: connectorOfEntry(place.entry).isServer };
}

async function pickConnector(places: readonly RunningConnector[]): Promise<RunningConnector> {
  if (places.length === 0) throw nobodyRuns();
  const index = await pick(
    'Which connector?',
    places.map(({ entry, directory }) => `${sanitize(entry)}  in ${sanitize(directory)}`),
    SAY_WHICH,
  );
  return places[index] as RunningConnector;
}

async function pickCommand(): Promise<string> {
  const names = Object.keys(CLI_COMMANDS);
  const lines = Object.entries(CLI_COMMANDS).map(([name, { help }]) => `${name.padEnd(26)}${help}`);
  return names[await pick('Which command?', lines, SAY_WHICH)] as string;
}

const SAY_WHICH = 'missing argument: use aioc cli CONNECTOR COMMAND (required without a terminal)';

function ignore(tool: ConnectorRemoteTool, [what = 'show']: readonly string[]): Promise<unknown> {
  if (what === 'show') return tool.ignorePeerTrafficShow();
  if (what === 'enable') return tool.ignorePeerTrafficEnable();
  if (what === 'disable') return tool.ignorePeerTrafficDisable();
  return tool.ignorePeerTrafficEnableUnique(what);
}

async function deleteCertificate(
  tool: ConnectorRemoteTool,
  [name]: readonly string[],
  isServer: boolean,
): Promise<string> {
  if (!isServer) {
    await tool.deleteClientCertificateOnClient();
    return afterDeletingOwn();
  }
  const client = name ?? (await chooseClient(tool, { ...NAMED, isIrreversible: true }));
  await tool.deleteClientCertificateOnServer(client);
  return afterDeletingClient(client);
}

/** Names have no slash; a word that parses as an address is an address. */
function clientMatch(word: string | undefined): ClientMatch {
  const client = needed(word, "a client's name, an address or a network");
  return client.includes('/') || isIP(client) !== 0 ? { clientIp: client } : { clientId: client };
}

const NAMED = { how: 'after the command', mayAsk: true } as const;

function needed(word: string | undefined, what: string): string {
  if (word !== undefined) return word;
  throw new AiocError('AIOC_USAGE', `missing argument: the command needs ${what}`);
}

/** What a command has answered: a text, or JSON. */
export function resultText(result: unknown, json: boolean): string {
  if (json) return harmlessJson(JSON.stringify(result));
  return sanitize(typeof result === 'string' ? result : JSON.stringify(result));
}
