import { isUtf8 } from 'node:buffer';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { ByteQueue } from '../protocol/byte-queue.ts';
import type { JsonObject, JsonValue } from '../protocol/json-value.ts';
import type { LeftOut } from '../queues/outgoing-body.ts';

/** A directory, a file or a symbolic link of a tree. Paths are bytes, relative to the tree, with `/`; the tree itself is empty. */
export interface TreeEntry {
  readonly kind: 'dir' | 'file' | 'link';
  readonly path: Buffer;
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs: number;
  /** Of a file's content, which follows. 0 for others. */
  readonly sizeBytes: number;
  /** Of a link. */
  readonly target: Buffer | undefined;
}

export type TreeEvent =
  | { readonly kind: 'entry'; readonly entry: TreeEntry }
  | { readonly kind: 'content'; readonly bytes: Buffer }
  /** Content that is all zeros. */
  | { readonly kind: 'zeros'; readonly count: number }
  | { readonly kind: 'end'; readonly leftOut: LeftOut };

/**
 * The record of an entry in the stream of a tree: the length of a JSON header (32 bits, little-endian) and the header. A
 * file's content follows (engine/peers/PROTOCOL.md, “Trees”).
 */
export function encodeTreeEntry({ kind, path, mode, mtimeMs, sizeBytes, target }: TreeEntry): Buffer {
  return record({
    ...{ kind, ...text('path', path), mode, mtime_ms: mtimeMs },
    ...(kind === 'file' && { size: sizeBytes }),
    ...(target !== undefined && text('target', target)),
  });
}

/** The last record of a tree. */
export function encodeTreeEnd({ count, first }: LeftOut): Buffer {
  return record({ end: true, left_out_count: count, left_out: first });
}

function record(header: JsonObject): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json]);
}

/** Bytes as text; those that are no UTF-8 in base64, under another key. */
function text(key: string, bytes: Buffer): JsonObject {
  return isUtf8(bytes) ? { [key]: bytes.toString() } : { [`${key}_b64`]: bytes.toString('base64') };
}

/** Reads the stream of a tree, in whatever pieces it comes. */
export class TreeDecoder {
  readonly #head = new ByteQueue();
  /** The length of the header that comes; undefined: not known yet. */
  #headerBytes: number | undefined;
  #contentBytes = 0;
  #ended = false;

  /** Whether the last record has been read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** @throws AiocError AIOC_FRAME_BAD. Nothing refers to `bytes` later than the events do */
  *push(bytes: Buffer): Generator<TreeEvent> {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#ended) throw bad('bytes after its end');
      if (this.#contentBytes > 0) {
        const content = rest.subarray(0, this.#contentBytes);
        rest = rest.subarray(content.length);
        this.#contentBytes -= content.length;
        yield { kind: 'content', bytes: content };
        continue;
      }
      const missing = (this.#headerBytes ?? LENGTH_BYTES) - this.#head.length;
      const part = rest.subarray(0, missing);
      // The caller uses its buffer again.
      this.#head.push(part.length < missing ? Buffer.from(part) : part);
      rest = rest.subarray(missing);
      const event = this.#header();
      if (event !== undefined) yield event;
    }
  }

  /** As `push` of so many zero bytes. */
  *pushZeros(count: number): Generator<TreeEvent> {
    let rest = count;
    while (rest > 0) {
      const zeros = Math.min(rest, this.#contentBytes);
      if (zeros > 0) {
        this.#contentBytes -= zeros;
        rest -= zeros;
        yield { kind: 'zeros', count: zeros };
      } else {
        rest -= 1;
        yield* this.push(ONE_ZERO);
      }
    }
  }

  #header(): TreeEvent | undefined {
    if (this.#headerBytes === undefined) {
      if (this.#head.length < LENGTH_BYTES) return undefined;
      const length = this.#head.take(LENGTH_BYTES).readUInt32LE(0);
      if (length < 2 || length > LIMITS.treeHeaderBytes) throw bad(`a header of ${length} bytes`);
      this.#headerBytes = length;
      return undefined;
    }
    if (this.#head.length < this.#headerBytes) return undefined;
    const header = parsed(this.#head.take(this.#headerBytes));
    this.#headerBytes = undefined;
    if (header['end'] === true) {
      this.#ended = true;
      return { kind: 'end', leftOut: leftOutIn(header) };
    }
    const entry = entryIn(header);
    this.#contentBytes = entry.sizeBytes;
    return { kind: 'entry', entry };
  }
}

function parsed(bytes: Buffer): JsonObject {
  try {
    const value = JSON.parse(bytes.toString()) as JsonValue;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Below.
  }
  throw bad('a header that is no JSON object');
}

function entryIn(header: JsonObject): TreeEntry {
  const { kind, mode, mtime_ms: mtimeMs, size = 0 } = header;
  if (kind !== 'dir' && kind !== 'file' && kind !== 'link') throw bad('an entry of an unknown kind');
  const path = bytesIn(header, 'path');
  if (path === undefined) throw bad('an entry without a path');
  const target = bytesIn(header, 'target');
  if ((kind === 'link') !== (target !== undefined)) throw bad('a link without a target');
  if (!isCount(mode) || mode > MODE_MAX || typeof mtimeMs !== 'number' || !Number.isFinite(mtimeMs))
    throw bad('an entry with an impossible mode or time');
  if (!isCount(size) || (size > 0 && kind !== 'file')) throw bad('an entry with an impossible size');
  return { kind, path, mode, mtimeMs, sizeBytes: size, target };
}

function bytesIn(header: JsonObject, key: string): Buffer | undefined {
  const [plain, encoded] = [header[key], header[`${key}_b64`]];
  if (typeof plain === 'string') return Buffer.from(plain);
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined;
}

function leftOutIn({ left_out_count: count, left_out: first }: JsonObject): LeftOut {
  if (!isCount(count) || !Array.isArray(first) || first.length > LIMITS.treeLeftOutNamed)
    throw bad('an end that does not say what is left out');
  const named = first.map((row: unknown): readonly [string, string] => {
    const [path, why] = Array.isArray(row) ? (row as unknown[]) : [];
    if (typeof path !== 'string' || typeof why !== 'string')
      throw bad('an end that does not say what is left out');
    return [path, why];
  });
  return { count, first: named };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function bad(what: string): AiocError {
  return new AiocError('AIOC_FRAME_BAD', `the stream of a directory has ${what}`);
}

const LENGTH_BYTES = 4;
const MODE_MAX = 0o7777;
const ONE_ZERO = Buffer.alloc(1);
