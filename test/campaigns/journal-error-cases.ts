import assert from 'node:assert/strict';
import { Journal } from '../../engine/storage/journal/journal.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { type DiskCallName, type DiskFault, SimulatedDisk } from '../helpers/simulated-disk.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { type Attempt, batchOfIds, idsOf, StreamModel } from './journal-model.ts';

/** What goes wrong at the n-th call of its kind. */
export interface ErrorKind {
  readonly name: string;
  readonly call: DiskCallName;
  readonly fault: DiskFault;
  /** From the n-th call on, and not only then. */
  readonly stays: boolean;
}

const CODES: readonly (readonly [DiskCallName, string])[] = [
  ['write', 'EIO'],
  ['write', 'ENOSPC'],
  ['sync', 'EIO'],
  ['sync', 'ENOSPC'],
  ['create', 'EMFILE'],
  ['create', 'ENOSPC'],
  ['open', 'EMFILE'],
  ['read', 'EIO'],
  ['rename', 'EIO'],
  ['remove', 'EIO'],
  ['truncate', 'EIO'],
  ['list', 'EIO'],
  ['mkdir', 'EACCES'],
  ['syncDirectory', 'EIO'],
  ['close', 'EIO'],
];

export const ERROR_KINDS: readonly ErrorKind[] = [
  ...CODES.flatMap(([call, code]) =>
    [false, true].map((stays) => ({ name: `${call} ${code}`, call, fault: { fails: code }, stays })),
  ),
  ...[false, true].map((stays) => ({
    name: 'short write',
    call: 'write' as const,
    fault: 'short' as const,
    stays,
  })),
  ...(['write', 'sync', 'rename', 'remove', 'create', 'syncDirectory', 'truncate'] as const).map((call) => ({
    name: `crash in ${call}`,
    call,
    fault: 'crash' as const,
    stays: true,
  })),
];

class Run {
  readonly disk: SimulatedDisk;
  readonly #model = ['a', 'b'].map((name) => new StreamModel(name));
  readonly #clock = new FakeClock(1_700_000_000_000);
  readonly #random = seededRandom(3);
  #journal: Journal | undefined;
  #next = 0;
  #crashed: Promise<never> = new Promise(() => undefined);
  isHit = false;

  constructor() {
    this.disk = new SimulatedDisk({ random: this.#random });
  }

  async open(): Promise<void> {
    this.#crashed = new Promise((_, reject) => {
      this.disk.onCrash = () => reject(new Error('crashed'));
    });
    this.#crashed.catch(() => undefined);
    const directory = '/journal';
    const common = { clock: this.#clock, random: this.#random, segmentBytes: 1_200 };
    this.#journal = await this.#alive(Journal.open({ ...common, disk: this.disk.mount(), directory }));
  }

  #alive<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#crashed]);
  }

  /** Appends, reads, acknowledges and purges, over several segments and their context. */
  async work(): Promise<void> {
    const journal = this.#journal as Journal;
    for (let round = 0; round < 6; round += 1) {
      const appends = this.#model.map((stream) => this.#append(journal, stream, 1 + (round % 3)));
      await this.#alive(Promise.all(appends));
      this.#clock.advance(60);
      const [a, b] = this.#model as [StreamModel, StreamModel];
      if (round % 2 === 1) await this.#ackFirst(journal, a, 3);
      if (round === 3) await this.#ackFirst(journal, b, 1);
      if (round === 4) await this.#purge(journal, a);
    }
  }

  async #append(journal: Journal, stream: StreamModel, count: number): Promise<void> {
    this.#next += 1;
    const batches = Array.from({ length: count }, (_, batch) =>
      Array.from({ length: 1 + (batch % 3) }, (_unused, index) => `p${this.#next}.${batch}.${index}`),
    );
    const attempt: Attempt = { batches, source: undefined };
    stream.tried(attempt);
    await journal
      .append(
        stream.name,
        batches.map((ids) => batchOfIds(ids, Buffer.alloc(100, 'x'))),
      )
      .then((appended) => stream.confirmed(attempt, appended), isTrouble);
  }

  async #ackFirst(journal: Journal, stream: StreamModel, count: number): Promise<void> {
    const batches = await this.#alive(journal.read(stream.name, 0, 10_000).catch(isTrouble));
    const messages = batches?.flatMap((batch) =>
      idsOf(batch).map((id, index) => ({ id, position: batch.position + index })),
    );
    const message = messages?.slice(0, count).at(-1);
    if (message === undefined) return;
    stream.acked(message.id, 'asked');
    await this.#alive(
      journal.ack(stream.name, message.position).then(() => stream.acked(message.id, 'written'), isTrouble),
    );
  }

  async #purge(journal: Journal, stream: StreamModel): Promise<void> {
    const { lastId } = stream;
    if (lastId === undefined) return;
    stream.acked(lastId, 'asked');
    await this.#alive(journal.purge(stream.name).then(() => stream.acked(lastId, 'durable'), isTrouble));
  }

  /** After faults have gone: all that was confirmed is there, and the journal works. */
  async check(powerLost: boolean): Promise<void> {
    this.disk.fault = () => undefined;
    if (powerLost) this.disk.losePower();
    else this.disk.kill();
    await this.open();
    const journal = this.#journal as Journal;
    assert.deepEqual(journal.report.damaged, []);
    for (const stream of this.#model) {
      await stream.checkRestarted(journal, { powerLost: true });
      await stream.releaseHeld(journal);
    }
    await this.work();
    for (const stream of this.#model) await stream.checkRunning(journal);
    assert.equal(journal.condition.refusing, undefined);
    await journal.close();
  }

  plan({ call: name, fault, stays }: ErrorKind, n: number): void {
    let count = 0;
    this.disk.fault = (call) => {
      if (call.name !== name) return undefined;
      count += 1;
      if (count !== n && !(stays && count > n)) return undefined;
      this.isHit = true;
      return fault;
    };
  }
}

function isTrouble(error: { code?: string }): undefined {
  assert.match(String(error.code), /^AIOC_(DISK|DISK_FULL)$/);
  return undefined;
}

/**
 * Lets the n-th call of a kind fail, in work that begins with an empty disk and goes on after a restart in its middle.
 *
 * @returns whether there was an n-th call
 */
export async function checkError(kind: ErrorKind, n: number, powerLost: boolean): Promise<boolean> {
  const run = new Run();
  run.plan(kind, n);
  for (let life = 0; life < 2; life += 1) {
    try {
      await run.open();
      await run.work();
    } catch (error) {
      const isExpected =
        error instanceof Error &&
        /^(crashed|AIOC_DISK.*)$/.test((error as { code?: string }).code ?? error.message);
      if (!isExpected) throw error;
    }
    if (kind.fault === 'crash' && run.isHit) break;
    run.disk.kill();
  }
  await run.check(powerLost);
  return run.isHit;
}
