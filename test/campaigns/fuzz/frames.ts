import { RecordBatchBuilder } from '../../../engine/protocol/record-batch.ts';
import { frameWith, u32 } from '../../helpers/malformed-frames.ts';
import type { Dice } from './dice.ts';
import { objectText, valueText } from './odd-json.ts';
import { mutated, type Unit } from './unit.ts';

const EPOCHS = ['AAAAAAAAAAAAAAAAAAAAAA', 'abcdefghijklmnopqrstuv', '0123456789-_0123456789'];
const FILE_NAMES = ['f1', 'f2', 'sub/f3', '../f4', '/f5', 'a\\u0000b', '.aioc-partial', '..', ''];

const text = (value: string): string => `"${value}"`;
const number = (dice: Dice): string => String(1 + dice.below(dice.chance(0.9) ? 50 : 2 ** 40));
const position = (dice: Dice): string =>
  `${dice.pick(EPOCHS)}.${number(dice)}${dice.chance(0.1) ? `.${number(dice)}` : ''}`;

type Make = (dice: Dice) => string;

/** Keys of headers, and sound values for them (PROTOCOL §1). */
const KEYS: readonly (readonly [key: string, probability: number, make: Make])[] = [
  ['source_id', 0.3, (dice) => text(dice.pick(['fuzz0', 'fuzz1', 'client1', 'admin', 'toString']))],
  ['destination_id', 0.3, (dice) => text(dice.pick(['fuzz0', "('127.0.0.1', 10673)", 'nobody']))],
  ['request_id', 0.15, (dice) => (dice.chance(0.5) ? number(dice) : text(`r${dice.below(9)}`))],
  ['response_id', 0.1, (dice) => (dice.chance(0.5) ? number(dice) : text(`r${dice.below(9)}`))],
  ['await_response', 0.05, () => 'true'],
  ['transport_id', 0.4, (dice) => (dice.chance(0.5) ? number(dice) : text(position(dice)))],
  ['wait_for_ack', 0.05, () => 'true'],
  ['tag', 0.05, () => text('a-tag')],
  ['error', 0.02, () => text('response_too_large')],
  ['message_type_publish', 0.02, () => text('topic')],
  ['aioc_dropped', 0.02, () => 'true'],
  ['unknown_key', 0.05, (dice) => number(dice)],
];

const FILE_KEYS: readonly (readonly [key: string, make: Make])[] = [
  ['src_path', () => text('/nonexistent/file')],
  ['dst_type', (dice) => text(dice.pick(['any', 'none', '__proto__', 'constructor']))],
  ['dst_name', (dice) => text(dice.pick(FILE_NAMES))],
  ['delete', () => 'false'],
  ['binary_offset', (dice) => String(dice.below(20))],
  ['file_error', () => text('no such file')],
  ['chunked', (dice) => `["f__aioconnectors_chunk", ${1 + dice.below(3)}, 2]`],
];

const TYPES = ['_ping', '_ack', '_aioc', '_ssl', '_handshake_ssl', '_handshake_no_ssl', '_token', '_pubsub'];
const OTHER_TYPES = ['other', 'constructor', '__proto__', '_', 'x'.repeat(300)];

function typeOf(dice: Dice): string {
  if (dice.chance(0.6)) return 'any';
  return dice.pick(dice.chance(0.85) ? TYPES : OTHER_TYPES);
}

function fileText(dice: Dice, oddness: number): string {
  const members = FILE_KEYS.filter(([key]) => dice.chance(key.startsWith('dst') ? 0.9 : 0.3));
  return objectText(
    members.map(([key, make]) => [key, valueText(make(dice), dice, oddness)] as const),
    dice,
  );
}

/** What aioc peers say about messages that they have (engine/protocol/stream-frames.ts), and in probes. */
function aiocText(dice: Dice, oddness: number): string {
  const value = (sound: string): string => valueText(sound, dice, oddness);
  const rows = Array.from({ length: dice.below(4) }, () => {
    const dropped = dice.chance(0.3) ? `, [${value(number(dice))}, [${value('3')}, ${value('9')}]]` : '';
    return `[${value('"any"')}, ${value(text(dice.pick(EPOCHS)))}, ${value(number(dice))}${dropped}]`;
  });
  return objectText(
    dice.pick([
      [[dice.pick(['have', 'ack', 'gone']), value(`[${rows.join(', ')}]`)]],
      [['refused', value(text(dice.pick(['declined', 'stopping', 'name-in-use'])))]],
      [['superseded_from', value('"10.0.0.1"')]],
      [
        ['aioc', value('1')],
        ['nonce', value('"n"')],
        ['version', value('"0.0.0"')],
        ['name', value('"n\\u001b"')],
        ['instance', value('"i"')],
        ['batches', value('true')],
        ['messageMaxBytes', value('1000')],
      ],
      [
        ['cmd', value('"get_new_certificate"')],
        ['aioc_certificate', value('"-----BEGIN CERTIFICATE-----"')],
        ['aioc_proof', value('"AAAA"')],
        ['aioc_invitation', value('"AAAA"')],
      ],
    ]),
    dice,
  );
}

/** Records of a batch, of which some have headers that they may not have. */
export function recordsFor(dice: Dice, oddness: number): { readonly count: number; readonly bytes: Buffer } {
  const builder = new RecordBatchBuilder();
  const count = 1 + dice.below(5);
  for (let made = 0; made < count; made += 1) {
    const members = KEYS.filter(([key]) => dice.chance(key.endsWith('_id') ? oddness : 0.1));
    const header = objectText(
      members.map(([key, , make]) => [key, valueText(make(dice), dice, oddness)] as const),
      dice,
    );
    builder.addMessage(Buffer.from(header).toString('latin1'), dice.bytes(dice.below(40)), Buffer.alloc(0));
  }
  const bytes = Buffer.concat(builder.take().pieces);
  return { count, bytes: dice.chance(oddness) ? mutated(bytes, dice) : bytes };
}

/** Below this, a unit is sound: it has no odd value and no changed byte. */
const BROKEN_SHARE = 0.12;

/** A frame: sound, with odd values, or with changed bytes. */
export function frameUnit(dice: Dice): Unit {
  const isBroken = dice.chance(BROKEN_SHARE);
  const oddness = isBroken ? dice.pick([0, 0.1, 0.4]) : 0;
  const bytes = frameOf(dice, oddness);
  const isMutated = isBroken && (oddness === 0 || dice.chance(0.3));
  // Most odd values are taken, and what comes behind them is read.
  return {
    bytes: isMutated ? mutated(bytes, dice) : bytes,
    isBroken: isMutated || (isBroken && dice.chance(0.3)),
  };
}

/** A frame with values that are odd with this probability each. */
export function frameOf(dice: Dice, oddness: number): Buffer {
  const type = typeOf(dice);
  const batch = type === 'any' && dice.chance(0.15) ? recordsFor(dice, oddness) : undefined;
  const binary = batch === undefined && dice.chance(0.2) ? dice.bytes(dice.below(64)) : undefined;
  const members = KEYS.filter(([, probability]) => dice.chance(probability)).map(
    ([key, , make]) => [key, valueText(make(dice), dice, oddness)] as const,
  );
  const header = objectText(
    [
      ['message_type', valueText(text(type), dice, oddness / 4)],
      ...members.filter(([key]) => batch === undefined || key !== 'transport_id'),
      ...(batch === undefined
        ? []
        : ([
            ['aioc_batch', valueText(String(batch.count), dice, oddness)],
            ['transport_id', text(position(dice))],
          ] as const)),
      ...(binary === undefined ? [] : ([['with_binary', valueText('true', dice, oddness)]] as const)),
      ...(dice.chance(0.05)
        ? ([['with_file', valueText(fileText(dice, oddness), dice, oddness)]] as const)
        : []),
    ],
    dice,
  );
  return assembled(header, batch?.bytes ?? dataFor(type, dice, oddness), binary);
}

function dataFor(type: string, dice: Dice, oddness: number): Buffer {
  if (type === '_aioc' || type === '_ssl' || type === '_token' || (type === '_ping' && dice.chance(0.5)))
    return Buffer.from(aiocText(dice, oddness));
  if (type.startsWith('_handshake')) return Buffer.from('hello');
  return dice.bytes(dice.below(dice.chance(0.02) ? 5_000 : 60));
}

function assembled(header: string, data: Buffer, binary: Buffer | undefined): Buffer {
  const head = frameWith(header, '').subarray(4, -4);
  const parts = [head, u32(data.length), data];
  if (binary !== undefined) parts.push(u32(binary.length), binary);
  const rest = Buffer.concat(parts);
  return Buffer.concat([u32(rest.length), rest]);
}

/** The frame in which a client says who it is. */
export function handshakeFrame(type: string, name: string): Buffer {
  return frameWith(`{"message_type": "${type}", "source_id": "${name}"}`, 'hello');
}
