import {
  AiocError,
  type AttachableConnector,
  type AttachedEngine,
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

/** A connector of this machine answers at once, if it does. */
const ANSWER_TIMEOUT_MS = 3_000;

/** A connector that runs on this machine, by the name that it has, or would have, in active_connectors.json. */
export interface RunningConnector {
  readonly directory: string;
  readonly entry: string;
}

/** The connectors that run here, connected or not. Without directories, the usual ones are looked into. */
export async function runningConnectors(
  directories: readonly string[],
): Promise<readonly RunningConnector[]> {
  const found = (await Promise.all(searched(directories).map(connectorsIn))).flat();
  return found.filter(({ state }) => state === 'answers' || state === 'silent');
}

/**
 * A client by its name, a server by `127.0.0.1 10673` or `127.0.0.1:10673`.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY
 */
function connectorAmong(places: readonly RunningConnector[], wanted: string): RunningConnector {
  const place = places.find((one) => isCalled(one, wanted));
  if (place !== undefined) return place;
  if (places.length === 0) throw nobodyRuns();
  const others = places.map(({ entry }) => entry.replace(' ', ':')).join(', ');
  throw new AiocError('AIOC_CONNECTOR_AWAY', `no connector ${wanted} runs here: there are ${others}`);
}

export function nobodyRuns(): AiocError {
  return new AiocError(
    'AIOC_CONNECTOR_AWAY',
    'no connector runs here: start one, name its configuration file, or say with --connector_files_dirpath where it has its sockets',
  );
}

function isCalled({ entry }: RunningConnector, wanted: string): boolean {
  return entry === wanted || entry.replace(' ', ':') === wanted;
}

/**
 * A connector that answers commands, by its name as in `connectorAmong`. One of Python's need not say what it is called.
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
 * The API of a connector that is named by its configuration file, by its name, or not at all where only one runs.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONFIG, AIOC_USAGE
 */
export async function apiOf(word: string | undefined, directories: readonly string[]): Promise<ConnectorAPI> {
  return new ConnectorAPI(await optionsOf(word, directories));
}

/**
 * Which connector is meant, as for `apiOf`.
 *
 * @throws AiocError as `apiOf`
 */
export async function optionsOf(
  word: string | undefined,
  directories: readonly string[],
): Promise<ConnectorApiOptions> {
  if (word?.endsWith('.json')) return apiOptionsFromConfig(word);
  const places = await runningConnectors(directories);
  const [only, ...others] = places;
  if (word === undefined && others.length > 0) throw severalRun(places.map(({ entry }) => entry));
  const place = word === undefined ? only : connectorAmong(places, word);
  if (place === undefined) throw nobodyRuns();
  return { ...connectorOfEntry(place.entry), connectorFilesDirpath: place.directory };
}

/**
 * A way to attach, as often as needed, to a connector that is named as for `apiOf`. One that waits for its server, or was
 * stopped, is found, too.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONFIG, AIOC_USAGE
 */
export async function doorNamed(
  word: string | undefined,
  directories: readonly string[],
): Promise<() => Promise<AttachedEngine>> {
  if (word?.endsWith('.json')) {
    const options = await apiOptionsFromConfig(word);
    return () => attach(options);
  }
  if (word !== undefined) {
    const { entry, directory } = await connectorTakingCommands(word, directories);
    return () => attach({ ...connectorOfEntry(entry), connectorFilesDirpath: directory });
  }
  const attachable = (await Promise.all(searched(directories).map(attachableConnectors))).flat();
  const { path } = onlyOne(attachable);
  return () => attachAt(path);
}

function onlyOne(attachable: readonly AttachableConnector[]): AttachableConnector {
  const [only, ...others] = attachable;
  if (others.length > 0) throw severalRun(attachable.map(({ name }) => name));
  if (only !== undefined) return only;
  throw new AiocError(
    'AIOC_CONNECTOR_AWAY',
    'no connector of yours runs here to which a screen can be attached: "aioc --headless FILE.json" runs one. If one runs, name its configuration file, or say with --connector_files_dirpath where it has its sockets',
  );
}

function severalRun(entries: readonly string[]): AiocError {
  const names = entries.map((entry) => entry.replace(' ', ':')).join(', ');
  return new AiocError('AIOC_USAGE', `several connectors run here: say which, ${names}`);
}
