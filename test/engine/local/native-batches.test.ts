import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import { realClock } from '../../../engine/base/real-ports.ts';
import type { LocalBroker } from '../../../engine/local/local-broker.ts';
import { encodeSendBatch, rangeIn, subscribedBatchIn } from '../../../engine/local/native/batch-packets.ts';
import { NativeSocket } from '../../../engine/local/native/native-socket.ts';
import { bodyAsJson, encodePacket } from '../../../engine/local/native/packets.ts';
import { nativeListenSocketPath } from '../../../engine/local/socket-names.ts';
import { framesOf } from '../../../engine/protocol/batched-messages.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { recordsOf } from '../../../engine/protocol/record-batch.ts';
import type { CheckedBatch } from '../../../engine/queues/message-batch.ts';
import type { Completion } from '../../../engine/queues/outbox-batch.ts';
import { acceptedFiles } from '../../helpers/accepted-files.ts';
import { RawSubscriber } from '../../helpers/raw-subscriber.ts';
import { batchWith } from '../../helpers/record-batches.ts';
import { SmallConnector } from '../../helpers/small-connector.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const until = (condition: () => unknown, what: string) => waitFor(condition, { what });

interface Submitted {
  readonly frames: readonly Frame[];
  readonly completion: Completion;
}

/** A native socket for sending, with a broker that answers when a test says so. */
async function sendSocket(t: TestContext, { messageMaxBytes = LIMITS.messageBytes, answers = false } = {}) {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const submitted: Submitted[] = [];
  const events: string[] = [];
  const noResponses: unknown[] = [];
  const broker = {
    budget: new MemoryBudget(LIMITS.memoryBudgetBytes),
    messageMaxBytes,
    isStored: () => true,
    submit: (frame: Frame, completion: Completion) => {
      submitted.push({ frames: [frame], completion });
      if (answers) completion.kept(1);
      return undefined;
    },
    submitBatch: ({ shared, count, records, largestBytes }: CheckedBatch, completion: Completion) => {
      assert.ok(largestBytes <= messageMaxBytes);
      const frames = [...framesOf(shared, records)];
      assert.equal(frames.length, count);
      submitted.push({ frames, completion });
      if (answers) completion.kept(count);
      return undefined;
    },
    noResponse: (header: unknown) => noResponses.push(header),
  };
  const path = join(directory, 'socket');
  const socket = new NativeSocket({
    ...{ path, clock: realClock(), users: 'group', mayBeAnyUser: false, purpose: 'send', version: '0' },
    broker: broker as unknown as LocalBroker,
    log: { event: (text: string) => void events.push(text) } as never,
    files: acceptedFiles(join(directory, 'spool')),
    onChange: () => undefined,
  });
  await socket.start();
  t.after(() => socket.stop());
  const program = async (protocol = 2) => {
    const connected = await RawSubscriber.connect(path, protocol);
    t.after(() => connected.kill());
    return connected;
  };
  const texts = () => submitted.flatMap(({ frames }) => frames.map(({ data }) => data.toString()));
  return { submitted, texts, events, noResponses, program };
}

/** What the connector has said of batches: number, count, and the outcome or the error. */
function ranges(program: RawSubscriber) {
  return program.packets.flatMap((packet) => {
    if (packet.kind === 'accepted') {
      const { count, outcome } = rangeIn(packet.body);
      return [[packet.number, count, outcome]];
    }
    if (packet.kind !== 'refusedBatch') return [];
    const { count, code } = bodyAsJson(packet);
    return [[packet.number, count, code]];
  });
}

test('both sides use the lower protocol, and a batch needs the second', async (t) => {
  const { program, events } = await sendSocket(t);
  for (const [said, used] of [
    [1, 1],
    [2, 2],
    [3, 2],
  ] as const) {
    const one = await program(said);
    await until(() => one.packets.length === 1, 'the welcome');
    assert.equal(one.packets.map(bodyAsJson)[0]?.['protocol'], used);
  }
  const older = await program(1);
  older.write(...encodeSendBatch(2, batchWith(['x'])));
  await older.closed;
  assert.match(String(events), /protocol error: a sendBatch needs protocol 2/);
});

test('a program of protocol 1 sends message by message, and each is answered', async (t) => {
  const { program, texts } = await sendSocket(t, { answers: true });
  const older = await program(1);
  for (const number of [2, 3]) {
    const body = encodeFrame({ header: { message_type: 'event' }, data: Buffer.from(`${number}`) }).subarray(
      4,
    );
    older.write(...encodePacket({ kind: 'send', number, body }));
  }
  await until(() => older.packets.length === 3, 'both answers');
  assert.deepEqual(
    older.packets.slice(1).map(({ kind, number }) => [kind, number]),
    [
      ['done', 2],
      ['done', 3],
    ],
  );
  assert.deepEqual(texts(), ['2', '3']);
});

test('a batch is submitted as one, and answered in the ranges in which it is done', async (t) => {
  const { program, submitted, texts } = await sendSocket(t);
  const one = await program();
  const header = { request_id: 7 };
  one.write(...encodeSendBatch(5, batchWith(['0', { text: '1', header, binary: 'b' }, '2', '3', '4'])));
  await until(() => submitted.length === 1, 'the batch');
  assert.deepEqual(texts(), ['0', '1', '2', '3', '4']);
  assert.deepEqual(submitted[0]?.frames[1]?.header, {
    message_type: 'event',
    source_id: 'edge',
    with_binary: true,
    request_id: 7,
  });
  const [{ completion }] = submitted as [Submitted];
  completion.kept(2);
  completion.refused(1, new Error('no'));
  await until(() => ranges(one).length === 2, 'the first ranges');
  completion.kept(2);
  await until(() => ranges(one).length === 3, 'the rest');
  assert.deepEqual(ranges(one), [
    [5, 2, 'stored'],
    [7, 1, 'AIOC_INTERNAL'],
    [8, 2, 'stored'],
  ]);
});

test('a batch that is not as it says closes its program, with the reason in the log', async (t) => {
  const { program, events, submitted } = await sendSocket(t);
  const broken = batchWith(['a', 'b']);
  (broken.records[0] as Buffer)[16] = 0xff;
  const many = Array.from({ length: LIMITS.batchMessages + 1 }, () => '');
  const large = 'x'.repeat(LIMITS.largeBatchBytes / 2);
  const bad: readonly (readonly [ReturnType<typeof batchWith>, RegExp])[] = [
    [batchWith(['a', 'b'], 3), /a batch of 3 messages has 2/],
    [batchWith(['a'], 0), /does not say how many/],
    [broken, /message 1 of a batch has another checksum/],
    [batchWith([{ text: 'a', header: { source_id: 'other' } }]), /has source_id in its header/],
    [batchWith([{ text: 'a', header: { with_file: { src_path: '/x' } } }]), /it belongs in a send/],
    [batchWith(many), /a batch has 4097 messages/],
    [batchWith([large, large]), /bytes; the limits are 4096 and 266240/],
  ];
  for (const [batch, reason] of bad) {
    const one = await program();
    one.write(...encodeSendBatch(2, batch));
    await one.closed;
    assert.match(String(events.at(-1)), reason);
  }
  assert.deepEqual(submitted, []);
});

test('of a batch, only the messages above max_size_message are refused', async (t) => {
  const { program, texts, events, noResponses } = await sendSocket(t, { messageMaxBytes: 10, answers: true });
  const one = await program();
  const long = 'x'.repeat(11);
  const response = { response_id: 1 };
  const records = [
    { text: 'a', header: { tag: 't' } },
    { text: 'b', header: { tag: 't' } },
    { text: long, header: response },
    { text: 'c', header: response },
    long,
  ];
  one.write(...encodeSendBatch(10, batchWith(records)));
  await until(() => ranges(one).length === 4, 'all answers');
  assert.deepEqual(ranges(one), [
    [10, 2, 'stored'],
    [12, 1, 'AIOC_FRAME_TOO_LARGE'],
    [13, 1, 'stored'],
    [14, 1, 'AIOC_FRAME_TOO_LARGE'],
  ]);
  assert.deepEqual(texts(), ['a', 'b', 'c']);
  assert.equal((noResponses[0] as Record<string, unknown>)['response_id'], 1);
  assert.match(String(events), /dropped a event message from a local program: it has 11 bytes/);
});

test('a batch that is larger than a packet may be is refused, and the next one is read', async (t) => {
  const { program, texts } = await sendSocket(t, { messageMaxBytes: 10, answers: true });
  const one = await program();
  one.write(...encodeSendBatch(2, batchWith(['x'.repeat(2 * LIMITS.fileChunkBytes)])));
  one.write(...encodeSendBatch(3, batchWith(['next'])));
  await until(() => ranges(one).length === 2, 'both answers');
  assert.deepEqual(ranges(one), [
    [2, 1, 'AIOC_FRAME_TOO_LARGE'],
    [3, 1, 'stored'],
  ]);
  assert.deepEqual(texts(), ['next']);
});

test('a program whose batches are not answered is not read any further, by their bytes', async (t) => {
  const { program, submitted } = await sendSocket(t);
  const one = await program();
  const sizeBytes = LIMITS.localUnconfirmedBytes / 8;
  for (let number = 0; number < 12; number += 1)
    one.write(...encodeSendBatch(number + 2, batchWith(['x'.repeat(sizeBytes)])));
  await until(() => submitted.length === 8, 'as many as it may have');
  // The connector is in this process: after some turns it has done all that it can do.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(submitted.length, 8);
  for (const { frames, completion } of submitted.splice(0)) completion.kept(frames.length);
  await until(() => submitted.length === 4, 'the rest');
});

test('a subscription of protocol 2 gets batches, and acknowledges in their middle', async (t) => {
  const directory = mkdtempSync(join(tempDir(t), 'd'));
  const owner = { role: 'client', name: 'edge' } as const;
  const connector = await SmallConnector.start(t, { directory, owner });
  await connector.putBatch('0', '1', '2');
  const batches = (program: RawSubscriber) =>
    program.packets
      .filter(({ kind }) => kind === 'batch')
      .map(({ body }) => subscribedBatchIn(body))
      .map(({ position, redelivered, shared, records }) => ({
        ...{ position, redelivered, shared },
        texts: [...recordsOf(records)].map(({ data }) => data.toString()),
      }));
  const first = await RawSubscriber.connect(nativeListenSocketPath(directory, owner), 2);
  await first.subscribe(4);
  await until(() => batches(first).length === 1, 'a batch');
  const [batch] = batches(first);
  assert.deepEqual(batch?.texts, ['0', '1', '2']);
  assert.deepEqual([batch?.redelivered, batch?.shared.message_type], [false, 'event']);
  first.say('taken', 4, { upTo: (batch?.position ?? 0) + 1 });
  await until(() => connector.inbox.depth === 1, 'the acknowledgement');
  first.kill();
  await until(() => !connector.inbox.hasConsumer, 'the end of the subscription');
  const second = await RawSubscriber.connect(nativeListenSocketPath(directory, owner), 2);
  t.after(() => second.kill());
  await second.subscribe(1);
  await until(() => batches(second).length === 1, 'the rest');
  assert.deepEqual(
    batches(second).map(({ redelivered, texts }) => [redelivered, texts]),
    [[true, ['2']]],
  );
});
