import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import type { Connection } from '../../../engine/base/ports.ts';
import type { Disposition } from '../../../engine/peers/file-sink.ts';
import { FramePump, type PumpTarget } from '../../../engine/peers/frame-pump.ts';
import { OrderedAcks } from '../../../engine/peers/ordered-acks.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';

/** A store that keeps a message when it is told to. */
class SlowStore {
  readonly begun: string[] = [];
  readonly #ends: { resolve(disposition: Disposition): void; reject(error: Error): void }[] = [];

  append(text: string): Promise<Disposition> {
    this.begun.push(text);
    return new Promise((resolve, reject) => this.#ends.push({ resolve, reject }));
  }

  keep(index: number): void {
    this.#ends[index]?.resolve('taken');
  }

  fail(index: number): void {
    this.#ends[index]?.reject(new Error('no space'));
  }
}

interface Receiver {
  readonly pump: FramePump;
  readonly store: SlowStore;
  readonly acknowledged: readonly string[];
  readonly faults: readonly string[];
  readonly isPaused: () => boolean;
}

function receiver(): Receiver {
  const store = new SlowStore();
  const [acknowledged, faults]: [string[], string[]] = [[], []];
  let paused = false;
  const setPaused = (is: boolean) => (): void => {
    paused = is;
  };
  const connection = { pause: setPaused(true), resume: setPaused(false) } as unknown as Connection;
  const verdicts = new OrderedAcks((frame) => acknowledged.push(frame.data.toString()));
  const target: PumpTarget = {
    frame: (frame: Frame) => verdicts.add(frame, store.append(frame.data.toString())),
    file: () => Promise.reject(new Error('no file here')),
    oversized: () => undefined,
    answerBacklogBytes: () => 0,
    broken: (error) => faults.push(error.message),
  };
  const pump = new FramePump(connection, target, {
    clock: new SimulatedClock(),
    bounds: { budget: new MemoryBudget(LIMITS.memoryBudgetBytes) },
  });
  pump.identified();
  return { pump, store, acknowledged, faults, isPaused: () => paused };
}

function message(data: string | Buffer): Buffer {
  return encodeFrame({ header: { message_type: 'any' }, data: Buffer.from(data) });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the next message is stored while the one before it is being stored, and none is acknowledged before that one', async () => {
  const { pump, store, acknowledged } = receiver();
  pump.push(Buffer.concat(['1', '2', '3'].map(message)));
  assert.deepEqual(store.begun, ['1', '2', '3']);
  store.keep(1);
  store.keep(2);
  await turn();
  assert.deepEqual(acknowledged, []);
  store.keep(0);
  await turn();
  assert.deepEqual(acknowledged, ['1', '2', '3']);
});

test('of messages that are being stored there are so many at once and no more, and the peer is slowed', async () => {
  const { pump, store, acknowledged, isPaused } = receiver();
  const count = LIMITS.unstoredMessages + 10;
  pump.push(Buffer.concat(Array.from({ length: count }, (_, number) => message(`${number}`))));
  assert.equal(store.begun.length, LIMITS.unstoredMessages);
  for (let more = 0; more < 20; more += 1) pump.push(message(Buffer.alloc(100_000)));
  assert.ok(isPaused());
  store.keep(0);
  await turn();
  assert.equal(store.begun.length, LIMITS.unstoredMessages + 1);
  for (let index = 1; index < count + 20; index += 1) {
    store.keep(index);
    await turn();
  }
  assert.equal(acknowledged.length, count + 20);
  assert.ok(!isPaused());
});

test('a message that cannot be stored is never acknowledged, nor any after it, and ends the connection', async () => {
  const { pump, store, acknowledged, faults } = receiver();
  pump.push(Buffer.concat(['1', '2', '3'].map(message)));
  store.keep(0);
  store.fail(1);
  store.keep(2);
  await turn();
  assert.deepEqual(acknowledged, ['1']);
  assert.deepEqual(faults.length, 1);
  assert.match(faults[0] ?? '', /no space/);
  await pump.idle();
});
