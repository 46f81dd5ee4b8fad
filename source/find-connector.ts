import {
  AiocError,
  activeConnectors,
  ConnectorAPI,
  connectorOfEntry,
  USUAL_CONNECTOR_DIRECTORIES,
} from '../engine/index.ts';

/** A connector that runs on this machine, as it stands in active_connectors.json. */
export interface Place {
  readonly directory: string;
  readonly entry: string;
}

/** The connectors that run here. Without directories, the usual ones are looked into. */
export async function runningConnectors(directories: readonly string[]): Promise<readonly Place[]> {
  const lists = await Promise.all(
    (directories.length > 0 ? directories : USUAL_CONNECTOR_DIRECTORIES).map(async (directory) =>
      (await activeConnectors(directory)).map((entry) => ({ directory, entry })),
    ),
  );
  return lists.flat();
}

/**
 * A client by its name, a server by `127.0.0.1 10673` or `127.0.0.1:10673`.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY
 */
export function connectorAmong(places: readonly Place[], wanted: string): Place {
  const place = places.find(({ entry }) => entry === wanted || entry.replace(' ', ':') === wanted);
  if (place !== undefined) return place;
  const others = places.map(({ entry }) => entry.replace(' ', ':')).join(', ');
  const instead = others === '' ? 'no connector runs here' : `there are ${others}`;
  throw new AiocError('AIOC_CONNECTOR_AWAY', `no connector ${wanted} runs here: ${instead}`);
}

/**
 * The API of a connector that is named by its configuration file, by its name, or not at all where only one runs.
 *
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONFIG, AIOC_USAGE
 */
export async function apiOf(word: string | undefined, directories: readonly string[]): Promise<ConnectorAPI> {
  if (word?.endsWith('.json')) return ConnectorAPI.fromConfig(word);
  const places = await runningConnectors(directories);
  const [only, ...others] = places;
  if (word === undefined && others.length > 0) {
    const names = places.map(({ entry }) => entry.replace(' ', ':')).join(', ');
    throw new AiocError('AIOC_USAGE', `several connectors run here: say which, ${names}`);
  }
  const place = word === undefined ? only : connectorAmong(places, word);
  if (place === undefined)
    throw new AiocError('AIOC_CONNECTOR_AWAY', 'no connector runs here: start one first');
  return new ConnectorAPI({ ...connectorOfEntry(place.entry), connectorFilesDirpath: place.directory });
}
