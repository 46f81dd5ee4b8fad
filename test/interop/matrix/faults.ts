/** Rows in which a connector dies, loses its certificate, or is told to ignore the other. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { type Column, ping, type RowTest, type Way } from './column.ts';
import { missingAtOnce, Vanishing } from './files.ts';
import { CLIENT } from './place.ts';
import { KEPT } from './program.ts';
import { Series, STR } from './series.ts';

const PATIENT = { timeoutMs: 40_000 };
/** What is sent to a peer that is away; a Python connector lets out some twenty a second of what it has stored. */
const AWAY_COUNT = 50;
const STREAM_COUNT = 1_000;

/**
 * Kills the connector at the end of a way while messages come to it, goes on sending while it is away, starts it
 * again, and sees that all that was sent to it since arrives, in order, and that messages flow both ways.
 *
 * @param during done while it is away
 */
async function killed(
  column: Column,
  way: Way,
  during: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { from, to } = way;
  const stream = new Series(STR, STREAM_COUNT);
  const streaming = from.program.send(stream.messages, { perSecond: way.perSecond });
  await waitFor(async () => stream.of(await to.program.got(KEPT)).length > 0, {
    ...PATIENT,
    what: 'the first messages of the stream',
  });
  await to.kill();
  await streaming;
  await waitFor(async () => !(to.name in (await from.peers())), {
    ...PATIENT,
    what: `the ${to.role} to be away`,
  });
  const away = new Series(STR, AWAY_COUNT);
  await from.program.send(away.messages, { perSecond: way.perSecond });
  await during();
  await to.start();
  await column.linked();
  await away.arrives(way);
  await flows(column);
}

/** Messages go both ways. */
async function flows({ up, down }: Column): Promise<void> {
  for (const way of [up, down]) await new Series(STR, AWAY_COUNT).goes(way);
}

export const clientReconnect: RowTest = (column) => killed(column, column.down);
export const serverRestart: RowTest = (column) => killed(column, column.up);

/** Of both kinds: seen by the API, and gone when the connector comes to read it. */
export const missingSource: RowTest = async (column, t) => {
  for (const way of [column.up, column.down]) {
    await missingAtOnce(way);
    await vanishes(column, way, t);
  }
};

async function vanishes(column: Column, way: Way, t: TestContext): Promise<void> {
  const { from, to } = way;
  const vanishing = new Vanishing(t, way);
  await to.kill();
  await waitFor(async () => !(to.name in (await from.peers())), {
    ...PATIENT,
    what: `the ${to.role} to be away`,
  });
  await vanishing.send();
  await to.start();
  await column.linked();
  await vanishing.arrivesWithError();
}

/** Deleted on both sides, and made anew as at a first connection. */
export const certificateAgain: RowTest = async (column) => {
  const { server, client } = column;
  const own = client.certificate('client/client-certs', `${CLIENT}.pem`);
  const known = server.certificate('server/client-certs', `${CLIENT}.pem`);
  const before = readFileSync(own, 'utf8');
  await server.deleteCertificate(CLIENT);
  await waitFor(async () => !(CLIENT in (await server.peers())), {
    ...PATIENT,
    what: 'the client to be cut off',
  });
  assert.ok(!existsSync(known));
  await client.deleteCertificate(CLIENT);
  await waitFor(() => existsSync(own) && readFileSync(own, 'utf8') !== before, {
    ...PATIENT,
    what: 'another certificate',
  });
  await column.linked();
  assert.equal(readFileSync(known, 'utf8'), readFileSync(own, 'utf8'));
  await flows(column);
};

/** Each side is told by its own commander; what comes meanwhile is dropped, and what comes afterwards is not. */
export const ignoring: RowTest = async ({ up, down }, t) => {
  for (const way of [up, down]) {
    for (const whom of ['all', { only: way.from.name }] as const) {
      const dropped = new Dropped(t, way);
      await way.to.ignore(whom);
      await dropped.send().finally(() => way.to.ignore('nobody'));
      await new Series(STR, 3).goes(way);
      await dropped.neverCame();
    }
  }
};

/** A message with a file to somebody who ignores its sender. */
class Dropped {
  readonly #way: Way;
  readonly #series: Series;
  readonly #path: string;
  readonly #name = `ignored-${++lastDropped}`;

  constructor(t: TestContext, way: Way) {
    this.#way = way;
    this.#path = join(tempDir(t), 'source');
    writeFileSync(this.#path, 'not for you');
    this.#series = new Series(STR, 1, () => ({ file: { path: this.#path, name: this.#name, delete: true } }));
  }

  /** Resolves when the other side has dealt with it: it has left, and a ping behind it has been answered. */
  async send(): Promise<void> {
    await this.#way.from.program.send(this.#series.messages);
    // Pings are answered all the same, and an ignored peer believes that its message has arrived.
    await waitFor(() => !existsSync(this.#path), { ...PATIENT, what: 'the message to leave' });
    assert.ok(await ping(this.#way));
  }

  async neverCame(): Promise<void> {
    const { to } = this.#way;
    assert.deepEqual(this.#series.of(await to.program.got(KEPT)), []);
    assert.ok(!existsSync(join(to.received, this.#name)));
  }
}

let lastDropped = 0;
