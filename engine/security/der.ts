import { AiocError } from '../base/errors.ts';

/** The tags of ASN.1 that a certificate's subject and extensions need. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** [0] and [3] of a TBSCertificate: its version and its extensions. */
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** One DER element: its tag, what is inside it, and all of it. The buffers share memory with what was read. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const LENGTH_BYTES_MAX = 4;

/**
 * Reads the element that begins at `offset`. Nothing is descended into: whoever wants what is inside reads `content`,
 * so a deeply nested certificate costs no stack.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD when it does not fit, or is not DER (long tags, indefinite or padded lengths)
 */
export function readElement(bytes: Buffer, offset = 0): DerElement {
  const tag = byteAt(bytes, offset);
  if ((tag & 0x1f) === 0x1f) throw notDer();
  const first = byteAt(bytes, offset + 1);
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > LENGTH_BYTES_MAX || start + count > bytes.length) throw notDer();
    length = bytes.readUIntBE(start, count);
    if (length < 0x80 || byteAt(bytes, start) === 0) throw notDer();
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw notDer();
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}

/**
 * The elements that stand one after another in `bytes`, which they must fill to the last byte.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD
 */
export function readElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const element = readElement(bytes, offset);
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** What is inside `element`, which must have the tag. @throws AiocError AIOC_CERTIFICATE_BAD */
export function contentOf(element: DerElement | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw notDer();
  return element.content;
}

/** An element in DER. */
export function writeElement(tag: number, content: Buffer): Buffer {
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const count = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : length < 0x100_0000 ? 3 : 4;
  const head = Buffer.alloc(2 + count);
  head[0] = tag;
  head[1] = 0x80 | count;
  head.writeUIntBE(length, 2, count);
  return Buffer.concat([head, content]);
}

function byteAt(bytes: Buffer, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw notDer();
  return byte;
}

function notDer(): AiocError {
  return new AiocError(
    'AIOC_CERTIFICATE_BAD',
    'the certificate is damaged: its structure is not that of one',
  );
}
