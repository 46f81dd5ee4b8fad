import { PACKET_KINDS } from '../../../engine/local/native/packets.ts';
import { u32 } from '../../helpers/malformed-frames.ts';
import type { Dice } from './dice.ts';
import { frameOf, recordsFor } from './frames.ts';
import { ODD_VALUES, objectText, valueText } from './odd-json.ts';
import { mutated, type Unit } from './unit.ts';

/** Some units are broken: by odd values, by changed bytes, or both. */
function broken(dice: Dice): { readonly isBroken: boolean; readonly oddness: number } {
  const isBroken = dice.chance(0.12);
  return { isBroken, oddness: isBroken ? dice.pick([0, 0.1, 0.4]) : 0 };
}

function unitOf(bytes: Buffer, { isBroken, oddness }: ReturnType<typeof broken>, dice: Dice): Unit {
  const isMutated = isBroken && (oddness === 0 || dice.chance(0.3));
  const ends = isMutated || (isBroken && dice.chance(0.3));
  return { bytes: isMutated ? mutated(bytes, dice) : bytes, isBroken: ends };
}

const packet = (kind: number, number: number, body: Buffer): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(5 + body.length, 0);
  head.writeUInt8(kind, 4);
  head.writeUInt32LE(number, 5);
  return Buffer.concat([head, body]);
};

const members = (list: readonly (readonly [string, string])[], dice: Dice, oddness: number): string =>
  objectText(
    list.map(([key, value]) => [key, valueText(value, dice, oddness)] as const),
    dice,
  );

/** The first packet of a program. */
export const HELLO = packet(PACKET_KINDS.hello, 1, Buffer.from('{"protocol": 2}'));

function bodyFor(kind: string, dice: Dice, oddness: number): Buffer {
  const json = (list: readonly (readonly [string, string])[]): Buffer =>
    Buffer.from(members(list, dice, oddness));
  switch (kind) {
    case 'hello':
      return json([['protocol', dice.pick(['1', '2', '3'])]]);
    case 'send':
    case 'request':
      return frameOf(dice, oddness).subarray(4);
    case 'sendBatch': {
      const { count, bytes } = recordsFor(dice, oddness);
      const header = Buffer.from(
        members(
          [
            ['message_type', '"any"'],
            ['aioc_batch', String(count)],
          ],
          dice,
          oddness / 2,
        ),
      );
      const length = Buffer.alloc(2);
      length.writeUInt16LE(header.length & 0xffff);
      return Buffer.concat([length, header, u32(bytes.length), bytes]);
    }
    case 'subscribe':
      return json([
        ['type', '"other"'],
        ['credit', String(1 + dice.below(100))],
        ['holdsSocket', dice.pick(['true', 'false'])],
        ['takeOver', dice.pick(['true', 'false'])],
      ]);
    case 'taken':
      return json([['upTo', String(dice.below(1_000))]]);
    default:
      return dice.bytes(dice.below(40));
  }
}

const PROGRAM_KINDS = ['send', 'send', 'request', 'sendBatch', 'sendBatch', 'subscribe', 'taken', 'cancel'];
const OTHER_KINDS = ['hello', 'unsubscribe', 'fileBytes', 'engineRequest', 'welcome', 'message', 'batch'];

/** A packet of a program on a native socket (engine/local/native/PROTOCOL.md). */
export function packetUnit(dice: Dice): Unit {
  const how = broken(dice);
  const kind = dice.pick(how.isBroken && dice.chance(0.3) ? OTHER_KINDS : PROGRAM_KINDS);
  const code = how.isBroken && dice.chance(0.1) ? dice.below(256) : PACKET_KINDS[kind as 'send'];
  const number = how.isBroken && dice.chance(0.2) ? 0xffff_ffff : 2 + dice.below(1_000);
  return unitOf(packet(code, number, bodyFor(kind, dice, how.oddness)), how, dice);
}

/** Names of commands that leave the connector as it is. */
const COMMANDS = [
  'show_connected_peers__sync',
  'peek_queues__sync',
  'show_log_level__sync',
  'show_attribute__sync',
  'disconnect_client',
  'delete_client_certificate_on_server',
  'delete_client_token_on_server',
  'load_server_tokens',
  'constructor',
  '__proto__',
  'toString',
  'handle_ssl',
];

/** A command of Python's tool, each on its own connection. */
export function commandUnit(dice: Dice): Unit {
  const how = broken(dice);
  const text = members(
    [
      ['cmd', `"${dice.pick(COMMANDS)}"`],
      [
        'kwargs',
        members(
          [
            ['client_id', '"nobody"'],
            ['dump_result', 'true'],
            ['attribute', `"${dice.pick(['is_server', 'certificates', '__proto__', 'use_ssl'])}"`],
          ].filter(() => dice.chance(0.7)) as [string, string][],
          dice,
          how.oddness,
        ),
      ],
    ],
    dice,
    how.oddness / 2,
  );
  const bytes = Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);
  // The connector reads one command of a connection.
  return { ...unitOf(bytes, how, dice), isBroken: true };
}

type Members = readonly (readonly [string, string])[];

const VIEWS: readonly Members[] = [
  [['pane', '"status"']],
  ...['peers', 'queues'].map(
    (pane): Members => [
      ['pane', `"${pane}"`],
      ['filter', '"a"'],
      ['sort', '"name"'],
      ['descending', 'false'],
      ['offset', '0'],
      ['rows', '10'],
    ],
  ),
  [
    ['pane', '"log"'],
    ['filter', '"(a+)+$"'],
    ['rows', '20'],
    ['endId', '3'],
  ],
  [
    ['pane', '"chat"'],
    ['peer', '"1"'],
    ['filter', '""'],
    ['rows', '20'],
  ],
];

/** Commands of a screen that do not stop the connector, and write nothing outside its directory. */
const SCREEN_COMMANDS: readonly Members[] = [
  [['kind', '"files.list"']],
  [
    ['kind', '"newcomer.accept"'],
    ['joinRequest', '1'],
  ],
  ...['peer.ping', 'peer.disconnect', 'chat.read', 'certificate.delete'].map(
    (kind): Members => [
      ['kind', `"${kind}"`],
      ['peer', '"nobody"'],
    ],
  ),
  [
    ['kind', '"chat.say"'],
    ['peer', '"nobody"'],
    ['text', '"\\u001b[2J"'],
  ],
  [
    ['kind', '"chat.upload"'],
    ['peer', '"nobody"'],
    ['path', '"/nonexistent/file"'],
  ],
  [
    ['kind', '"log.note"'],
    ['text', '"a note"'],
    ['warning', 'false'],
  ],
];

function requestText(dice: Dice, oddness: number): string {
  const nested = (list: Members): string => members(list, dice, oddness);
  const request = dice.pick<Members>([
    [
      ['kind', '"hello"'],
      ['version', String(1 + dice.below(20))],
    ],
    [
      ['kind', dice.pick(['"open"', '"change"'])],
      ['viewId', String(dice.below(5))],
      ['view', nested(dice.pick(VIEWS))],
    ],
    [
      ['kind', '"close"'],
      ['viewId', String(dice.below(5))],
    ],
    [
      ['kind', '"query"'],
      ['callId', String(dice.below(100))],
      ['logId', dice.chance(0.9) ? String(dice.below(50)) : dice.pick(ODD_VALUES)],
    ],
    [
      ['kind', '"execute"'],
      ['callId', String(dice.below(100))],
      ['command', nested(dice.pick(SCREEN_COMMANDS))],
    ],
  ]);
  return nested(request);
}

/** A request of a screen on the attach socket. */
export function attachUnit(dice: Dice): Unit {
  const how = broken(dice);
  const body = Buffer.from(requestText(dice, how.oddness));
  const kind = how.isBroken && dice.chance(0.05) ? dice.below(256) : PACKET_KINDS.engineRequest;
  return unitOf(packet(kind, 1, body), how, dice);
}
