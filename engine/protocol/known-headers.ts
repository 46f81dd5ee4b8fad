import { type Header, parseHeader } from './header.ts';

/** Where aioc's transport_id begins in a header, and what follows it (message-number.ts). */
const NUMBER_START = Buffer.from('{"transport_id": "');
const AFTER_NUMBER = Buffer.from('", "');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses headers, most of which are identical to the previous one except for the number in front: the messages of one
 * program and type. Such a header is not parsed again; the result is the same frozen object.
 */
export class KnownHeaders {
  /** The last header bytes, and the parsed header if they were seen twice. */
  #bytes: Buffer = EMPTY;
  #header: Header | undefined;
  /** The same for the bytes behind a number. */
  #rest: Buffer = EMPTY;
  #restHeader: Header | undefined;

  /** @throws AiocError AIOC_FRAME_BAD naming the fault */
  parse(bytes: Buffer): Header {
    const numberEnd = endOfNumber(bytes);
    return numberEnd < 0 ? this.#parseWhole(bytes) : this.#parseNumbered(bytes, numberEnd);
  }

  #parseWhole(bytes: Buffer): Header {
    if (!bytes.equals(this.#bytes)) {
      const header = parseHeader(bytes);
      this.#bytes = bytes;
      this.#header = undefined;
      return header;
    }
    this.#header ??= frozen(parseHeader(bytes));
    return this.#header ?? parseHeader(bytes);
  }

  #parseNumbered(bytes: Buffer, numberEnd: number): Header {
    const rest = bytes.subarray(numberEnd);
    if (!rest.equals(this.#rest)) {
      const header = parseHeader(bytes);
      this.#rest = rest;
      this.#restHeader = undefined;
      return header;
    }
    if (this.#restHeader === undefined) {
      const { transport_id: number, ...header } = parseHeader(bytes);
      // A header that may repeat the key, in any spelling, is left to the parser.
      const isOnce = rest.indexOf('transport_id') < 0 && rest.indexOf(BACKSLASH) < 0;
      if (isOnce) this.#restHeader = frozen(header as Header);
      return { transport_id: number as string, ...(header as Header) };
    }
    const transport_id = bytes.toString('latin1', NUMBER_START.length, numberEnd);
    return { transport_id, ...this.#restHeader };
  }
}

/** The end of the number at the start of a header; -1 if there is none. */
function endOfNumber(bytes: Buffer): number {
  if (bytes.length < NUMBER_START.length || bytes[2] !== NUMBER_START[2]) return -1;
  if (NUMBER_START.compare(bytes, 0, NUMBER_START.length) !== 0) return -1;
  const end = bytes.indexOf(QUOTE, NUMBER_START.length);
  if (end < 0 || end - NUMBER_START.length > NUMBER_MAX_BYTES) return -1;
  if (AFTER_NUMBER.compare(bytes, end, end + AFTER_NUMBER.length) !== 0) return -1;
  for (let at = NUMBER_START.length; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte < BLANK || byte > TILDE || byte === BACKSLASH) return -1;
  }
  return end;
}

/** Undefined if a nested value could still be changed. */
function frozen(header: Header): Header | undefined {
  const isFlat = Object.values(header).every((value) => typeof value !== 'object' || value === null);
  return isFlat ? Object.freeze(header) : undefined;
}

const NUMBER_MAX_BYTES = 64;
const BLANK = 0x20;
const TILDE = 0x7e;
const EMPTY = Buffer.alloc(0);
