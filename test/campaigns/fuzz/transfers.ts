import { createHash } from 'node:crypto';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { probeFrame } from '../../../engine/protocol/messages.ts';
import type { Dice } from './dice.ts';
import { frameUnit } from './frames.ts';
import { objectText, valueText } from './odd-json.ts';
import { mutated, type Unit } from './unit.ts';

/** What a peer says that takes batches and files. */
export function aiocHello(sourceId: string): Buffer {
  const hello = { version: '0', name: sourceId, instance: 'i', streams: true, batches: true, files: true };
  return encodeFrame(probeFrame({ hello, nonce: 'n', sourceId, destinationId: 'server' }));
}

/** A frame of a peer that takes batches and files: a whole file in its frames, a frame about a file, or any other. */
export function aiocUnit(dice: Dice): Unit {
  if (dice.chance(0.25)) return wholeFile(dice);
  if (dice.chance(0.5)) return frameUnit(dice);
  const oddness = dice.pick([0, 0, 0.1, 0.4]);
  const id = dice.chance(0.5) ? FIXED_ID : newId(dice);
  const bytes = aboutFile(dice, { id, kind: dice.pick(KINDS), oddness });
  return { bytes: dice.chance(0.1) ? mutated(bytes, dice) : bytes, isBroken: dice.chance(0.5) };
}

const KINDS = ['offer', 'piece', 'end', 'accept', 'got', 'ready', 'stop', 'stopped', 'held'] as const;
const FIXED_ID = 'AAAAAAAAAAAAAAAAAAAAAA.1';
const NAMES = ['f', 'sub/f', '../f', '/f', '.aioc-partial-x', 'a\\u0000b', 'x'.repeat(400), ''];
/** What a conversation waits for: the receiver has opened the file, and has all of it. */
const ACCEPTED = '"accept"';
const READY = '"ready"';

const quoted = (text: string): string => `"${text}"`;
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64url');
const newId = (dice: Dice): string => `${dice.bytes(16).toString('base64url')}.${1 + dice.below(9)}`;

interface AboutFile {
  readonly id: string;
  readonly kind: (typeof KINDS)[number];
  readonly oddness: number;
  readonly members?: Readonly<Record<string, string>>;
  readonly binary?: Buffer | undefined;
}

function aboutFile(dice: Dice, { id, kind, oddness, members, binary }: AboutFile): Buffer {
  const bytes =
    binary ?? (kind === 'offer' ? Buffer.from(messageHeader(dice, id)) : dice.bytes(dice.below(50)));
  const said = Object.entries({ id: quoted(id), ...(members ?? membersOf(kind, dice, bytes)) });
  const odd = said.map(([key, value]) => [key, valueText(value, dice, oddness)] as const);
  const data = Buffer.from(objectText([[kind, objectText(odd, dice)]], dice));
  const hasBinary = (kind === 'offer' || kind === 'piece') && bytes.length > 0;
  const header = { message_type: '_aioc', ...(hasBinary && { with_binary: true }) };
  return encodeFrame({ header, data, ...(hasBinary && { binary: bytes }) });
}

function membersOf(kind: AboutFile['kind'], dice: Dice, binary: Buffer): Record<string, string> {
  const digest = quoted(digestOf(binary));
  const count = String(dice.below(dice.chance(0.8) ? 100 : 2 ** 40));
  switch (kind) {
    case 'offer':
      return {
        kind: dice.chance(0.7) ? '"file"' : '"tree"',
        ...(dice.chance(0.7) && { size: count }),
        mode: String(dice.below(0o10000)),
        mtime_ms: String(dice.pick([0, 1e12, -1e15, 9e15])),
      };
    case 'piece':
      return {
        at: dice.chance(0.6) ? '0' : count,
        size: String(binary.length),
        digest,
        ...(dice.chance(0.3) && { data: `[[${dice.below(9)}, ${dice.below(60)}]]` }),
      };
    case 'end':
      return { size: count, digest };
    case 'accept':
      return { have: dice.chance(0.5) ? '[]' : `[[${count}, ${digest}]]` };
    case 'got':
      return { bytes: count };
    case 'stop':
      return { code: '"AIOC_CANCELLED"', reason: '"\\u001b[2J no more"' };
    default:
      return {};
  }
}

function messageHeader(dice: Dice, id: string): string {
  const file = `{"dst_type": "any", "dst_name": ${quoted(dice.pick(NAMES))}, "src_path": "/x"}`;
  const members = ['"message_type": "any"', `"transport_id": ${quoted(id)}`, `"with_file": ${file}`];
  return `{${members.join(', ')}}`;
}

/** As a sender does: it offers, sends the pieces when the receiver has opened the file, and the message at last. */
function wholeFile(dice: Dice): Unit {
  const id = newId(dice);
  const oddness = dice.pick([0, 0, 0, 0.05]);
  const content = dice.bytes(1 + dice.below(200));
  const isTree = dice.chance(0.3);
  const offer = {
    kind: isTree ? '"tree"' : '"file"',
    ...(!isTree && { size: String(content.length) }),
    ...{ mode: String(0o644), mtime_ms: '0' },
  };
  const frame = (kind: AboutFile['kind'], members: Record<string, string>, binary?: Buffer): Buffer =>
    aboutFile(dice, { id, kind, oddness, members, binary });
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    const end = Math.min(content.length, at + 1 + dice.below(100));
    const digest = quoted(digestOf(content.subarray(0, end)));
    pieces.push(frame('piece', { at: `${at}`, size: `${end - at}`, digest }, content.subarray(at, end)));
    at = end;
  }
  pieces.push(frame('end', { size: String(content.length), digest: quoted(digestOf(content)) }));
  const ended = Buffer.concat(pieces);
  const header = JSON.parse(messageHeader(dice, id)) as { message_type: string };
  const message = encodeFrame({ header: { ...header, aioc_transfer: id }, data: Buffer.from('with a file') });
  return {
    bytes: frame('offer', offer, Buffer.from(messageHeader(dice, id))),
    isBroken: true,
    later: [
      { after: ACCEPTED, bytes: dice.chance(0.2) ? mutated(ended, dice) : ended },
      { after: READY, bytes: message },
    ],
  };
}
