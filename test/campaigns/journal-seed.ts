import assert from 'node:assert/strict';
import { LIMITS } from '../../engine/base/limits.ts';
import type { Randomness } from '../../engine/base/ports.ts';
import type { Durability } from '../../engine/config/shapes.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { type DiskCallName, type DiskFault, SimulatedDisk } from '../helpers/simulated-disk.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { type Attempt, batchOfIds, SENDER, StreamModel } from './journal-model.ts';

const DIRECTORY = '/journal';
const ERRORS: readonly (readonly [DiskCallName, string])[] = [
  ['write', 'EIO'],
  ['write', 'ENOSPC'],
  ['sync', 'EIO'],
  ['sync', 'ENOSPC'],
  ['create', 'EMFILE'],
  ['create', 'ENOSPC'],
  ['open', 'EMFILE'],
  ['rename', 'EIO'],
  ['remove', 'EIO'],
  ['syncDirectory', 'EIO'],
  ['truncate', 'EIO'],
];

export type FaultCounts = Record<string, number>;

/** One history of a journal: a few lives with faults, each ended by a crash or in order, and what it must hold then. */
class History {
  readonly #random: Randomness;
  readonly #disk: SimulatedDisk;
  readonly #clock = new FakeClock(1_700_000_000_000);
  readonly #durability: Durability;
  readonly #mayLosePower: boolean;
  readonly #segmentBytes: number;
  readonly #streams: StreamModel[];
  readonly #nextSeq = new Map<string, number>();
  #appends = 0;
  #journal: Journal | undefined;
  #pending: Promise<void>[] = [];
  #crash: (() => void) | undefined;
  #crashed: Promise<never> = new Promise(() => undefined);
  #hasLost = false;
  readonly faults: FaultCounts = {};

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#durability = this.#pick(['batch', 'batch', 'batch', 'always', 'os'] as const);
    this.#mayLosePower = this.#durability !== 'os' && this.#chance(0.6);
    this.#segmentBytes = this.#pick([600, 1_500, 6_000]);
    this.#streams = ['a', 'b', 'c'].slice(0, 1 + this.#below(3)).map((name) => new StreamModel(name));
    const turns = this.#pick([0, 2, 5]);
    this.#disk = new SimulatedDisk({
      random: this.#random,
      turns: (name) => (name === 'sync' ? 4 : 1) * this.#below(turns + 1),
    });
    this.#disk.onCrash = () => this.#crash?.();
  }

  async run(): Promise<void> {
    const lives = 2 + this.#below(3);
    await this.#start(false);
    for (let life = 0; life < lives; life += 1) {
      const powerLost = await this.#live();
      await this.#start(powerLost);
    }
    await this.#checkResumed();
    await this.#alive((this.#journal as Journal).close());
  }

  /** A life until its end, of whatever kind. Returns whether the power was lost. */
  async #live(): Promise<boolean> {
    this.#plan();
    const steps = 3 + this.#below(20);
    try {
      for (let step = 0; step < steps; step += 1) await this.#step();
      this.#heal();
      await this.#settle();
      if (this.#chance(0.3)) {
        await this.#alive((this.#journal as Journal).close());
        this.#count('closed');
        this.#disk.kill();
        return false;
      }
    } catch (error) {
      if (error !== CRASHED) throw error;
      this.#count('crash');
    }
    return this.#end();
  }

  #end(): boolean {
    this.#heal();
    const powerLost = this.#mayLosePower && this.#chance(0.7);
    this.#count(powerLost ? 'power loss' : 'kill');
    if (powerLost) this.#disk.losePower();
    else this.#disk.kill();
    return powerLost;
  }

  /** Starts until it comes up, with a second fault on the way, and looks at what is there. */
  async #start(powerWasLost: boolean): Promise<void> {
    let powerLost = powerWasLost;
    this.#journal = undefined;
    this.#pending = [];
    for (;;) {
      if (this.#chance(0.4)) this.#plan(12);
      try {
        await this.#open();
        this.#heal();
        // What has begun already may still crash.
        await this.#alive(this.#queue(40));
        break;
      } catch (error) {
        this.#heal();
        if (error !== CRASHED) {
          this.#count('start failed');
          this.#disk.kill();
        } else {
          this.#count('crash in recovery');
          powerLost = this.#end() || powerLost;
        }
      }
    }
    const journal = this.#journal as unknown as Journal;
    assert.deepEqual(journal.report.damaged, [], 'nothing is damaged, so nothing may be called so');
    for (const stream of this.#streams)
      await stream.checkRestarted(journal, { powerLost: powerLost || this.#hasLost });
    this.#hasLost = false;
    const held = this.#streams.reduce((sum, { heldCount }) => sum + heldCount, 0);
    if (held > 0) this.#count('held back');
    for (const stream of this.#streams) stream.heldCount = 0;
    // Now and then the next start finds them held back again.
    if (held > 0 && this.#chance(0.3)) {
      this.#disk.kill();
      return this.#start(false);
    }
    for (const stream of this.#streams) await this.#alive(stream.releaseHeld(journal));
    for (const stream of this.#streams)
      for (const [epoch, seq] of stream.confirmedSeq) this.#nextSeq.set(`${stream.name} ${epoch}`, seq + 1);
  }

  async #open(): Promise<void> {
    this.#crashed = new Promise((_, reject) => {
      this.#crash = () => reject(CRASHED);
    });
    this.#crashed.catch(() => undefined);
    this.#journal = await this.#alive(
      Journal.open({
        disk: this.#disk.mount(),
        directory: DIRECTORY,
        clock: this.#clock,
        random: this.#random,
        durability: this.#durability,
        segmentBytes: this.#segmentBytes,
      }),
    );
  }

  async #step(): Promise<void> {
    const stream = this.#pick(this.#streams);
    const luck = this.#random.fraction();
    if (luck < 0.5) this.#append(stream);
    else if (luck < 0.65) await this.#ack(stream);
    else if (luck < 0.7) await this.#purge(stream);
    else if (luck < 0.8) await this.#settle();
    else if (luck < 0.85) this.#clock.advance(60);
    else if (luck < 0.9) await this.#alive(this.#queue());
    else if (luck < 0.93) this.#disk.capacityBytes = this.#disk.usedBytes + this.#below(500);
    else if (luck < 0.97) this.#heal();
    else await this.#check(stream);
    if (this.#disk.capacityBytes < this.#disk.usedBytes + 10) this.#count('disk full');
  }

  async #queue(count = this.#below(20)): Promise<void> {
    for (let turn = count; turn > 0; turn -= 1) await undefined;
  }

  #append(stream: StreamModel): void {
    const counts = this.#pick([[1], [1], [1], [2], [5], [3, 1], [1, 4, 2]]);
    this.#appends += 1;
    const epoch = this.#chance(0.5) ? this.#pick(['e', 'f']) : undefined;
    if (epoch === undefined) {
      let index = 0;
      const batches = counts.map((count) =>
        Array.from({ length: count }, () => `p${this.#appends}.${index++}`),
      );
      this.#tryAppend(stream, { batches, source: undefined });
      return;
    }
    const key = `${stream.name} ${epoch}`;
    // Now and then a part is sent again, as after a connection was lost.
    const firstSeq = Math.max(1, (this.#nextSeq.get(key) ?? 1) - (this.#chance(0.3) ? this.#below(3) : 0));
    let seq = firstSeq;
    const batches = counts.map((count) => Array.from({ length: count }, () => `s${epoch}.${seq++}`));
    this.#nextSeq.set(key, Math.max(this.#nextSeq.get(key) ?? 1, seq));
    this.#tryAppend(stream, { batches, source: { sender: SENDER, epoch, firstSeq } });
  }

  #tryAppend(stream: StreamModel, attempt: Attempt): void {
    const { batches, source } = attempt;
    stream.tried(attempt);
    const journal = this.#journal as Journal;
    const appended = journal
      .append(
        stream.name,
        batches.map((ids) => batchOfIds(ids, this.#filler())),
        source,
      )
      .then(
        (result) => {
          stream.confirmed(attempt, result);
          if (result.outcome !== 'overlap' || source === undefined) return;
          this.#count('overlap');
          const firstSeq = (result.mark ?? 0) + 1;
          const rest = cutBefore(batches, firstSeq - source.firstSeq);
          this.#tryAppend(stream, { batches: rest, source: { ...source, firstSeq } });
        },
        (error: { code?: string }) => {
          this.#count(`refused ${error.code}`);
          assert.match(String(error.code), /^AIOC_(DISK|DISK_FULL|STORE_GAP)$/);
          // A sender begins again behind what is known to be there.
          if (source !== undefined)
            this.#nextSeq.set(
              `${stream.name} ${source.epoch}`,
              (stream.confirmedSeq.get(source.epoch) ?? 0) + 1,
            );
        },
      );
    this.#pending.push(appended);
  }

  /** Anything, now and then a piece of the journal itself. */
  #filler(): Buffer {
    if (this.#chance(0.1)) {
      const path = this.#pick(this.#disk.paths.filter((name) => name.endsWith('.segment')));
      const file = this.#disk.file(path);
      const from = this.#below(file.size);
      return Buffer.from(file.read(from, from + 200));
    }
    // Now and then so large that it is not copied into the buffer of a write.
    const large = this.#chance(0.3) ? LIMITS.journalCopiedBytes + this.#below(5_000) : this.#below(1_000);
    return Buffer.alloc(this.#pick([0, 10, 100, large]), 0x61 + this.#below(26));
  }

  async #ack(stream: StreamModel): Promise<void> {
    await this.#settle();
    const journal = this.#journal as Journal;
    const messages = await this.#alive(stream.checkRunning(journal));
    if (messages.length === 0) return;
    // Often inside a batch.
    const { id, position } = messages[this.#below(messages.length)] as (typeof messages)[number];
    stream.acked(id, 'asked');
    const written = journal.ack(stream.name, position).then(
      () => stream.acked(id, 'written'),
      () => this.#count('ack failed'),
    );
    this.#pending.push(written);
    if (this.#chance(0.5)) await this.#alive(written);
  }

  async #purge(stream: StreamModel): Promise<void> {
    await this.#settle();
    const { lastId } = stream;
    if (lastId === undefined) return;
    stream.acked(lastId, 'asked');
    await this.#alive(
      (this.#journal as Journal).purge(stream.name).then(
        () => stream.acked(lastId, this.#durability === 'os' ? 'written' : 'durable'),
        () => this.#count('purge failed'),
      ),
    );
  }

  async #settle(): Promise<void> {
    // An append may be repeated in part.
    while (this.#pending.length > 0) await this.#alive(Promise.all(this.#pending.splice(0)));
  }

  async #check(stream: StreamModel): Promise<void> {
    await this.#settle();
    await this.#alive(stream.checkRunning(this.#journal as Journal).catch(onlyDiskErrors));
  }

  /** Without faults everything works again by itself. */
  async #checkResumed(): Promise<void> {
    for (const stream of this.#streams) {
      for (let count = 0; count < 3; count += 1) this.#append(stream);
      await this.#settle();
      await stream.checkRunning(this.#journal as Journal);
      assert.equal((this.#journal as Journal).condition.refusing, undefined);
    }
  }

  /** What goes wrong from here on. */
  #plan(within = 120): void {
    const at = this.#disk.calls + 1 + this.#below(within);
    const luck = this.#random.fraction();
    if (luck < 0.15) return;
    if (luck < 0.6) {
      this.#disk.fault = ({ number }) => (number >= at ? 'crash' : undefined);
      return;
    }
    const [name, code] = this.#pick(ERRORS);
    const until = at + (this.#chance(0.5) ? 40 : 1 + this.#below(400));
    const isShort = this.#chance(0.15);
    let isOnce = this.#chance(0.5);
    this.#disk.fault = (call): DiskFault | undefined => {
      if (call.number < at || call.number > until || call.name !== (isShort ? 'write' : name))
        return undefined;
      if (isOnce) this.#disk.fault = () => undefined;
      isOnce = false;
      this.#count(isShort ? 'short write' : `${name} ${code}`);
      // What the kernel had not brought to the disk is gone, as after a power loss.
      if (call.name === 'sync') this.#hasLost = true;
      return isShort ? 'short' : { fails: code };
    };
  }

  #heal(): void {
    this.#disk.fault = () => undefined;
    this.#disk.capacityBytes = Number.POSITIVE_INFINITY;
  }

  /** The result, unless the machine crashes first. */
  #alive<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    return Promise.race([promise, this.#crashed]);
  }

  #count(what: string): void {
    this.faults[what] = (this.faults[what] ?? 0) + 1;
  }

  #below(bound: number): number {
    return Math.floor(this.#random.fraction() * bound);
  }

  #chance(probability: number): boolean {
    return this.#random.fraction() < probability;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)] as T;
  }
}

/** The messages from the `count`-th on (0: the first), in the same batches. */
function cutBefore(batches: Attempt['batches'], count: number): string[][] {
  let left = count;
  const rest: string[][] = [];
  for (const ids of batches) {
    const cut = Math.min(left, ids.length);
    left -= cut;
    if (cut < ids.length) rest.push(ids.slice(cut));
  }
  return rest;
}

const CRASHED = new Error('the machine crashed');

function onlyDiskErrors(error: { code?: string }): void {
  if (error.code !== 'AIOC_DISK') throw error;
}

/**
 * Runs the history of a seed.
 *
 * @returns the faults that were in it, by kind
 * @throws AssertionError when the journal has broken a promise
 */
export async function runJournalSeed(seed: number): Promise<FaultCounts> {
  const history = new History(seed);
  // A promise that never resolves would end the process in silence.
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), 5_000);
  });
  try {
    await Promise.race([history.run(), hung]);
  } finally {
    clearTimeout(timer);
  }
  return history.faults;
}
