import assert from 'node:assert/strict';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import { realClock } from '../../../engine/base/real-ports.ts';
import type { LocalBroker } from '../../../engine/local/local-broker.ts';
import { SendSocket } from '../../../engine/local/python/send-socket.ts';
import type { TrafficLog } from '../../../engine/peers/traffic-log.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Completion } from '../../../engine/queues/outbox-batch.ts';
import { acceptedFiles } from '../../helpers/accepted-files.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

interface SlowlyStored {
  readonly submitted: readonly string[];
  store(index: number): void;
  write(...texts: readonly string[]): void;
}

/** A program on Python's send socket of a connector whose disk takes its time. */
async function slowlyStored(t: TestContext): Promise<SlowlyStored> {
  const submitted: string[] = [];
  const stored: (() => void)[] = [];
  const broker = {
    budget: new MemoryBudget(LIMITS.memoryBudgetBytes),
    submit: ({ data }: { data: Buffer }, completion: Completion) => {
      submitted.push(data.toString());
      stored.push(() => completion.kept(1));
    },
  } as unknown as LocalBroker;
  const log = { event: (text: string) => assert.fail(text) } as unknown as TrafficLog;
  const path = join(tempDir(t), 'send');
  const socket = new SendSocket({
    path,
    broker,
    files: acceptedFiles(),
    log,
    clock: realClock(),
    users: 'group',
    mayBeAnyUser: false,
    preserveSocket: true,
  });
  await socket.start();
  t.after(() => socket.stop({ hard: true }));
  const program = net.connect(path);
  t.after(() => program.destroy());
  return {
    submitted,
    store: (index) => stored[index]?.(),
    write: (...texts) =>
      void program.write(
        Buffer.concat(
          texts.map((text) => encodeFrame({ header: { message_type: 'any' }, data: Buffer.from(text) })),
        ),
      ),
  };
}

test('the next message of a Python program is taken before the one before it is on the disk', async (t) => {
  const { submitted, write } = await slowlyStored(t);
  write('1', '2', '3');
  await waitFor(() => submitted.length === 3, { what: 'three messages' });
  assert.deepEqual(submitted, ['1', '2', '3']);
});

test('but so many at once and no more: then it is held back until one is stored', async (t) => {
  const { submitted, store, write } = await slowlyStored(t);
  write(...Array.from({ length: LIMITS.localUnconfirmed + 2 }, (_, number) => `${number}`));
  await waitFor(() => submitted.length >= LIMITS.localUnconfirmed, { what: 'the first of them' });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(submitted.length, LIMITS.localUnconfirmed);
  store(0);
  await waitFor(() => submitted.length === LIMITS.localUnconfirmed + 1, { what: 'one more' });
  store(1);
  await waitFor(() => submitted.length === LIMITS.localUnconfirmed + 2, { what: 'the last' });
});
