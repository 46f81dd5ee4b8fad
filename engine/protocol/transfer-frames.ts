import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Frame } from './frame-decoder.ts';
import { type Header, headerText, parseReceivedHeader } from './header.ts';
import { objectInData } from './json-data.ts';
import { isNumber } from './message-number.ts';
import type { OutFrame } from './messages.ts';
import { AIOC_TYPE } from './names.ts';

/** The stream's first bytes, and their SHA-256 in base64url. */
export interface Checkpoint {
  readonly bytes: number;
  readonly digest: string;
}

/** A part of a piece that is not zeros: from where in the piece, and its length. */
export type DataRange = readonly [offset: number, length: number];

/** What a transfer will send. */
export interface OfferFrame {
  readonly kind: 'offer';
  readonly id: string;
  readonly content: 'file' | 'tree';
  /** Undefined for a tree: known at its end. */
  readonly sizeBytes: number | undefined;
  /** Permission bits. */
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  /** Of the message. */
  readonly header: Header;
}

/** Consecutive bytes of the stream. */
export interface PieceFrame {
  readonly kind: 'piece';
  readonly id: string;
  readonly at: number;
  readonly sizeBytes: number;
  /** Of the stream up to the end of this piece. */
  readonly digest: string;
  /** What is not zeros, in order; undefined: all of it. */
  readonly ranges: readonly DataRange[] | undefined;
  /** The bytes of the ranges, one after the other. */
  readonly data: Buffer;
}

/** Why a transfer is stopped. */
export interface StopFrame {
  readonly kind: 'stop';
  readonly id: string;
  /** A code of engine/base/errors.ts; a newer peer may know others. */
  readonly code: string;
  /** A sentence of at most LIMITS.transferReasonCharacters, for a user. */
  readonly reason: string;
}

/** The stream is complete. */
export interface EndFrame {
  readonly kind: 'end';
  readonly id: string;
  readonly sizeBytes: number;
  readonly digest: string;
}

/** Frames about the content of a message's file (engine/peers/PROTOCOL.md, Transfers). */
export type TransferFrame =
  | OfferFrame
  | PieceFrame
  | StopFrame
  | EndFrame
  /** What the receiver has already: increasing, at most LIMITS.transferCheckpoints. */
  | { readonly kind: 'accept'; readonly id: string; readonly have: readonly Checkpoint[] }
  /** So many bytes of the stream are written. */
  | { readonly kind: 'got'; readonly id: string; readonly bytes: number }
  /** All of it is verified and on the disk. */
  | { readonly kind: 'ready'; readonly id: string }
  /** The answer to a stop. */
  | { readonly kind: 'stopped'; readonly id: string }
  /** The receiver has something of it since an earlier connection: a sender without its message answers with a stop. */
  | { readonly kind: 'held'; readonly id: string };

/** @throws AiocError AIOC_FRAME_TOO_LARGE if the header of an offer does not fit */
export function transferFrame(frame: TransferFrame, sourceId: string): OutFrame {
  const binary = binaryOf(frame);
  const header: Header = { message_type: AIOC_TYPE, source_id: sourceId };
  const data = Buffer.from(JSON.stringify({ [frame.kind]: { id: frame.id, ...membersOf(frame) } }));
  if (binary === undefined) return { header, data };
  return { header: { ...header, message_type: AIOC_TYPE, with_binary: true }, data, binary };
}

function binaryOf(frame: TransferFrame): Buffer | undefined {
  if (frame.kind === 'offer') return Buffer.from(headerText(frame.header), 'latin1');
  return frame.kind === 'piece' && frame.data.length > 0 ? frame.data : undefined;
}

function membersOf(frame: TransferFrame): object {
  switch (frame.kind) {
    case 'offer': {
      const { content, sizeBytes, mode, mtimeMs } = frame;
      return { kind: content, size: sizeBytes, mode, mtime_ms: mtimeMs };
    }
    case 'accept':
      return { have: frame.have.map(({ bytes, digest }) => [bytes, digest]) };
    case 'piece': {
      const { at, sizeBytes, digest, ranges } = frame;
      return { at, size: sizeBytes, digest, data: ranges };
    }
    case 'got':
      return { bytes: frame.bytes };
    case 'end':
      return { size: frame.sizeBytes, digest: frame.digest };
    case 'stop':
      return { code: frame.code, reason: frame.reason.slice(0, LIMITS.transferReasonCharacters) };
    case 'ready':
    case 'stopped':
    case 'held':
      return {};
  }
}

/**
 * Reads a frame of a transfer; undefined for any other frame.
 *
 * @throws AiocError AIOC_FRAME_BAD if it is such a frame and is malformed
 */
export function readTransferFrame({ header, data, binary }: Frame): TransferFrame | undefined {
  if (header.message_type !== AIOC_TYPE) return undefined;
  const content = objectInData(data, LIMITS.transferFrameBytes);
  const kind = KINDS.find((known) => content?.[known] !== undefined);
  if (kind === undefined) return undefined;
  const members = content?.[kind];
  if (!isObject(members)) throw malformed(kind, 'it has no members');
  return new TransferFrameReader(kind, members).read(binary);
}

const KINDS = ['piece', 'got', 'offer', 'accept', 'end', 'ready', 'stop', 'stopped', 'held'] as const;
const NOTHING = Buffer.alloc(0);
const DIGEST = /^[\w-]{43}$/;
const CODE = /^AIOC_[A-Z_]{1,40}$/;

class TransferFrameReader {
  readonly #kind: TransferFrame['kind'];
  readonly #members: Record<string, unknown>;

  constructor(kind: TransferFrame['kind'], members: Record<string, unknown>) {
    this.#kind = kind;
    this.#members = members;
  }

  read(binary: Buffer): TransferFrame {
    const kind = this.#kind;
    const id = this.#id();
    const hasBinary = kind === 'offer' || kind === 'piece';
    if (!hasBinary && binary.length > 0) throw this.#bad('it has a binary');
    switch (kind) {
      case 'offer':
        return this.#offer(id, binary);
      case 'accept':
        return { kind, id, have: this.#have() };
      case 'piece':
        return this.#piece(id, binary);
      case 'got':
        return { kind, id, bytes: this.#count('bytes') };
      case 'end':
        return { kind, id, sizeBytes: this.#count('size'), digest: this.#digest() };
      case 'stop':
        return { kind, id, ...this.#stop() };
      case 'ready':
      case 'stopped':
      case 'held':
        return { kind, id };
    }
  }

  #offer(id: string, binary: Buffer): OfferFrame {
    const content = this.#members['kind'];
    if (content !== 'file' && content !== 'tree') throw this.#bad('its kind is neither file nor tree');
    const hasSize = this.#members['size'] !== undefined;
    if (hasSize !== (content === 'file')) throw this.#bad('a file has a size, and a tree has none');
    const mtimeMs = this.#members['mtime_ms'];
    if (!Number.isSafeInteger(mtimeMs)) throw this.#bad('its mtime_ms is not an integer');
    return {
      kind: 'offer',
      id,
      content,
      sizeBytes: hasSize ? this.#count('size') : undefined,
      mode: this.#count('mode', 0o7777),
      mtimeMs: mtimeMs as number,
      header: parseReceivedHeader(binary),
    };
  }

  #have(): readonly Checkpoint[] {
    const rows = this.#members['have'];
    if (!Array.isArray(rows) || rows.length > LIMITS.transferCheckpoints)
      throw this.#bad('its checkpoints are no list, or too many');
    let last = 0;
    return rows.map((row: unknown) => {
      const [bytes, digest] = Array.isArray(row) ? (row as unknown[]) : [];
      if (!isCount(bytes) || bytes <= last || !isDigest(digest)) throw this.#bad('a checkpoint is malformed');
      last = bytes;
      return { bytes, digest };
    });
  }

  #piece(id: string, data: Buffer): PieceFrame {
    const at = this.#count('at');
    const sizeBytes = this.#count('size', LIMITS.transferPieceBytes);
    if (sizeBytes === 0 || !Number.isSafeInteger(at + sizeBytes)) throw this.#bad('it is empty');
    const rows = this.#members['data'];
    const ranges = rows === undefined ? undefined : this.#ranges(rows, sizeBytes);
    const dataBytes = ranges === undefined ? sizeBytes : sum(ranges);
    if (dataBytes !== data.length) throw this.#bad('its binary has another length');
    const digest = this.#digest();
    return { kind: 'piece', id, at, sizeBytes, digest, ranges, data: data.length === 0 ? NOTHING : data };
  }

  #ranges(rows: unknown, sizeBytes: number): readonly DataRange[] {
    if (!Array.isArray(rows) || rows.length > RANGES_MAX)
      throw this.#bad('its ranges are no list, or too many');
    let end = 0;
    return rows.map((row: unknown) => {
      const [offset, length] = Array.isArray(row) ? (row as unknown[]) : [];
      const isIn = isCount(offset) && isCount(length) && offset >= end && length > 0;
      if (!isIn || offset + length > sizeBytes) throw this.#bad('a range is malformed');
      end = offset + length;
      return [offset, length];
    });
  }

  #stop(): { readonly code: string; readonly reason: string } {
    const { code, reason } = this.#members;
    if (typeof code !== 'string' || !CODE.test(code)) throw this.#bad('its code is malformed');
    if (typeof reason !== 'string' || reason.length > LIMITS.transferReasonCharacters)
      throw this.#bad('its reason is no text, or too long');
    return { code, reason };
  }

  #id(): string {
    const { id } = this.#members;
    if (typeof id !== 'string' || !isNumber(id)) throw this.#bad('its id is malformed');
    return id;
  }

  #digest(): string {
    const { digest } = this.#members;
    if (!isDigest(digest)) throw this.#bad('its digest is malformed');
    return digest;
  }

  #count(name: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#members[name];
    if (isCount(value) && value <= max) return value;
    throw this.#bad(`its ${name} is no number from 0 to ${max}`);
  }

  #bad(what: string): AiocError {
    return malformed(this.#kind, what);
  }
}

/** Between two ranges are at least LIMITS.transferZeroBytes. */
const RANGES_MAX = Math.ceil(LIMITS.transferPieceBytes / LIMITS.transferZeroBytes);

function malformed(kind: string, what: string): AiocError {
  return new AiocError('AIOC_FRAME_BAD', `the ${kind} of a transfer is malformed: ${what}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value);
}

function sum(ranges: readonly DataRange[]): number {
  return ranges.reduce((total, [, length]) => total + length, 0);
}
