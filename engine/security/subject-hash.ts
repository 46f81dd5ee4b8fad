import { createHash } from 'node:crypto';
import { AiocError } from '../base/errors.ts';
import { readStructure } from './certificate-structure.ts';
import { contentOf, type DerElement, readElements, TAG, writeElement } from './der.ts';

const HASH_BYTES = 4;

/** Bytes per character in the string types that OpenSSL normalises; 0 means UTF-8. */
const STRING_WIDTHS: ReadonlyMap<number, 0 | 1 | 2 | 4> = new Map([
  [TAG.utf8String, 0],
  [TAG.printableString, 1],
  [TAG.teletexString, 1],
  [TAG.ia5String, 1],
  [TAG.visibleString, 1],
  [TAG.bmpString, 2],
  [TAG.universalString, 4],
]);

/**
 * OpenSSL's subject hash (`openssl x509 -hash`), which names the links of a trust store. It works on the DER, since
 * libraries that decode and encode a name change characters outside ASCII.
 *
 * @param der a certificate, at most LIMITS.identityFileBytes
 * @returns 8 lower-case hex digits
 * @throws AiocError AIOC_CERTIFICATE_BAD
 */
export function subjectHash(der: Buffer): string {
  const names = readElements(readStructure(der).subject).map(canonicalName);
  const digest = createHash('sha1').update(Buffer.concat(names)).digest();
  return digest.subarray(0, HASH_BYTES).reverse().toString('hex');
}

/** A relative distinguished name, usually with one attribute; several are sorted as a DER set. */
function canonicalName(name: DerElement): Buffer {
  const attributes = readElements(contentOf(name, TAG.set)).map((attribute) => {
    const [type, value, ...more] = readElements(contentOf(attribute, TAG.sequence));
    if (type?.tag !== TAG.objectIdentifier || value === undefined || more.length > 0) throw badName();
    return writeElement(TAG.sequence, Buffer.concat([type.whole, canonicalValue(value)]));
  });
  return writeElement(TAG.set, Buffer.concat(attributes.sort(Buffer.compare)));
}

function canonicalValue(value: DerElement): Buffer {
  const width = STRING_WIDTHS.get(value.tag);
  if (width === undefined) return value.whole;
  const text = decode(value.content, width)
    .replace(/[ \t\n\v\f\r]+/g, ' ')
    .replace(/^ | $/g, '')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return writeElement(TAG.utf8String, Buffer.from(text, 'utf8'));
}

function decode(content: Buffer, width: 0 | 1 | 2 | 4): string {
  if (width === 1) return content.toString('latin1');
  if (width === 0) {
    const text = content.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(content)) throw badName();
    return text;
  }
  if (content.length % width !== 0) throw badName();
  let text = '';
  for (let offset = 0; offset < content.length; offset += width) {
    const point = content.readUIntBE(offset, width);
    // Surrogate halves are not characters and have no UTF-8 form.
    if (point > 0x10_ffff || (point >= 0xd800 && point <= 0xdfff)) throw badName();
    text += String.fromCodePoint(point);
  }
  return text;
}

function badName(): AiocError {
  return new AiocError('AIOC_CERTIFICATE_BAD', 'the certificate is damaged: its subject is not a name');
}
