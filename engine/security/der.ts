import { AiocError } from '../base/errors.ts';

/** The ASN.1 tags of a certificate's subject and extensions. */
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
  /** [0] and [3] of a TBSCertificate: version and extensions. */
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** A DER element: its tag, its contents and the whole element. The buffers share memory with the input. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const LENGTH_BYTES_MAX = 4;

/**
 * Reads the element at `offset`, without descending into it, so that nested certificates need no stack.
 *
 * @throws AiocError AIOC_CERTIFICATE_BAD if it exceeds the input or is not DER (long tags, indefinite or padded
 * lengths)
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
 * The consecutive elements that make up `bytes` completely.
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

/** The contents of `element`, which must have this tag. @throws AiocError AIOC_CERTIFICATE_BAD */
export function contentOf(element: DerElement | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw notDer();
  return element.content;
}

/** Encodes an element in DER. */
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
  return new AiocError('AIOC_CERTIFICATE_BAD', 'the certificate is damaged: its structure is not valid');
}
