/** Rows of messages: what programs send each other all day. */
import assert from 'node:assert/strict';
import { waitFor } from '../../helpers/wait-for.ts';
import { type Column, ping, type RowTest, type Way } from './column.ts';
import { UNKNOWN } from './place.ts';
import { ANSWERED, KEPT } from './program.ts';
import { BYTES, type Form, JSON_VALUE, Series, STR } from './series.ts';

const COUNT = 1_000;
const PATIENT = { timeoutMs: 20_000 };

export const sent =
  (way: 'up' | 'down'): RowTest =>
  async (column) => {
    await new Series(STR, COUNT).goes(column[way]);
  };

/** Both ways at once. */
export const eachWay =
  (form: Form): RowTest =>
  async ({ up, down }) => {
    const both = await Promise.allSettled([up, down].map((way) => new Series(form, COUNT).goes(way)));
    // Neither way is left running behind the other's failure.
    for (const outcome of both) if (outcome.status === 'rejected') throw outcome.reason;
  };

export const awaited =
  (direction: 'up' | 'down'): RowTest =>
  async (column) => {
    const way = column[direction];
    const series = new Series(BYTES, COUNT, (number) => ({ type: ANSWERED, requestId: number + 1 }));
    const perSecond = column.requestsPerSecond;
    const answers = await way.from.program.request(series.messages, { perSecond });
    for (const [number, answer] of answers.entries()) {
      assert.ok(answer, `no response to ${number}`);
      assert.equal(answer.header['response_id'], number + 1);
      assert.deepEqual(answer.data, BYTES.arrives(number));
    }
    assert.equal((await series.whole(way, ANSWERED)).length, COUNT, 'each was asked once');
  };

export const acknowledged =
  (way: 'up' | 'down'): RowTest =>
  async (column) => {
    await new Series(STR, COUNT, () => ({ waitForAck: true })).goes(column[way]);
  };

export const pings: RowTest = async ({ up, down }) => {
  for (const way of [up, down]) assert.ok(await ping(way), `a ping of the ${way.from.role}’s program`);
};

/** It is acknowledged, logged and dropped, and the connection lives on. */
export const unknownType: RowTest = async (column) => {
  const { up, down } = column;
  for (const way of [up, down]) {
    const before = await addresses(column);
    const told = unknownLines(way);
    const odd = new Series(JSON_VALUE, 1, () => ({ type: UNKNOWN, waitForAck: true }));
    await way.from.program.send(odd.messages);
    // Python holds back what follows until the acknowledgement has come, or for 50 s.
    await new Series(STR, 3).goes(way);
    await waitFor(() => unknownLines(way) > told, { ...PATIENT, what: `a line of the ${way.to.role}’s log` });
    await waitFor(async () => (await way.from.waiting()) === 0, { ...PATIENT, what: 'its acknowledgement' });
    assert.deepEqual(odd.of(await way.to.program.got(KEPT)), []);
    assert.deepEqual(await addresses(column), before, 'the connection is the same');
  }
};

/** Of the connection, as each side knows it. */
async function addresses({ server, client }: Column): Promise<unknown> {
  return [await server.peers(), await client.peers()];
}

function unknownLines({ to }: Way): number {
  return to
    .log()
    .split('\n')
    .filter((line) => line.includes(`type ${UNKNOWN}`)).length;
}
