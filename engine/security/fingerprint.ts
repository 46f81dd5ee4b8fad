import { createHash } from 'node:crypto';
import { WORDS } from './fingerprint-words.ts';

/**
 * Two people compare 8 words, 8 bits each. Fewer would be kinder to read but unsafe: an attacker in the middle may make
 * key pairs until one shows the same words, and 4 words (32 bits) take hours on one graphics card. 64 bits take a
 * nation's means, for one victim, in the time of one conversation.
 */
const FINGERPRINT_WORDS = 8;

/** SHA-256 of a certificate exactly as presented (DER): 64 lower-case hex digits. */
export function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

/**
 * The first 64 bits of a fingerprint as 8 words joined by `-`.
 * @throws RangeError when it is not a fingerprint made by `fingerprintOf`: words of half a fingerprint would mislead.
 */
export function fingerprintWords(fingerprint: string): string {
  if (!/^[0-9a-f]{64}$/.test(fingerprint))
    throw new RangeError('not a SHA-256 fingerprint in lower-case hex');
  const bytes = Buffer.from(fingerprint.slice(0, FINGERPRINT_WORDS * 2), 'hex');
  return Array.from(bytes, (byte) => WORDS[byte]).join('-');
}
