import { sanitize } from '../components/terminal/sanitize.ts';
import {
  activeConnectors,
  ConnectorRemoteTool,
  connectorOfEntry,
  hostAndPort,
  toAiocError,
  USUAL_CONNECTOR_DIRECTORIES,
} from '../engine/index.ts';
import { EXIT } from './exit-codes.ts';

/** A connector is asked no longer than this: one that hangs must not hide the others. */
const TIMEOUT_MS = 3_000;

interface ConnectorStatus {
  readonly directory: string;
  readonly connector: string;
  readonly alive: boolean;
  /** Connected peers by name, with address and port. */
  readonly peers: Readonly<Record<string, readonly [string, number]>>;
  readonly received: number;
  readonly toSend: Readonly<Record<string, number>>;
  readonly ignored: boolean | readonly string[];
  readonly problem?: string;
}

/**
 * `aioc status`: the connectors of this machine, with their peers and queues, as a table or as JSON.
 *
 * @param directories where to look; the usual ones when empty
 * @returns the exit code: 0 when there is at least one and all answer, else 1
 */
export async function runStatus(options: {
  readonly directories: readonly string[];
  readonly json: boolean;
}): Promise<number> {
  const directories = options.directories.length > 0 ? options.directories : USUAL_CONNECTOR_DIRECTORIES;
  const found = await Promise.all(
    directories.map(async (directory) =>
      (await activeConnectors(directory)).map((entry) => ({ directory, entry })),
    ),
  );
  const statuses = await Promise.all(found.flat().map(({ directory, entry }) => statusOf(directory, entry)));
  if (options.json) process.stdout.write(`${JSON.stringify(statuses, null, 2)}\n`);
  else process.stdout.write(`${textOf(statuses, directories)}\n`);
  return statuses.length > 0 && statuses.every(({ alive }) => alive) ? EXIT.ok : EXIT.failed;
}

async function statusOf(directory: string, entry: string): Promise<ConnectorStatus> {
  const tool = new ConnectorRemoteTool({ ...connectorOfEntry(entry), connectorFilesDirpath: directory });
  const place = { directory, connector: entry };
  const asked = { timeoutMs: TIMEOUT_MS };
  try {
    const [peers, queues, ignored] = await Promise.all([
      tool.showConnectedPeers(asked),
      tool.peekQueues(asked),
      tool.ignorePeerTrafficShow(asked),
    ]);
    return { ...place, alive: true, peers, received: queues.queueRecv, toSend: queues.queueSend, ignored };
  } catch (error) {
    const problem = toAiocError(error).message;
    return { ...place, alive: false, peers: {}, received: 0, toSend: {}, ignored: false, problem };
  }
}

function textOf(statuses: readonly ConnectorStatus[], directories: readonly string[]): string {
  if (statuses.length === 0) return `No connector runs (looked in ${directories.join(', ')}).`;
  return statuses.map(connectorText).join('\n\n');
}

function connectorText({
  connector,
  directory,
  alive,
  peers,
  received,
  toSend,
  ignored,
  problem,
}: ConnectorStatus): string {
  const { isServer } = connectorOfEntry(connector);
  const lines = [`${alive ? '●' : '✕'} ${sanitize(connector)}  in ${sanitize(directory)}`];
  if (problem !== undefined) lines.push(`    ${sanitize(problem)}`);
  for (const [name, [host, port]] of Object.entries(peers)) {
    const who = isServer
      ? `${sanitize(name)}  connected from ${hostAndPort(host, port)}`
      : `${hostAndPort(host, port)}  connected`;
    lines.push(`    ${who}, ${toSend[name] ?? 0} to send`);
  }
  for (const [name, count] of Object.entries(toSend)) {
    // A client has one peer, whose name is its address as Python writes it.
    const who = isServer ? sanitize(name) : 'the server';
    if (!(name in peers) && count > 0) lines.push(`    ${who}  away, ${count} to send`);
  }
  if (received > 0) lines.push(`    ${received} received and not yet taken by a program`);
  if (ignored !== false)
    lines.push(`    ignored: ${ignored === true ? 'all' : ignored.map((name) => sanitize(name)).join(', ')}`);
  return lines.join('\n');
}
