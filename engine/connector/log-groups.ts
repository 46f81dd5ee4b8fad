import type { JsonValue } from '../protocol/header.ts';

/** Log rows that came together: the messages of a batch, a file, or an event. */
export interface LogGroup {
  readonly firstId: number;
  readonly atMs: number;
  readonly peerName: string;
  readonly type: string;
  /** `source_id` and `destination_id` of the messages' headers. */
  readonly source: JsonValue | undefined;
  readonly destination: JsonValue | undefined;
  /** Bits that the log defines. */
  readonly flags: number;
  /** Where its bytes are, and how many. */
  readonly bodyAt: number;
  readonly bodyBytes: number;
}

const FIRST_GROUPS = 64;

/**
 * The latest groups of log rows, as numbers in columns; group numbers are consecutive. A busy connector without batches
 * has a group for each message: as objects they would cost a quarter of its time in garbage collection.
 */
export class LogGroups {
  #first = 0;
  #end = 0;
  #firstIds = new Float64Array(FIRST_GROUPS);
  #atMs = new Float64Array(FIRST_GROUPS);
  #bodyAt = new Float64Array(FIRST_GROUPS);
  #bodyBytes = new Uint32Array(FIRST_GROUPS);
  #flags = new Uint8Array(FIRST_GROUPS);
  #peerNames: string[] = filled(FIRST_GROUPS, '');
  #types: string[] = filled(FIRST_GROUPS, '');
  #sources: (JsonValue | undefined)[] = filled(FIRST_GROUPS, undefined);
  #destinations: (JsonValue | undefined)[] = filled(FIRST_GROUPS, undefined);

  /** The number of the oldest group that is kept. */
  get first(): number {
    return this.#first;
  }

  /** The number of the next group. */
  get end(): number {
    return this.#end;
  }

  add(group: LogGroup): void {
    if (this.#end - this.#first === this.#flags.length) this.#grow();
    // Each message brings new strings: equal ones are shared with the group before.
    const before = this.#slot(this.#end - 1);
    const slot = this.#slot(this.#end);
    this.#end += 1;
    this.#firstIds[slot] = group.firstId;
    this.#atMs[slot] = group.atMs;
    this.#bodyAt[slot] = group.bodyAt;
    this.#bodyBytes[slot] = group.bodyBytes;
    this.#flags[slot] = group.flags;
    this.#peerNames[slot] = group.peerName;
    this.#types[slot] = shared(this.#types[before] as string, group.type);
    this.#sources[slot] = shared(this.#sources[before], group.source);
    this.#destinations[slot] = shared(this.#destinations[before], group.destination);
  }

  /** Removes the oldest group. */
  removeFirst(): void {
    this.#first += 1;
  }

  firstId(group: number): number {
    return this.#firstIds[this.#slot(group)] as number;
  }

  flags(group: number): number {
    return this.#flags[this.#slot(group)] as number;
  }

  bodyAt(group: number): number {
    return this.#bodyAt[this.#slot(group)] as number;
  }

  bodyBytes(group: number): number {
    return this.#bodyBytes[this.#slot(group)] as number;
  }

  at(group: number): LogGroup {
    const slot = this.#slot(group);
    return {
      ...{ firstId: this.#firstIds[slot] as number, atMs: this.#atMs[slot] as number },
      ...{ peerName: this.#peerNames[slot] as string, type: this.#types[slot] as string },
      ...{ source: this.#sources[slot], destination: this.#destinations[slot] },
      ...{ flags: this.#flags[slot] as number, bodyAt: this.#bodyAt[slot] as number },
      bodyBytes: this.#bodyBytes[slot] as number,
    };
  }

  /** The number of the group that has this row, which must be one that is kept. */
  groupOf(id: number): number {
    let low = this.#first;
    let high = this.#end - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.firstId(middle) <= id) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #slot(group: number): number {
    // The capacity is a power of two.
    return group & (this.#flags.length - 1);
  }

  #grow(): void {
    const groups = 2 * this.#flags.length;
    const first = this.#first;
    this.#firstIds = moved(first, this.#firstIds, new Float64Array(groups));
    this.#atMs = moved(first, this.#atMs, new Float64Array(groups));
    this.#bodyAt = moved(first, this.#bodyAt, new Float64Array(groups));
    this.#bodyBytes = moved(first, this.#bodyBytes, new Uint32Array(groups));
    this.#flags = moved(first, this.#flags, new Uint8Array(groups));
    this.#peerNames = moved(first, this.#peerNames, filled(groups, ''));
    this.#types = moved(first, this.#types, filled(groups, ''));
    this.#sources = moved(first, this.#sources, filled(groups, undefined));
    this.#destinations = moved(first, this.#destinations, filled(groups, undefined));
  }
}

function filled<Value>(length: number, value: Value): Value[] {
  return new Array<Value>(length).fill(value);
}

/** The groups of a full column, from `first` on, in a larger one. */
function moved<Column extends Float64Array | Uint32Array | Uint8Array | unknown[]>(
  first: number,
  from: Column,
  into: Column,
): Column {
  for (let group = first; group < first + from.length; group += 1)
    into[group & (into.length - 1)] = from[group & (from.length - 1)] as number;
  return into;
}

function shared<Value>(before: Value, value: Value): Value {
  return value === before ? before : value;
}
