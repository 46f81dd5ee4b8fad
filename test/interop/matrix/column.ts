import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { PythonPeer } from '../../helpers/python-peer.ts';
import { deadline, waitFor } from '../../helpers/wait-for.ts';
import { applies, type Mode, type Pairing, ROWS, type Row } from './cells.ts';
import { CLIENT, type Kinds, prepareSides } from './place.ts';
import { pythonProgram, typeScriptProgram } from './program.ts';
import { writeResult } from './results.ts';
import type { Side } from './side.ts';

/** A Python client looks for its server every 5 s; a machine that does much else may be slow. */
const LINK_MS = 40_000;
const CELL_MS = 220_000;
/** Python's own TLS sending is kept below this (PROTOCOL §9). */
const TLS_PER_SECOND = 300;
/** A connector of Python's that has not sent what waits after this long stands still. */
const STILL_MS = 3_000;

export interface Way {
  readonly from: Side;
  readonly to: Side;
  /** How fast the sending program may go. */
  readonly perSecond: number | undefined;
  /** So many messages came late, out of the order in which they were sent. */
  noteLate(count: number): void;
}

/** A pairing in a mode, running: what the rows are tried on. */
export interface Column {
  readonly pairing: Pairing;
  readonly mode: Mode;
  readonly server: Side;
  readonly client: Side;
  readonly up: Way;
  readonly down: Way;
  /** Requests are answered, so that their pace is also that of the other side's answers. */
  readonly requestsPerSecond: number | undefined;
  /** Messages that a connector of Python's has delivered late so far. */
  readonly late: () => number;
  /** Waits until each knows the other as connected and a ping of each program comes back. */
  linked(): Promise<void>;
}

export type RowTest = (column: Column, t: TestContext) => Promise<void>;
export type RowTests = Readonly<Record<Row, RowTest>>;

export interface ColumnOptions {
  readonly pairing: Pairing;
  readonly mode: Mode;
  readonly kinds: Kinds;
  /** For programs in Python on connectors of ours; absent: those are in TypeScript. */
  readonly programsIn: PythonPeer | undefined;
  readonly rows: RowTests;
}

/** Starts a column, tries each of its cells, and ends it. */
export async function tryColumn(t: TestContext, options: ColumnOptions): Promise<void> {
  const { pairing, mode, kinds, rows } = options;
  const { server, client } = await prepareSides(t, mode, kinds);
  const column = columnOf(options, server, client);
  const own = client.certificate('client/client-certs', `${CLIENT}.pem`);
  assert.equal(existsSync(own), mode === 'own certificate', 'what the client begins with');
  await server.start();
  await waitFor(() => server.peers(), { timeoutMs: LINK_MS, what: 'the server' });
  await client.start();
  for (const side of [server, client]) await giveProgram(t, side, side === server ? client : server, options);
  await column.linked();
  assert.equal(existsSync(own), mode === 'first connect' || mode === 'own certificate', 'what it has by now');
  try {
    // One after another, and each to its end, whatever became of the others.
    for (const row of ROWS) {
      if (!applies(row, mode)) continue;
      await t.test(row, { timeout: 2 * CELL_MS + LINK_MS }, (t) => tryCell(t, column, row, rows[row]));
    }
  } finally {
    const residentMaxBytes = Math.max(server.residentMaxBytes, client.residentMaxBytes);
    writeResult({ pairing, mode, residentMaxBytes, late: column.late() });
    await server.kill();
    await client.kill();
  }
}

function columnOf({ pairing, mode }: ColumnOptions, server: Side, client: Side): Column {
  const tls = mode !== 'no TLS';
  const paceOf = (side: Side): number | undefined =>
    tls && side.kind === 'Python' ? TLS_PER_SECOND : undefined;
  let late = 0;
  const noteLate = (count: number): void => {
    late += count;
  };
  const up = { from: client, to: server, perSecond: paceOf(client), noteLate };
  const down = { from: server, to: client, perSecond: paceOf(server), noteLate };
  return {
    ...{ pairing, mode, server, client, up, down },
    requestsPerSecond: up.perSecond ?? down.perSecond,
    late: () => late,
    linked: async () => {
      const known = async ({ to, from }: Way): Promise<boolean> => to.name in (await from.peers());
      const told = { timeoutMs: LINK_MS, what: 'both to be connected' };
      await waitFor(async () => (await known(up)) && (await known(down)), told);
      await waitFor(async () => (await ping(up)) && (await ping(down)), { ...told, what: 'pings' });
    },
  };
}

async function giveProgram(
  t: TestContext,
  side: Side,
  peer: Side,
  { kinds, programsIn }: ColumnOptions,
): Promise<void> {
  const python = kinds[side.role] ?? programsIn;
  const options = { config: side.configFile, destination: peer.name };
  side.program =
    python === undefined ? await typeScriptProgram(t, options) : await pythonProgram(t, python, options);
}

let lastPing = 0;

/** Whether a ping of the one program comes back as it was sent. */
export async function ping({ from }: Way): Promise<boolean> {
  lastPing += 1;
  const requestId = lastPing;
  const data = `ping ${requestId}`;
  const [answer] = await from.program.request([{ type: '_ping', data, requestId }]);
  return answer?.data.toString() === data && answer.header['response_id'] === requestId;
}

async function tryCell(t: TestContext, column: Column, row: Row, attempt: RowTest): Promise<void> {
  const { pairing, mode } = column;
  const startedAt = performance.now();
  let stalls = 0;
  let green = false;
  const gaveUpBefore = timesGivenUp(column);
  const once = (): Promise<void> => deadline(attempt(column, t), CELL_MS, row);
  try {
    await once().catch(async (error: unknown) => {
      const stalled = await pythonStandsStill(column, gaveUpBefore);
      if (stalled === undefined) throw error;
      stalls += 1;
      t.diagnostic(`Python’s TLS stood still, so this is tried once more: ${(error as Error).message}`);
      await restart(column, stalled);
      await once();
    });
    green = true;
  } finally {
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    writeResult({ pairing, mode, row, green, stalls, seconds });
    // One red cell must not be the reason for the next.
    if (!green) await column.linked().catch(() => restartAll(column));
  }
}

/**
 * The connector of Python's that holds on to what it should send, or has given that up since, if there is one.
 *
 * @param gaveUpBefore what `timesGivenUp` was when the cell began
 */
async function pythonStandsStill(column: Column, gaveUpBefore: number): Promise<Side | undefined> {
  const { mode, server, client } = column;
  if (mode === 'no TLS') return undefined;
  for (const side of [server, client]) {
    if (side.kind !== 'Python') continue;
    if (timesGivenUp(column) > gaveUpBefore) return side;
    const empty = waitFor(async () => (await side.waiting()) === 0, { timeoutMs: STILL_MS, what: 'Python' });
    if (!(await empty.catch(() => false))) return side;
  }
  return undefined;
}

/** How often Python has written to its log that it could not write to its peer for 50 s: the end of a stall. */
function timesGivenUp({ server, client }: Column): number {
  const python = [server, client].filter(({ kind }) => kind === 'Python');
  return python.reduce((sum, side) => sum + side.log().split('send_message TimeoutError').length - 1, 0);
}

async function restart(column: Column, side: Side): Promise<void> {
  await side.kill();
  await side.start();
  await column.linked();
}

async function restartAll(column: Column): Promise<void> {
  for (const side of [column.server, column.client]) await side.kill();
  for (const side of [column.server, column.client]) await side.start();
  await column.linked();
}
