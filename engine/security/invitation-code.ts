import { crc32 } from '../base/crc32.ts';
import { AiocError } from '../base/errors.ts';
import { isClientName } from '../protocol/names.ts';

/** Everything that a new client needs to join a server. */
export interface Invitation {
  /** The server's address, as the client reaches it. */
  readonly host: string;
  readonly port: number;
  /** The name of the new client. */
  readonly name: string;
  /** SHA-256 of the server's certificate, lower-case hex. */
  readonly serverFingerprint: string;
  /** Known to the server only as a hash. */
  readonly secret: Buffer;
}

/** Random bytes of a secret: nobody guesses 128 bits. */
export const SECRET_BYTES = 16;

const PREFIX = 'aioc1';
const FINGERPRINT_BYTES = 32;
const CHECKSUM_BYTES = 4;
/** Crockford's base 32: a terminal selects it with a double click, and letter case does not matter. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
/** Far beyond the longest invitation. */
const CHARACTERS_MAX = 2_000;

/** An invitation as text: one word of letters and digits. Its last 4 bytes are a checksum (CRC-32). */
export function invitationCode({ host, port, name, serverFingerprint, secret }: Invitation): string {
  const portBytes = Buffer.alloc(2);
  portBytes.writeUInt16BE(port);
  const bytes = Buffer.concat([
    Buffer.from(serverFingerprint, 'hex'),
    secret,
    portBytes,
    withLength(host),
    withLength(name),
  ]);
  return `${PREFIX}${toBase32(Buffer.concat([bytes, checksumOf(bytes)]))}`;
}

/**
 * Reads an invitation that was copied from somewhere: upper case, white space and the frame of a dialog around it, and
 * `o`, `i` and `l` for digits do not matter.
 *
 * @throws AiocError AIOC_INVITATION
 */
export function readInvitationCode(text: string): Invitation {
  const code = text
    .slice(0, CHARACTERS_MAX)
    .replaceAll(/[^0-9a-z]/gi, '')
    .toLowerCase();
  if (!code.startsWith('aioc')) throw bad(`an invitation starts with ${PREFIX}: this is none`);
  if (!code.startsWith(PREFIX)) throw bad('this invitation is from a newer aioc: update aioc here');
  const all = fromBase32(code.slice(PREFIX.length));
  const bytes = all?.subarray(0, -CHECKSUM_BYTES);
  if (all === undefined || bytes === undefined || !all.subarray(-CHECKSUM_BYTES).equals(checksumOf(bytes)))
    throw bad('the invitation has a typo, or a part of it is missing: copy it again');
  return parsed(bytes);
}

/** @throws AiocError AIOC_INVITATION if the bytes are not what `invitationCode` writes */
function parsed(bytes: Buffer): Invitation {
  const afterSecret = FINGERPRINT_BYTES + SECRET_BYTES;
  const [host, afterHost] = textAt(bytes, afterSecret + 2);
  const [name, end] = textAt(bytes, afterHost);
  const port = bytes.length < afterSecret + 2 ? 0 : bytes.readUInt16BE(afterSecret);
  if (end !== bytes.length || port === 0 || !/^[^\s/\p{Cc}]+$/u.test(host) || !isClientName(name))
    throw bad('this is no invitation that aioc has made');
  return {
    host,
    port,
    name,
    serverFingerprint: bytes.subarray(0, FINGERPRINT_BYTES).toString('hex'),
    secret: Buffer.from(bytes.subarray(FINGERPRINT_BYTES, afterSecret)),
  };
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** A text with its length before it, and the offset behind it; beyond the end if it is not complete. */
function textAt(bytes: Buffer, at: number): readonly [text: string, next: number] {
  const next = at + 1 + (bytes[at] ?? bytes.length);
  return [bytes.toString('utf8', at + 1, next), next];
}

function checksumOf(bytes: Buffer): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum;
}

function toBase32(bytes: Buffer): string {
  let digits = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) digits += DIGITS[(held >> (bits - 5)) & 31];
    held &= 31;
  }
  return bits === 0 ? digits : digits + DIGITS[(held << (5 - bits)) & 31];
}

/** @returns undefined if it has other characters, or bits that `toBase32` leaves empty */
function fromBase32(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const letter of text.replaceAll('o', '0').replaceAll(/[il]/g, '1')) {
    const digit = DIGITS.indexOf(letter);
    if (digit < 0) return undefined;
    held = ((held << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return bits < 5 && (held & ((1 << bits) - 1)) === 0 ? Buffer.from(bytes) : undefined;
}

function bad(what: string): AiocError {
  return new AiocError('AIOC_INVITATION', what);
}
