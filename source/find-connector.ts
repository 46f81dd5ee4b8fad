import {
  AiocError,
  type AttachableConnector,
  type AttachedEngine,
  type AttachmentOptions,
  apiOptionsFromConfig,
  attach,
  attachAt,
  attachableConnectors,
  ConnectorAPI,
  type ConnectorApiOptions,
  ConnectorRemoteTool,
  connectorOfEntry,
  connectorsIn,
  USUAL_CONNECTOR_DIRECTORIES,
} from '../engine/index.ts';

/** A connector of this machine answers at once or not at all. */
const ANSWER_TIMEOUT_MS = 3_000;

/** A connector that runs on this machine; `entry` is its name in active_connectors.json. */
export interface RunningConnector {
  readonly directory: string;
  readonly entry: string;
}

/** The connectors that run here, connected or not. Without directories, searches the usual ones. */
export async function runningConnectors(
  directories: readonly string[],
): Promise<readonly RunningConnector[]> {
  const found = (await Promise.all(searched(directories).map(connectorsIn))).flat();
  return found.filter(({ state }) => state === 'answers' || state === 'silent');
}

/**
 * Finds a client by its name, a server by `127.0.0.1 10673` or `127.0.0.1:10673`.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY
 */
function connectorAmong(places: readonly RunningConnector[], wanted: string): RunningConnector {
  const place = places.find((one) => isCalled(one, wanted));
  if (place !== undefined) return place;
  if (places.length === 0) throw nobodyRuns();
  const others = places.map(({ entry }) => entry.replace(' ', ':')).join(', ');
  throw new AiocError('AIOC_CONNECTOR_AWAY', `no connector named ${wanted} is running; running: ${others}`);
}

export function nobodyRuns(): AiocError {
  return new AiocError(
    'AIOC_CONNECTOR_AWAY',
    'no connector is running: start one, give its configuration file, or give the directory of its sockets with --connector_files_dirpath',
  );
}

function isCalled({ entry }: RunningConnector, wanted: string): boolean {
  return entry === wanted || entry.replace(' ', ':') === wanted;
}

/**
 * Finds a connector that answers commands, by its name as in `connectorAmong`. Python's connectors are not always in
 * active_connectors.json, so this also tries the sockets of that name.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY
 */
export async function connectorTakingCommands(
  wanted: string,
  directories: readonly string[],
): Promise<RunningConnector> {
  const places = await runningConnectors(directories);
  const listed = places.find((place) => isCalled(place, wanted));
  if (listed !== undefined) return listed;
  const entries = new Set([wanted, wanted.replace(/:(\d{1,5})$/, ' $1')]);
  for (const directory of searched(directories)) {
    for (const entry of entries) {
      const place = { directory, entry };
      if (await answers(place)) return place;
    }
  }
  return connectorAmong(places, wanted);
}

async function answers(place: RunningConnector): Promise<boolean> {
  try {
    await toolAt(place).showLogLevel({ timeoutMs: ANSWER_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

export function toolAt({ directory, entry }: RunningConnector): ConnectorRemoteTool {
  return new ConnectorRemoteTool({ ...connectorOfEntry(entry), connectorFilesDirpath: directory });
}

export function searched(directories: readonly string[]): readonly string[] {
  return directories.length > 0 ? directories : USUAL_CONNECTOR_DIRECTORIES;
}

/**
 * The API of a connector, given by its configuration file or its name; without either, of the only one that runs.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONFIG, AIOC_USAGE
 */
export async function apiOf(word: string | undefined, directories: readonly string[]): Promise<ConnectorAPI> {
  return new ConnectorAPI(await optionsOf(word, directories));
}

/**
 * The options that reach a connector, which is given as for `apiOf`.
 *
 * @throws AiocError as `apiOf`
 */
export async function optionsOf(
  word: string | undefined,
  directories: readonly string[],
): Promise<ConnectorApiOptions> {
  if (word?.endsWith('.json')) return apiOptionsFromConfig(word);
  const place =
    word === undefined
      ? await onlyRunning(directories)
      : connectorAmong(await runningConnectors(directories), word);
  return { ...connectorOfEntry(place.entry), connectorFilesDirpath: place.directory };
}

/**
 * The only connector that runs.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_USAGE if several run
 */
export async function onlyRunning(directories: readonly string[]): Promise<RunningConnector> {
  const places = await runningConnectors(directories);
  const [only, ...others] = places;
  if (others.length > 0) throw severalRun(places.map(({ entry }) => entry));
  if (only === undefined) throw nobodyRuns();
  return only;
}

/**
 * A function that attaches, as often as needed, to a connector that is given as for `apiOf`. It also finds connectors that
 * are stopped or wait for their server.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONFIG, AIOC_USAGE
 */
export async function attacherOf(
  word: string | undefined,
  directories: readonly string[],
  how: AttachmentOptions = {},
): Promise<() => Promise<AttachedEngine>> {
  if (word?.endsWith('.json')) {
    const options = await apiOptionsFromConfig(word);
    return () => attach(options, how);
  }
  if (word !== undefined) {
    const { entry, directory } = await connectorTakingCommands(word, directories);
    return () => attach({ ...connectorOfEntry(entry), connectorFilesDirpath: directory }, how);
  }
  const attachable = (await Promise.all(searched(directories).map(attachableConnectors))).flat();
  const { path } = onlyOne(attachable);
  return () => attachAt(path, how);
}

function onlyOne(attachable: readonly AttachableConnector[]): AttachableConnector {
  const [only, ...others] = attachable;
  if (others.length > 0) throw severalRun(attachable.map(({ name }) => name));
  if (only !== undefined) return only;
  throw new AiocError(
    'AIOC_CONNECTOR_AWAY',
    'no connector to attach to: start one with "aioc --headless FILE.json", give its configuration file, or give the directory of its sockets with --connector_files_dirpath',
  );
}

function severalRun(entries: readonly string[]): AiocError {
  const names = entries.map((entry) => entry.replace(' ', ':')).join(', ');
  return new AiocError('AIOC_USAGE', `several connectors are running: name one of ${names}`);
}
