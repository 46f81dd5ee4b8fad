import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../../engine/base/disk.ts';
import { AiocError } from '../../engine/base/errors.ts';
import type { Randomness } from '../../engine/base/ports.ts';
import { SimulatedFile } from './simulated-file.ts';

export type DiskCallName =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'size'
  | 'close'
  | 'list'
  | 'mkdir'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'lock';

export interface DiskCall {
  /** Counted from 1. */
  readonly number: number;
  readonly name: DiskCallName;
  readonly path: string;
}

/** `crash`: the call, and every later one, never returns; a write has then been done in part. */
export type DiskFault = { readonly fails: string } | 'short' | 'crash';

type NameChange =
  | { readonly kind: 'set'; readonly path: string; readonly file: SimulatedFile }
  | { readonly kind: 'move'; readonly from: string; readonly to: string; readonly file: SimulatedFile }
  | { readonly kind: 'remove'; readonly path: string };

export interface SimulatedDiskOptions {
  readonly random: Randomness;
  /** How many turns of the event loop's microtasks a call takes. */
  readonly turns?: (name: DiskCallName) => number;
}

/** A disk in memory that fails as it is told, and loses at a crash what a real one may lose. */
export class SimulatedDisk {
  readonly #random: Randomness;
  readonly #queue: (name: DiskCallName) => number;
  #seen = new Map<string, SimulatedFile>();
  #platter = new Map<string, SimulatedFile>();
  #underWay: NameChange[] = [];
  readonly #directories = new Set<string>();
  readonly #locks = new Set<string>();
  #boot = 0;
  calls = 0;
  /** Decides which calls go wrong. */
  fault: (call: DiskCall) => DiskFault | undefined = () => undefined;
  /** What a call waits for before it is done, as with a disk that is busy. */
  busy: (call: DiskCall) => Promise<void> | undefined = () => undefined;
  /** Told when a call has crashed the machine. */
  onCrash: () => void = () => undefined;
  /** Told when a write found no room, and of each that the loss of the power has torn. */
  onHurtWrite: (how: 'no room' | 'torn') => void = () => undefined;
  capacityBytes = Number.POSITIVE_INFINITY;

  constructor({ random, turns = () => 1 }: SimulatedDiskOptions) {
    this.#random = random;
    this.#queue = turns;
  }

  get paths(): readonly string[] {
    return [...this.#seen.keys()].sort();
  }

  file(path: string): SimulatedFile {
    const file = this.#seen.get(path);
    if (file === undefined) throw failure('ENOENT', path);
    return file;
  }

  put(path: string, bytes: Buffer): void {
    const file = new SimulatedFile();
    file.write(bytes, 0);
    file.sync();
    this.#seen.set(path, file);
    this.#platter.set(path, file);
    this.#directories.add(dirname(path));
  }

  get usedBytes(): number {
    let used = 0;
    for (const { size } of this.#seen.values()) used += size;
    return used;
  }

  /** Every program of before is gone, its calls never return, and its locks are free. Nothing is lost by that alone. */
  kill(): void {
    this.#boot += 1;
    this.#locks.clear();
  }

  /** The same, and what was not synced may be lost. */
  losePower(): void {
    this.kill();
    const isInOrder = this.#random.fraction() < 0.5;
    for (const change of this.#underWay) {
      if (this.#random.fraction() < 0.6) this.#applyName(this.#platter, change);
      else if (isInOrder) break;
    }
    this.#underWay = [];
    this.#seen = new Map(this.#platter);
    for (const file of new Set(this.#seen.values()))
      for (let torn = file.losePower(this.#random); torn > 0; torn -= 1) this.onHurtWrite('torn');
  }

  /** The disk as a program that starts now sees it. */
  mount(): Disk {
    const boot = this.#boot;
    const call = (name: DiskCallName, path: string): Promise<DiskFault | undefined> =>
      this.#call(boot, name, path);
    const simple = async (name: DiskCallName, path: string): Promise<void> => {
      const fault = await call(name, path);
      if (typeof fault === 'object') throw failure(fault.fails, path);
    };
    return {
      open: async (path, how) => {
        await simple(how === 'create' ? 'create' : 'open', path);
        if (how === 'create') {
          if (this.#seen.has(path)) throw failure('EEXIST', path);
          this.#name({ kind: 'set', path, file: new SimulatedFile() });
        }
        return this.#handle(this.file(path), path, { call, simple });
      },
      list: async (directory) => {
        await simple('list', directory);
        if (!this.#directories.has(directory)) throw failure('ENOENT', directory);
        return this.paths
          .filter((path) => dirname(path) === directory)
          .map((path) => path.slice(directory.length + 1));
      },
      makeDirectory: async (path) => {
        await simple('mkdir', path);
        this.#directories.add(path);
      },
      rename: async (from, to) => {
        await simple('rename', from);
        this.#name({ kind: 'move', from, to, file: this.file(from) });
      },
      remove: async (path) => {
        await simple('remove', path);
        this.file(path);
        this.#name({ kind: 'remove', path });
      },
      syncDirectory: async (path) => {
        await simple('syncDirectory', path);
        const isIn = (change: NameChange): boolean =>
          dirname(change.kind === 'move' ? change.to : change.path) === path;
        for (const change of this.#underWay.filter(isIn)) this.#applyName(this.#platter, change);
        this.#underWay = this.#underWay.filter((change) => !isIn(change));
      },
      lock: async (path) => {
        await simple('lock', path);
        if (this.#locks.has(path)) throw new AiocError('AIOC_JOURNAL_IN_USE', `${path} is held by another`);
        this.#locks.add(path);
        return async () => void this.#locks.delete(path);
      },
      lockHolder: async (path) => (this.#locks.has(path) ? 'another' : undefined),
    };
  }

  #handle(
    file: SimulatedFile,
    path: string,
    {
      call,
      simple,
    }: {
      readonly call: (name: DiskCallName, path: string) => Promise<DiskFault | undefined>;
      readonly simple: (name: DiskCallName, path: string) => Promise<void>;
    },
  ): DiskFile {
    return {
      read: async (into, at) => {
        await simple('read', path);
        const bytes = file.read(at, at + into.length);
        into.set(bytes);
        return bytes.length;
      },
      write: async (bytes, at) => {
        // What the program does to its buffer meanwhile must not matter, but would show.
        const fault = await call('write', path);
        return this.#write({ file, path, fault }, bytes, at);
      },
      writev: async (pieces, at) => {
        const fault = await call('write', path);
        return this.#write({ file, path, fault }, Buffer.concat(pieces), at);
      },
      sync: async () => {
        const fault = await call('sync', path);
        if (typeof fault === 'object') {
          file.failSync(this.#random);
          throw failure(fault.fails, path);
        }
        file.sync();
      },
      truncate: async (size) => {
        await simple('truncate', path);
        file.truncate(size);
      },
      size: async () => {
        await simple('size', path);
        return file.size;
      },
      close: () => simple('close', path),
    };
  }

  #write(
    {
      file,
      path,
      fault,
    }: { readonly file: SimulatedFile; readonly path: string; readonly fault: DiskFault | undefined },
    bytes: Buffer,
    at: number,
  ): number {
    const room = Math.max(0, this.capacityBytes - this.usedBytes + Math.max(0, file.size - at));
    let count = Math.min(bytes.length, room);
    if (fault !== undefined) count = Math.min(count, Math.floor(this.#random.fraction() * bytes.length));
    file.write(bytes.subarray(0, count), at);
    if (typeof fault === 'object') throw failure(fault.fails, path);
    if (count === 0 && fault === undefined && bytes.length > 0) {
      this.onHurtWrite('no room');
      throw failure('ENOSPC', path);
    }
    if (fault === 'short' && count === 0) {
      file.write(bytes.subarray(0, 1), at);
      return 1;
    }
    return count;
  }

  async #call(boot: number, name: DiskCallName, path: string): Promise<DiskFault | undefined> {
    if (boot !== this.#boot) return new Promise(() => undefined);
    this.calls += 1;
    const call = { number: this.calls, name, path };
    const fault = this.fault(call);
    const busy = this.busy(call);
    if (busy !== undefined) await busy;
    for (let turn = this.#queue(name); turn > 0; turn -= 1) await undefined;
    if (boot !== this.#boot) return new Promise(() => undefined);
    if (fault !== 'crash') return fault === 'short' && name !== 'write' ? undefined : fault;
    this.#boot += 1;
    this.onCrash();
    return new Promise(() => undefined);
  }

  #name(change: NameChange): void {
    this.#applyName(this.#seen, change);
    this.#underWay.push(change);
  }

  #applyName(names: Map<string, SimulatedFile>, change: NameChange): void {
    if (change.kind === 'set') names.set(change.path, change.file);
    else if (change.kind === 'remove') names.delete(change.path);
    else {
      if (names.get(change.from) === change.file) names.delete(change.from);
      names.set(change.to, change.file);
    }
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${path}`), { code });
}
