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
import { EXIT } from '../exit-codes.ts';
import {
  connectorTakingCommands,
  nobodyRuns,
  type RunningConnector,
  runningConnectors,
  toolAt,
} from '../find-connector.ts';

interface CliCommand {
  /** What stands behind the command, for the help. */
  readonly takes: string;
  readonly help: string;
  readonly run: (tool: ConnectorRemoteTool, words: readonly string[], isServer: boolean) => Promise<unknown>;
}

/** What `aioc cli` can ask of a running connector; the names are Python's where Python has them. */
export const CLI_COMMANDS: Readonly<Record<string, CliCommand>> = {
  start: { takes: '', help: 'start it again after a stop', run: (tool) => tool.start() },
  stop: {
    takes: '[hard]',
    help: 'let its queues empty (hard: do not), and stop',
    run: (tool, [how]) => tool.stop({ hard: how === 'hard' }),
  },
  shutdown: {
    takes: '[hard]',
    help: 'stop, and end its program',
    run: (tool, [how]) => tool.stop({ hard: how === 'hard', shutdown: true }),
  },
  restart: {
    takes: '[hard]',
    help: 'stop and start',
    run: (tool, [how]) => tool.restart({ hard: how === 'hard' }),
  },
  show_connected_peers: {
    takes: '',
    help: 'who is connected, from where',
    run: (tool) => tool.showConnectedPeers(),
  },
  peek_queues: { takes: '', help: 'how many messages wait', run: (tool) => tool.peekQueues() },
  ignore_peer_traffic: {
    takes: '[show|enable|disable|PEER]',
    help: 'drop new messages to and from all peers, or one',
    run: ignore,
  },
  disconnect_client: {
    takes: 'CLIENT',
    help: 'close a client’s connection',
    run: async (tool, [name], isServer) =>
      tool.disconnectClient(
        name ?? (isServer ? await chooseClient(tool, NAMED) : needed(name, 'a client’s name')),
      ),
  },
  delete_client_certificate: {
    takes: '[CLIENT]',
    help: 'on a server: a client’s; on a client: its own',
    run: deleteCertificate,
  },
  add_blacklist_client: {
    takes: 'CLIENT|ADDRESS',
    help: 'a client, an address or a network may not connect',
    run: (tool, [word]) => tool.addBlacklistClient(clientMatch(word)),
  },
  remove_blacklist_client: {
    takes: 'CLIENT|ADDRESS',
    help: 'it may again',
    run: (tool, [word]) => tool.removeBlacklistClient(clientMatch(word)),
  },
  add_whitelist_client: {
    takes: 'CLIENT|ADDRESS',
    help: 'only who is listed may connect',
    run: (tool, [word]) => tool.addWhitelistClient(clientMatch(word)),
  },
  remove_whitelist_client: {
    takes: 'CLIENT|ADDRESS',
    help: 'it is listed no more',
    run: (tool, [word]) => tool.removeWhitelistClient(clientMatch(word)),
  },
  show_log_level: { takes: '', help: 'what is written to the log', run: (tool) => tool.showLogLevel() },
  set_log_level: {
    takes: 'LEVEL',
    help: 'DEBUG, INFO, WARNING, ERROR or CRITICAL',
    run: (tool, [level]) => tool.setLogLevel(needed(level, 'a level')),
  },
};

/** What Python's tool has beyond these. */
const NOT_THERE_YET: readonly string[] = [
  'delete_client_token',
  'show_subscribe_message_types',
  'set_subscribe_message_types',
];

export interface CliOptions {
  /** Connector, command and its arguments; what is missing is asked for on a terminal. */
  readonly words: readonly string[];
  readonly directories: readonly string[];
  readonly json: boolean;
}

/**
 * `aioc cli`: a command to a running connector of this machine.
 *
 * @returns the exit code
 * @throws AiocError AIOC_USAGE, AIOC_CONNECTOR_AWAY, AIOC_COMMAND, …
 */
export async function runCli({ words, directories, json }: CliOptions): Promise<number> {
  const { tool, isServer } = await toolOf(words[0], directories);
  const name = (words[1] ?? (await pickCommand())).replaceAll('-', '_');
  const command = Object.hasOwn(CLI_COMMANDS, name) ? CLI_COMMANDS[name] : undefined;
  if (command === undefined) {
    if (NOT_THERE_YET.includes(name))
      throw new AiocError('AIOC_USAGE', `${name} is not there yet: aioc has no tokens and no subscriptions`);
    throw new AiocError(
      'AIOC_USAGE',
      `there is no command ${name}: there are ${Object.keys(CLI_COMMANDS).join(', ')}`,
    );
  }
  const result = await command.run(tool, words.slice(2), isServer);
  process.stdout.write(`${json ? JSON.stringify(result) : shown(result)}\n`);
  return EXIT.ok;
}

interface Target {
  readonly tool: ConnectorRemoteTool;
  readonly isServer: boolean;
}

/** The connector of a configuration file or of that name, or one that is picked from those that run. */
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

const SAY_WHICH = 'say which: aioc cli CONNECTOR COMMAND (without a terminal nobody can be asked)';

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
  const client = name ?? (await chooseClient(tool, { ...NAMED, never: 'taken by itself' }));
  await tool.deleteClientCertificateOnServer(client);
  return afterDeletingClient(client);
}

/** No name has a slash, and none that looks like an address is meant as a name. */
function clientMatch(word: string | undefined): ClientMatch {
  const who = needed(word, 'a client’s name, an address or a network');
  return who.includes('/') || isIP(who) !== 0 ? { clientIp: who } : { clientId: who };
}

const NAMED = { how: 'behind the command', mayAsk: true } as const;

function needed(word: string | undefined, what: string): string {
  if (word !== undefined) return word;
  throw new AiocError('AIOC_USAGE', `the command needs ${what}`);
}

function shown(result: unknown): string {
  if (typeof result === 'string') return sanitize(result);
  return sanitize(JSON.stringify(result));
}
