import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../../engine/api/connector-api.ts';
import { SendManyError } from '../../../engine/api/send-many.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { sentBatchIn } from '../../../engine/local/native/batch-packets.ts';
import { checkBatch, recordsOf } from '../../../engine/protocol/record-batch.ts';
import { FakeNativeConnector } from '../../helpers/fake-native-connector.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;
const event = { messageType: 'event' } as const;
const KIB = 1024;
const padded = (index: number): string => `${index}`.padEnd(16 * KIB, '.');
const all = Array.from({ length: 15 }, (_, index) => index);

/** A library on a connector that says so much of the size of batches. The connection is open. */
async function connected(t: TestContext, batchMaxBytes: number | undefined) {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const connector = await FakeNativeConnector.start(t, { directory, owner, protocol: 2, batchMaxBytes });
  const api = new ConnectorAPI({ clientName: 'edge', connectorFilesDirpath: directory });
  t.after(() => api.close());
  await api.send({ ...event, data: 'first' });
  connector.packets.length = 0;
  return { connector, api };
}

/** How many messages the batches have, which are as the connector takes them. */
function countsIn({ packets }: FakeNativeConnector, maxBytes: number): number[] {
  return packets.map(({ body }) => {
    const { count, records } = sentBatchIn(body);
    assert.ok(count === 1 || records.length <= maxBytes, `a batch has ${records.length} bytes`);
    checkBatch(records, count);
    return count;
  });
}

/** The messages: the header and the beginning of the data of each. */
const messagesIn = ({ packets }: FakeNativeConnector): string[] =>
  packets.flatMap(({ body }) =>
    [...recordsOf(sentBatchIn(body).records)].map(
      ({ headerBytes, data }) => `${headerBytes} ${data.toString().replace(/\.+$/, '')}`,
    ),
  );

for (const [announced, maxBytes, counts] of [
  [undefined, LIMITS.leastBatchMaxBytes, [3, 3, 3, 3, 3]],
  [LIMITS.largeBatchBytes, LIMITS.largeBatchBytes, [15]],
  [100 * KIB, 100 * KIB, [6, 6, 3]],
  [1, LIMITS.leastBatchMaxBytes, [3, 3, 3, 3, 3]],
] as const)
  test(`a connector whose welcome says ${announced} gets batches of at most ${maxBytes} bytes`, async (t) => {
    const { connector, api } = await connected(t, announced);
    const send = (index: number) => api.send({ ...event, requestId: index >> 1, data: padded(index) });
    assert.deepEqual(new Set(await Promise.all(all.map(send))), new Set(['stored']));
    assert.deepEqual(countsIn(connector, maxBytes), counts);
    assert.deepEqual(
      messagesIn(connector),
      all.map((index) => `{"request_id": ${index >> 1}} ${index}`),
    );
    connector.packets.length = 0;
    await api.sendMany(
      all.map((index) => ({ data: padded(index) })),
      event,
    );
    assert.deepEqual(countsIn(connector, maxBytes), counts);
    const large = 'x'.repeat(2 * LIMITS.largeBatchBytes);
    assert.equal(await api.send({ ...event, data: large }), 'stored');
  });

test('the parts of a batch are answered one by one, and each message gets its own outcome', async (t) => {
  const { connector, api } = await connected(t, undefined);
  connector.answers = false;
  const sent = all.map((index) => api.send({ ...event, data: padded(index) }));
  await waitFor(() => connector.packets.length === 5, { what: 'the parts' });
  const numbers = connector.packets.map(({ number }) => number);
  connector.accept(numbers[1] as number, 3, 'accepted');
  connector.accept(numbers[0] as number, 3, 'stored');
  connector.refuse(numbers[2] as number, 1);
  connector.accept((numbers[2] as number) + 1, 2, 'stored');
  connector.accept(numbers[3] as number, 3, 'ignored');
  assert.equal(await sent[11], 'ignored');
  connector.cut();
  const outcomes = (await Promise.allSettled(sent)).map((one) =>
    one.status === 'fulfilled' ? one.value : one.reason.code,
  );
  assert.deepEqual(outcomes, [
    ...['stored', 'stored', 'stored', 'accepted', 'accepted', 'accepted'],
    ...['AIOC_QUEUE_FULL', 'stored', 'stored', 'ignored', 'ignored', 'ignored'],
    ...['AIOC_CONNECTOR_AWAY', 'AIOC_CONNECTOR_AWAY', 'AIOC_CONNECTOR_AWAY'],
  ]);
});

test('sendMany names the messages that were refused in a part', async (t) => {
  const { connector, api } = await connected(t, undefined);
  connector.answers = false;
  const sent = api.sendMany(
    all.map((index) => ({ data: padded(index) })),
    event,
  );
  await waitFor(() => connector.packets.length === 5, { what: 'the parts' });
  for (const [index, { number }] of connector.packets.entries())
    if (index === 3) connector.refuse(number, 3);
    else connector.accept(number, 3);
  await assert.rejects(sent, (error: unknown) => {
    assert.ok(error instanceof SendManyError);
    assert.deepEqual(
      error.refused.map(({ index, count }) => [index, count]),
      [[9, 3]],
    );
    return true;
  });
});
