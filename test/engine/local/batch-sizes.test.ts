import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { subscribedBatchIn } from '../../../engine/local/native/batch-packets.ts';
import { bodyAsJson } from '../../../engine/local/native/packets.ts';
import { nativeListenSocketPath } from '../../../engine/local/socket-names.ts';
import { checkBatch } from '../../../engine/protocol/record-batch.ts';
import { textsIn } from '../../helpers/message-batches.ts';
import { RawSubscriber } from '../../helpers/raw-subscriber.ts';
import { SmallConnector } from '../../helpers/small-connector.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;
const KIB = 1024;
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}`);

/** A connector with one batch of messages of 16 KiB for a listener. */
async function connector(t: TestContext, count: number) {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const small = await SmallConnector.start(t, { directory, owner });
  await small.putBatch(...numbered(count).map((text) => text.padEnd(16 * KIB, '.')));
  const listener = async (hello: Readonly<Record<string, unknown>>) => {
    const program = await RawSubscriber.connect(nativeListenSocketPath(directory, owner), 2, hello);
    t.after(() => program.kill());
    await program.subscribe(4);
    return program;
  };
  return { small, listener };
}

/** The batches that a program has got, which are as it takes them. */
function batchesOf({ packets }: RawSubscriber, maxBytes: number) {
  const batches = packets.filter(({ kind }) => kind === 'batch').map(({ body }) => subscribedBatchIn(body));
  return batches.map(({ position, redelivered, count, records }) => {
    assert.ok(count === 1 || records.length <= maxBytes, `a batch has ${records.length} bytes`);
    checkBatch(records, count);
    const texts = textsIn({ records }).map((text) => text.replace(/\.+$/, ''));
    return { position, redelivered, count, texts };
  });
}

for (const [hello, maxBytes, counts] of [
  [{}, LIMITS.leastBatchMaxBytes, [3, 3, 3, 3, 3]],
  [{ batchMaxBytes: LIMITS.largeBatchBytes }, LIMITS.largeBatchBytes, [15]],
  [{ batchMaxBytes: 100 * KIB }, 100 * KIB, [6, 6, 3]],
  [{ batchMaxBytes: -1 }, LIMITS.leastBatchMaxBytes, [3, 3, 3, 3, 3]],
  [{ batchMaxBytes: 'all' }, LIMITS.leastBatchMaxBytes, [3, 3, 3, 3, 3]],
] as const)
  test(`a listener whose hello says ${JSON.stringify(hello)} gets batches of at most ${maxBytes} bytes`, async (t) => {
    const { small, listener } = await connector(t, 15);
    const program = await listener(hello);
    const got = () => batchesOf(program, maxBytes);
    await waitFor(() => got().length === counts.length, { what: 'all batches' });
    assert.deepEqual(
      got().map(({ count }) => count),
      counts,
    );
    assert.deepEqual(
      got().flatMap(({ texts }) => texts),
      numbered(15),
    );
    const first = got()[0]?.position ?? 0;
    for (const { position, texts } of got()) assert.equal(position - first, Number(texts[0]));
    program.say('taken', 4, { upTo: first + 14 });
    await waitFor(() => small.inbox.depth === 0, { what: 'the acknowledgement' });
    assert.equal(small.inbox.bytes, 0);
  });

test('what a listener has not taken of a batch in parts goes to the next one, which may take whole ones', async (t) => {
  const { small, listener } = await connector(t, 15);
  const older = await listener({});
  const got = () => batchesOf(older, LIMITS.leastBatchMaxBytes);
  await waitFor(() => got().length === 5, { what: 'all parts' });
  older.say('taken', 4, { upTo: (got()[1]?.position ?? 0) + 1 });
  await waitFor(() => small.inbox.depth === 10, { what: 'the acknowledgement' });
  older.kill();
  await waitFor(() => !small.inbox.hasConsumer, { what: 'the end of the subscription' });
  const next = await listener({ batchMaxBytes: LIMITS.largeBatchBytes });
  await waitFor(() => batchesOf(next, LIMITS.largeBatchBytes).length === 1, { what: 'the rest' });
  const [rest] = batchesOf(next, LIMITS.largeBatchBytes);
  assert.deepEqual([rest?.redelivered, rest?.texts], [true, numbered(10, 5)]);
});

test('a welcome says how large batches may be', async (t) => {
  const { listener } = await connector(t, 1);
  const [welcome] = (await listener({})).packets;
  assert.ok(welcome !== undefined);
  assert.equal(bodyAsJson(welcome)['batchMaxBytes'], LIMITS.largeBatchBytes);
});
