import { sanitize } from '../../components/terminal/sanitize.ts';
import type { Cause, PeerRow, Phase, Status } from '../../engine/contract/views.ts';
import {
  type ConnectorSnapshot,
  connectorOfEntry,
  connectorsIn,
  type FoundConnector,
  hostAndPort,
  readSnapshot,
  toAiocError,
} from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';
import { searched, toolAt } from '../find-connector.ts';
import { harmless, jsonPage } from '../harmless.ts';
import { type QueueJson, queueJson } from '../queue-word.ts';

/** How long to wait for a connector: one that hangs must not hide the others. */
const TIMEOUT_MS = 3_000;
const DAY_MS = 86_400_000;

/** A known peer that is not connected. */
interface AwayPeer {
  readonly name: string;
  readonly state: string;
  readonly reason?: string;
  /** ISO 8601, like all times here. */
  readonly since: string;
  readonly toSend: number;
}

export interface ConnectorStatus {
  readonly directory: string;
  readonly connector: string;
  readonly alive: boolean;
  /** Its state: `listening`, `connected`, `retrying`, `stopped`, …; absent if this user may not attach to it. */
  readonly phase?: Phase['kind'];
  /** The address that a server listens on or that a client connects to. */
  readonly address?: string;
  /** Why a client is not connected, or a server does not listen. */
  readonly reason?: string;
  /** The kind of that reason, for scripts: `nothing-listens`, `refused-there`, … */
  readonly cause?: Cause;
  /** Failed attempts since the last connection. */
  readonly attempt?: number;
  readonly since?: string;
  readonly nextTry?: string;
  /** Mutual TLS: how many whole days this connector's certificate is still valid. */
  readonly certificateDays?: number;
  /** The same of the connected peers' certificates, by name. */
  readonly peerCertificateDays?: Readonly<Record<string, number>>;
  /** Connected peers by name, with address and port. */
  readonly peers: Readonly<Record<string, readonly [string, number]>>;
  readonly away: readonly AwayPeer[];
  /** What is wrong with connected peers, by name: for example that two clients use one name. */
  readonly warnings?: Readonly<Record<string, string>>;
  /** Files on their way in both directions, and those that wait for their peers. */
  readonly filesRunning?: number;
  readonly filesWaiting?: number;
  /** Queues with messages, longest first; absent if this user may not attach. */
  readonly queues?: readonly QueueJson[];
  readonly received: number;
  readonly toSend: Readonly<Record<string, number>>;
  readonly ignored: boolean | readonly string[];
  readonly problem?: string;
}

/**
 * `aioc status`: shows the connectors of this machine with their state, peers and queues, as a table or as JSON.
 *
 * @param directories where to look; empty: the usual ones
 * @returns the exit code: 0 if there is at least one and all answer, else 1
 */
export async function runStatus(options: {
  readonly directories: readonly string[];
  readonly json: boolean;
}): Promise<number> {
  const directories = searched(options.directories);
  const found = (await Promise.all(directories.map(connectorsIn))).flat();
  const statuses = await Promise.all(found.map(statusOf));
  if (options.json) process.stdout.write(`${jsonPage(statuses)}\n`);
  else process.stdout.write(`${statusText(statuses, directories)}\n`);
  return statuses.length > 0 && statuses.every(({ alive }) => alive) ? EXIT.ok : EXIT.failed;
}

async function statusOf({ directory, entry, state }: FoundConnector): Promise<ConnectorStatus> {
  const place = { directory, connector: entry };
  const nothing = { peers: {}, away: [], received: 0, toSend: {}, ignored: false } as const;
  if (state !== 'answers') return { ...place, alive: false, ...nothing, problem: PROBLEMS[state] };
  const tool = toolAt({ directory, entry });
  const asked = { timeoutMs: TIMEOUT_MS };
  try {
    const [peers, queues, ignored, shown] = await Promise.all([
      tool.showConnectedPeers(asked),
      tool.peekQueues(asked),
      tool.ignorePeerTrafficShow(asked),
      // No screen can attach to a Python connector or to one of another user.
      readSnapshot(directory, entry, TIMEOUT_MS).catch(() => undefined),
    ]);
    const counts = { received: queues.queueRecv, toSend: queues.queueSend, ignored };
    const more = shown === undefined ? { away: [] } : doing(shown);
    return { ...place, alive: true, peers, ...counts, ...more };
  } catch (error) {
    return { ...place, alive: false, ...nothing, problem: toAiocError(error).message };
  }
}

const PROBLEMS: Readonly<Record<Exclude<FoundConnector['state'], 'answers'>, string>> = {
  dead: 'not running: its process ended without removing it from active_connectors.json',
  silent: 'no answer',
  forbidden: 'no permission: it belongs to another user',
};

/** The details that a screen would show. */
function doing({ status, peers: rows, queues }: ConnectorSnapshot) {
  const { role, phase, address, filesRunning, filesWaiting } = status;
  const away = rows.filter(({ state, waitingCount }) => state !== 'connected' && waitingCount > 0);
  const warned = rows.filter(({ state, reason }) => state === 'connected' && reason !== undefined);
  const server = role === 'client' ? rows[0] : undefined;
  const reason =
    'reason' in phase ? phase.reason : server?.state === 'connected' ? undefined : server?.reason;
  return {
    phase: phase.kind,
    address,
    ...(reason !== undefined && { reason }),
    ...(server !== undefined && { since: isoTime(server.sinceMs) }),
    ...('cause' in phase && { cause: phase.cause }),
    ...(phase.kind === 'retrying' && { attempt: phase.attempt, nextTry: isoTime(phase.retryAtMs) }),
    ...(warned.length > 0 && {
      warnings: Object.fromEntries(warned.map(({ name, reason = '' }) => [name, reason])),
    }),
    ...daysLeft(status, rows),
    ...(filesRunning > 0 && { filesRunning }),
    ...(filesWaiting > 0 && { filesWaiting }),
    queues: queues.filter(({ depth }) => depth > 0).map(queueJson),
    away: away.map((row) => ({
      name: row.name,
      state: row.state,
      ...(row.reason !== undefined && { reason: row.reason }),
      since: isoTime(row.sinceMs),
      toSend: row.waitingCount,
    })),
  };
}

/** `out/press-3/event: 3 messages wait: press-3 is away …` */
function stuckText({ queue, depth }: QueueJson, { reason, remedy }: NonNullable<QueueJson['stuck']>): string {
  const wait = depth === 1 ? '1 message waits' : `${depth} messages wait`;
  const what = remedy?.command ?? remedy?.text;
  return sanitize(`${queue}: ${wait}: ${reason}${what === undefined ? '' : ` (${what})`}`);
}

function daysLeft(
  { ownCertificateEndsAtMs: ownEnd }: Status,
  rows: readonly PeerRow[],
): Pick<ConnectorStatus, 'certificateDays' | 'peerCertificateDays'> {
  const peers = rows.flatMap(({ state, wireName, certificateEndsAtMs: end }) =>
    state === 'connected' && end !== undefined ? [[wireName, daysUntil(end)] as const] : [],
  );
  return {
    ...(ownEnd !== undefined && { certificateDays: daysUntil(ownEnd) }),
    ...(peers.length > 0 && { peerCertificateDays: Object.fromEntries(peers) }),
  };
}

function daysUntil(endMs: number): number {
  return Math.floor((endMs - Date.now()) / DAY_MS);
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** For people; names and addresses come from connectors and may be anything. */
export function statusText(statuses: readonly ConnectorStatus[], directories: readonly string[]): string {
  if (statuses.length === 0)
    return harmless(`No connectors are running (looked in ${directories.join(', ')}).`);
  return harmless(statuses.map(connectorText).join('\n\n'));
}

function connectorText(status: ConnectorStatus): string {
  const { connector, directory, alive, peers, received, toSend, ignored, problem, warnings = {} } = status;
  const { isServer } = connectorOfEntry(connector);
  const lines = [`${alive ? '●' : '✕'} ${sanitize(connector)}  in ${sanitize(directory)}`];
  if (problem !== undefined) lines.push(`    ${sanitize(problem)}`);
  lines.push(...phaseLines(status));
  if (status.certificateDays !== undefined)
    lines.push(`    its certificate: ${daysText(status.certificateDays)}`);
  for (const [name, [host, port]] of Object.entries(peers)) {
    const who = isServer
      ? `${sanitize(name)}  connected from ${hostAndPort(host, port)}`
      : `${hostAndPort(host, port)}  connected`;
    const days = status.peerCertificateDays?.[name];
    const certificate = days === undefined ? '' : `, certificate ${daysText(days)}`;
    lines.push(`    ${who}, ${toSend[name] ?? 0} to send${certificate}`);
  }
  for (const [name, count] of Object.entries(toSend)) {
    // A client has one peer, whose name is its address in Python's form.
    const who = isServer ? sanitize(name) : 'the server';
    if (!(name in peers) && count > 0) lines.push(`    ${who}  away, ${count} to send`);
  }
  for (const [name, warning] of Object.entries(warnings))
    lines.push(`    ${sanitize(name)}: ${sanitize(warning)}`);
  lines.push(...filesLines(status));
  for (const row of status.queues ?? [])
    if (row.stuck !== undefined) lines.push(`    ${stuckText(row, row.stuck)}`);
  if (received > 0) lines.push(`    ${received} received, waiting for a listener`);
  if (ignored !== false)
    lines.push(`    ignored: ${ignored === true ? 'all' : ignored.map((name) => sanitize(name)).join(', ')}`);
  return lines.join('\n');
}

function filesLines({ filesRunning = 0, filesWaiting = 0 }: ConnectorStatus): readonly string[] {
  const files = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`;
  const parts = [
    ...(filesRunning > 0 ? [`${files(filesRunning)} on their way`] : []),
    ...(filesWaiting > 0 ? [`${files(filesWaiting)} waiting for their peers`] : []),
  ];
  return parts.length === 0 ? [] : [`    ${parts.join(', ')} (aioc files lists them)`];
}

function daysText(days: number): string {
  return days < 0 ? 'expired' : `valid for ${days} ${days === 1 ? 'day' : 'days'}`;
}

/** The state of a connector that is not connected, or does not listen. */
function phaseLines({
  alive,
  connector,
  phase,
  address = '',
  reason,
  since,
  nextTry,
  peers,
}: ConnectorStatus) {
  if (!alive || phase === 'listening' || phase === 'connected') return [];
  const { isServer } = connectorOfEntry(connector);
  if (phase === undefined) {
    return isServer || Object.keys(peers).length > 0 ? [] : ['    not connected to its server'];
  }
  const to = isServer ? 'not listening on' : 'not connected to';
  const why = reason === undefined ? '' : `: ${sanitize(reason)}`;
  const sinceText = since === undefined ? '' : ` since ${since.replace(/\.\d+Z$/, 'Z')}`;
  const seconds =
    nextTry === undefined ? 0 : Math.max(0, Math.ceil((Date.parse(nextTry) - Date.now()) / 1000));
  const next = nextTry === undefined ? '' : `; next try in ${seconds} s`;
  return [`    ${WORDS[phase] ?? phase}: ${to} ${sanitize(address)}${sinceText}${why}${next}`];
}

const WORDS: Readonly<Partial<Record<Phase['kind'], string>>> = {
  'waiting-to-be-let-in': 'waiting to be accepted',
};
