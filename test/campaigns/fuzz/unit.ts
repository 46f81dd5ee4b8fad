import type { Dice } from './dice.ts';

/** One piece of input: a frame, a packet or a command. */
export interface Unit {
  readonly bytes: Buffer;
  /** It may end its connection, so nothing is worth being sent behind it. */
  readonly isBroken: boolean;
  /** What is sent later, each when the connector has said something. Only of the last unit of a connection. */
  readonly later?: readonly { readonly after: string; readonly bytes: Buffer }[];
}

const LENGTHS = [0, 1, 2, 4, 0x7f, 0x80, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

type Change = (bytes: Buffer, dice: Dice) => Buffer;

function flip(bytes: Buffer, dice: Dice): Buffer {
  const changed = Buffer.from(bytes);
  for (let flips = 1 + dice.below(4); flips > 0; flips -= 1)
    changed[dice.below(changed.length)] = dice.below(256);
  return changed;
}

function replaceLength(bytes: Buffer, dice: Dice): Buffer {
  if (bytes.length < 4) return bytes;
  const changed = Buffer.from(bytes);
  const at = dice.chance(0.5) ? 0 : dice.below(bytes.length - 3);
  changed.writeUInt32LE(dice.chance(0.5) ? dice.pick(LENGTHS) : dice.below(bytes.length + 8), at);
  return changed;
}

function insert(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.below(8)), bytes.subarray(at)]);
}

function repeat(bytes: Buffer, dice: Dice): Buffer {
  const from = dice.below(bytes.length);
  const part = bytes.subarray(from, from + 1 + dice.below(32));
  return Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(from)]);
}

const cut: Change = (bytes, dice) => bytes.subarray(0, 1 + dice.below(bytes.length));
const CHANGES: readonly Change[] = [flip, flip, replaceLength, insert, repeat, cut];

/** The bytes with a few changes that know nothing of their meaning. */
export function mutated(bytes: Buffer, dice: Dice): Buffer {
  let changed = bytes;
  for (let changes = 1 + dice.below(2); changes > 0 && changed.length > 0; changes -= 1)
    changed = dice.pick(CHANGES)(changed, dice);
  return changed;
}
