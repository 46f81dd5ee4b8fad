import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { realClock } from '../base/real-ports.ts';
import { activeConnectors } from '../local/active-connectors.ts';
import {
  activeConnectorEntry,
  COMMANDER_PREFIX,
  commanderSocketPath,
  ownerInSocketNames,
  parseActiveConnectorEntry,
} from '../local/socket-names.ts';
import { connectUnix } from '../local/unix-sockets.ts';
import { callCommand } from './command-call.ts';

/** A connector with sockets in a directory on this machine. */
export interface FoundConnector {
  readonly directory: string;
  /** Its entry in active_connectors.json. A connector that is not connected or stopped has none there; then the same text. */
  readonly entry: string;
  /** `dead`: listed, but nothing answers on its socket. `forbidden`: this user may not connect to its socket. */
  readonly state: 'answers' | 'silent' | 'forbidden' | 'dead';
}

/** Local connectors answer at once. */
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * The connectors in a directory, aioc's and Python's: those in its active_connectors.json, and those that only have
 * sockets. Sockets left by killed processes are ignored.
 */
export async function connectorsIn(directory: string): Promise<readonly FoundConnector[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const sockets = names.filter((name) => name.startsWith(COMMANDER_PREFIX)).sort();
  const unlisted = new Set(sockets.slice(0, LIMITS.socketsTried).map((name) => join(directory, name)));
  const listed = (await activeConnectors(directory)).map((entry) => {
    const path = pathOf(directory, entry);
    if (path !== undefined) unlisted.delete(path);
    return found(directory, path, entry);
  });
  const others = [...unlisted].map((path) => found(directory, path));
  const all = await Promise.all([...listed, ...others]);
  return all.filter((one) => one !== undefined);
}

async function found(
  directory: string,
  path: string | undefined,
  listedAs?: string,
): Promise<FoundConnector | undefined> {
  const state = path === undefined ? 'dead' : await stateOf(path);
  if (listedAs !== undefined) return { directory, entry: listedAs, state };
  if (path === undefined || state === 'dead') return undefined;
  const unnamed = basename(path).slice(COMMANDER_PREFIX.length);
  if (state === 'forbidden') return { directory, entry: unnamed, state };
  const entry = await entryOf(path).catch(() => undefined);
  return entry === undefined
    ? { directory, entry: unnamed, state: 'silent' }
    : { directory, entry, state: 'answers' };
}

async function stateOf(path: string): Promise<FoundConnector['state']> {
  try {
    (await connectUnix(path)).destroy();
    return 'answers';
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EACCES' || code === 'EPERM') return 'forbidden';
    return code === 'EAGAIN' ? 'silent' : 'dead';
  }
}

/** The identity that the connector reports, if it matches the name of its socket. */
async function entryOf(path: string): Promise<string | undefined> {
  const attribute = (name: string): Promise<string> =>
    callCommand(
      { locator: { connect: () => connectUnix(path) }, clock: realClock() },
      {
        cmd: 'show_attribute__sync',
        kwargs: { attribute: name },
        timeoutMs: ANSWER_TIMEOUT_MS,
        signal: undefined,
      },
    );
  const id = await attribute('source_id');
  const address = /^\('([^']+)', (\d{1,5})\)$/.exec(id);
  const entry = address === null ? id : `${address[1]} ${address[2]}`;
  return basename(path) === COMMANDER_PREFIX + ownerInSocketNames(parseActiveConnectorEntry(entry))
    ? activeConnectorEntry(parseActiveConnectorEntry(entry))
    : undefined;
}

function pathOf(directory: string, entry: string): string | undefined {
  try {
    return commanderSocketPath(directory, parseActiveConnectorEntry(entry));
  } catch {
    // No socket can exist for this entry.
    return undefined;
  }
}
