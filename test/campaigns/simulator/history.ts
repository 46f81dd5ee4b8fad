import assert from 'node:assert/strict';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { Randomness } from '../../../engine/base/ports.ts';
import type { Durability } from '../../../engine/config/shapes.ts';
import type { SimulatedConnection } from '../../helpers/simulated-connection.ts';
import { SimulatedDisk } from '../../helpers/simulated-disk.ts';
import { type SimulatedWorld, simulatedWorld } from '../../helpers/simulated-world.ts';
import { CRASHED, SimulatedNode, TYPES } from './node.ts';
import { type ProbeFault, ProbeTamperer } from './probe-tamperer.ts';

/** Nothing here waits for more than promises and the ends of turns. */
const TURNS = 1;

export type FaultCounts = Record<string, number>;

/** What was sent one way under one type, and what has become of it. */
class Ledger {
  readonly sent: string[] = [];
  readonly confirmed = new Set<string>();
  readonly delivered: string[] = [];
  /** What was in a queue when that was purged. */
  readonly mayBePurged = new Set<string>();

  /** What was confirmed has come, once and in order, or was in a queue that was purged. */
  check(name: string): void {
    const known = new Set(this.sent);
    const came = new Set<string>();
    for (const text of this.delivered) {
      assert.ok(known.has(text), `${name}: ${text} was never sent`);
      assert.ok(!came.has(text), `${name}: ${text} came twice`);
      came.add(text);
    }
    for (const text of this.confirmed)
      assert.ok(
        came.has(text) || this.mayBePurged.has(text),
        `${name}: ${text} was confirmed and has not come`,
      );
    const inOrder = this.sent.filter((text) => came.has(text));
    assert.deepEqual(this.delivered, inOrder, `${name}: out of order`);
  }
}

/** Two connectors, each with a program on both ends, and whatever can go wrong between and under them. */
class SimulatedHistory {
  readonly faults: FaultCounts = {};
  readonly #random: Randomness;
  readonly #world: SimulatedWorld;
  readonly #nodes: readonly SimulatedNode[];
  readonly #disks = new Map<SimulatedNode, SimulatedDisk>();
  readonly #started = new Set<SimulatedNode>();
  readonly #ledgers = new Map<string, Ledger>();
  readonly #durability: Durability;
  /** Of a third of the histories the connectors may hold next to nothing in memory. */
  readonly #heldMaxBytes: number;
  /** Of a third of the histories the queues are soon full. */
  readonly #queueMaxBytes: number;
  /** Of a third of the histories, queues are purged at random times. */
  readonly #purges: boolean;
  #sent = 0;

  constructor(seed: number) {
    this.#world = simulatedWorld(seed, TURNS);
    this.#random = this.#world.random;
    this.#durability = this.#pick(['batch', 'batch', 'batch', 'always', 'os'] as const);
    this.#heldMaxBytes = this.#pick([1, LIMITS.memoryBudgetBytes, LIMITS.memoryBudgetBytes] as const);
    this.#purges = seed % 3 === 1;
    this.#queueMaxBytes = seed % 3 === 0 ? 2_000 : 1e9;
    const { network } = this.#world;
    network.certificateOfDialler = { fingerprint: 'of the client', claimedName: 'client1' };
    network.certificateOfListener = { fingerprint: 'of the server', claimedName: 'server' };
    network.onDial = (...ends) => this.#wear(ends);
    this.#nodes = (['server', 'client'] as const).map((role) => this.#node(role));
  }

  async run(): Promise<void> {
    for (const node of this.#nodes) await this.#start(node);
    const steps = 4 + this.#below(12);
    for (let step = 0; step < steps; step += 1) await this.#step();
    await this.#calm();
    for (const [name, ledger] of this.#ledgers) ledger.check(name);
    for (const { role, repeated } of this.#nodes)
      assert.deepEqual(repeated, [], `the ${role} was sent again what it had stored`);
    for (const node of this.#nodes) node.end();
  }

  #node(role: 'server' | 'client'): SimulatedNode {
    const disk = new SimulatedDisk({ random: this.#random });
    disk.onHurtWrite = (how) => this.#count(how === 'torn' ? 'torn write' : 'write without room (ENOSPC)');
    const from = role === 'server' ? 'client' : 'server';
    const node = new SimulatedNode({
      role,
      world: this.#world,
      disk,
      durability: this.#durability,
      heldMaxBytes: this.#heldMaxBytes,
      queueMaxBytes: this.#queueMaxBytes,
      onDelivered: (type, text) => this.#ledger(from, type).delivered.push(text),
    });
    this.#disks.set(node, disk);
    return node;
  }

  #ledger(from: string, type: string): Ledger {
    const name = `${from} ${type}`;
    const ledger = this.#ledgers.get(name) ?? new Ledger();
    this.#ledgers.set(name, ledger);
    return ledger;
  }

  async #step(): Promise<void> {
    const node = this.#pick(this.#nodes);
    if (!node.running) await this.#start(node);
    const luck = this.#random.fraction();
    if (luck < 0.4) this.#send(node);
    else if (luck < 0.5) this.#break();
    else if (luck < 0.58) this.#hold();
    else if (luck < 0.74) this.#end(node);
    else if (luck < 0.86) this.#hurtDisk(node);
    else if (luck < 0.93) this.#slow(node);
    if (this.#purges && this.#chance(0.3)) await this.#purge(node);
    if (luck >= 0.4) this.#send(this.#pick(this.#nodes));
    await this.#pass(this.#pick([0, 1, 3, 10, 100, 1_000, 4_000]));
  }

  #send(node: SimulatedNode): void {
    if (!node.running) return;
    const count = this.#pick([1, 1, 3, 10, 40]);
    for (let index = 0; index < count; index += 1) {
      const type = this.#pick(TYPES);
      const ledger = this.#ledger(node.role, type);
      this.#sent += 1;
      const text = `${this.#sent} ${'.'.repeat(this.#pick([0, 10, 300]))}`;
      ledger.sent.push(text);
      node.send(type, text).then(
        () => ledger.confirmed.add(text),
        (error) => this.#count(error === CRASHED ? 'unconfirmed at a crash' : `refused ${error.code}`),
      );
    }
  }

  /** Somebody purges a queue, while everything else goes on. */
  async #purge(node: SimulatedNode): Promise<void> {
    if (!node.running) return;
    const purged = await node
      .purge((ids) => this.#pick(ids))
      .catch((error) => {
        if (error !== CRASHED) throw error;
        return undefined;
      });
    if (purged === undefined) return;
    for (const text of purged.seen)
      for (const ledger of this.#ledgers.values())
        if (ledger.sent.includes(text)) ledger.mayBePurged.add(text);
    const count = await Promise.race([purged.settled, this.#pass(1_000).then(() => undefined)]);
    if (count === undefined) return this.#count('purge refused or cut off');
    assert.ok(count <= purged.seen.length, `${count} were purged of ${purged.seen.length} that were seen`);
    if (count > 0) this.#count('purge');
  }

  /** A connection that has just been made: how fast, in what pieces, and whether it lasts. */
  #wear(ends: readonly SimulatedConnection[]): void {
    for (const end of ends) {
      end.latencyMs = this.#pick([0, 1, 1, 1, 1, 1, 20, 20, 200, 200, 800, 4_000]);
      if (end.latencyMs > 1) this.#count('delay');
      if (this.#chance(0.03)) {
        end.pieceBytes = 1;
        this.#count('one-byte writes');
      }
      if (this.#chance(0.1)) {
        end.breaksAfterBytes = this.#below(6_000);
        end.onTooManyBytes = () => this.#count('cut mid-frame');
      }
    }
    this.#tamper(ends);
  }

  /** The question whether the other side is aioc, or the answer, has an accident; on some connections that of both. */
  #tamper(ends: readonly SimulatedConnection[]): void {
    if (!this.#chance(0.3)) return;
    const asking = this.#pick([[0], [0, 1], [0, 1], [1]]);
    const faults = ends.map((_, side) => (asking.includes(side) ? this.#probeFault() : undefined));
    new ProbeTamperer({
      ends,
      faults,
      clock: this.#world.clock,
      onFault: ({ what, how }) => this.#count(`${what} ${how}`),
    });
  }

  #probeFault(): ProbeFault {
    return {
      what: this.#pick(['probe', 'answer to the probe']),
      how: this.#pick(['late', 'lost', 'echoed']),
      lateMs: this.#below(10_001),
      times: this.#pick([1, 1, Number.POSITIVE_INFINITY]),
    };
  }

  #break(): void {
    if (this.#world.network.open.length > 0) this.#count('cut');
    this.#world.network.cutAll();
  }

  /** Nothing arrives for a while, one way or both; some links then break, as a blackhole ends. */
  #hold(): void {
    const [pair] = this.#world.network.open;
    if (pair === undefined) return;
    const until = this.#world.clock.now() + this.#pick([50, 500, 5_000]);
    const ends = this.#chance(0.5) ? pair : [this.#pick(pair)];
    for (const end of ends) end.heldUntil = until;
    if (this.#chance(0.5)) return this.#count('stall');
    this.#count('blackhole');
    this.#world.clock.after(until - this.#world.clock.now(), () => pair[0].break());
  }

  #end(node: SimulatedNode): void {
    const disk = this.#disks.get(node) as SimulatedDisk;
    node.end();
    if (this.#durability !== 'os' && this.#chance(0.5)) {
      this.#count('power loss');
      disk.losePower();
    } else {
      this.#count('kill');
      disk.kill();
    }
  }

  #hurtDisk(node: SimulatedNode): void {
    const disk = this.#disks.get(node) as SimulatedDisk;
    const at = disk.calls + 1 + this.#below(30);
    const luck = this.#random.fraction();
    if (luck < 0.25) return this.#stallDisk(disk);
    if (luck < 0.5) {
      disk.fault = ({ number }) => (number >= at ? 'crash' : undefined);
      const told = disk.onCrash;
      disk.onCrash = () => {
        told();
        this.#count('crash at an I/O call');
        this.#end(node);
        this.#heal(node);
      };
    } else if (luck < 0.7) {
      disk.capacityBytes = disk.usedBytes + this.#below(2_000);
      this.#count('disk full');
      this.#world.clock.after(this.#pick([10, 600, 3_000]), () => this.#heal(node));
    } else {
      const name = luck < 0.85 ? 'sync' : 'write';
      const until = at + 1 + this.#below(6);
      const isShort = name === 'write' && this.#chance(0.4);
      disk.fault = (call) => {
        if (call.number < at || call.name !== name) return undefined;
        if (call.number > until) this.#heal(node);
        this.#count(isShort ? 'short write' : `failed ${name}`);
        return isShort ? 'short' : { fails: 'EIO' };
      };
    }
  }

  /** For a while nothing that is to be on it gets there: connections end and begin meanwhile, and processes die. */
  #stallDisk(disk: SimulatedDisk): void {
    const { clock } = this.#world;
    const until = clock.now() + this.#pick([20, 300, 3_000, 8_000]);
    disk.busy = ({ name }) => {
      const restMs = until - clock.now();
      if (restMs <= 0 || (name !== 'sync' && name !== 'write')) return undefined;
      return new Promise((resolve) => clock.after(restMs, resolve));
    };
    this.#count('stalled disk');
  }

  #slow(node: SimulatedNode): void {
    node.listens = this.#chance(0.6);
    node.listenerMs = this.#pick([0, 2, 50]);
    this.#count(node.listens ? 'slow listener' : 'absent listener');
  }

  #heal(node: SimulatedNode): void {
    const disk = this.#disks.get(node) as SimulatedDisk;
    disk.fault = () => undefined;
    disk.busy = () => undefined;
    disk.capacityBytes = Number.POSITIVE_INFINITY;
  }

  /** Starts until it comes up, now and then with a second fault on the way. */
  async #start(node: SimulatedNode): Promise<void> {
    const disk = this.#disks.get(node) as SimulatedDisk;
    for (;;) {
      const isFirst = !this.#started.has(node);
      this.#started.add(node);
      if (!isFirst) this.#count('restart');
      this.#heal(node);
      if (this.#chance(0.2)) {
        const at = disk.calls + 1 + this.#below(12);
        disk.fault = ({ number }) => (number >= at ? 'crash' : undefined);
      }
      try {
        await node.start();
        this.#heal(node);
        return;
      } catch (error) {
        if (error !== CRASHED) throw error;
        this.#count(isFirst ? 'crash in the first start' : 'crash in recovery');
        this.#end(node);
      }
    }
  }

  async #pass(ms: number): Promise<void> {
    await this.#world.clock.pass(ms);
  }

  /** Everything is well again, and stays so until nothing waits any more. */
  async #calm(): Promise<void> {
    const { clock, network } = this.#world;
    network.onDial = () => undefined;
    for (const node of this.#nodes) {
      node.listens = true;
      node.listenerMs = 0;
      this.#heal(node);
      if (!node.running) await this.#start(node);
    }
    // What began badly must come to a good end by itself, too.
    if (this.#chance(0.5)) network.cutAll();
    const isQuiet = (): boolean => this.#nodes.every((node) => node.running && node.waiting === 0);
    for (let waited = 0; !isQuiet(); waited += 1) {
      assert.ok(waited < 1_200, `messages still wait: ${this.#nodes.map(({ waiting }) => waiting).join()}`);
      await clock.pass(200);
      for (const node of this.#nodes) if (!node.running) await this.#start(node);
    }
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

/**
 * Lives through the history of a seed.
 *
 * @returns the faults that were in it, by kind
 * @throws AssertionError when a promise was broken
 */
export async function runSimulatedSeed(seed: number): Promise<FaultCounts> {
  const history = new SimulatedHistory(seed);
  await history.run();
  return history.faults;
}
