import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { LIMITS } from '../base/limits.ts';
import type { HeldDirectory } from './held-directory.ts';
import {
  encodeTreeEnd,
  encodeTreeEntry,
  TreeDecoder,
  type TreeEntry,
  type TreeEvent,
} from './tree-stream.ts';

/** A record of the stream of a tree, without the content that follows it. */
export interface LoggedRecord {
  /** As it stands in the stream. */
  readonly bytes: Buffer;
  /** Undefined: the last record. */
  readonly entry: TreeEntry | undefined;
  /** In the log. */
  readonly endsAt: number;
}

/**
 * The records of a tree's stream that have arrived, without the contents of files: with the files themselves, the stream
 * can be read again. Nothing in it is trusted: the sender compares digests.
 */
export class TreeLog {
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.#bytes = bytes;
  }

  static async open(directory: HeldDirectory): Promise<TreeLog> {
    const handle = await open(directory.at(LOG_NAME), FLAGS, 0o600);
    return new TreeLog(handle, (await handle.stat()).size);
  }

  /** Before the entries are made, so that none is there without its record. */
  async append(events: readonly TreeEvent[]): Promise<void> {
    const records = events.flatMap((event) => {
      if (event.kind === 'entry') return [encodeTreeEntry(event.entry)];
      return event.kind === 'end' ? [encodeTreeEnd(event.leftOut)] : [];
    });
    if (records.length === 0) return;
    const bytes = Buffer.concat(records);
    for (let written = 0; written < bytes.length; ) {
      const left = bytes.length - written;
      written += (await this.#handle.write(bytes, written, left, this.#bytes + written)).bytesWritten;
    }
    this.#bytes += bytes.length;
  }

  async truncate(bytes: number): Promise<void> {
    await this.#handle.truncate(bytes);
    this.#bytes = bytes;
  }

  /** The sound records from the start. */
  async *records(): AsyncGenerator<LoggedRecord> {
    let buffered: Buffer = Buffer.alloc(0);
    const decoder = new TreeDecoder();
    for (let [readAt, endsAt] = [0, 0]; ; ) {
      const headerBytes = buffered.length < LENGTH_BYTES ? undefined : buffered.readUInt32LE(0);
      if (headerBytes === 0 || (headerBytes ?? 0) > LIMITS.treeHeaderBytes) return;
      const length = LENGTH_BYTES + (headerBytes ?? 0);
      if (headerBytes === undefined || buffered.length < length) {
        const more = Buffer.allocUnsafeSlow(LIMITS.fileChunkBytes);
        const { bytesRead } = await this.#handle.read(more, 0, more.length, readAt);
        if (bytesRead === 0) return;
        readAt += bytesRead;
        buffered = Buffer.concat([buffered, more.subarray(0, bytesRead)]);
        continue;
      }
      const bytes = buffered.subarray(0, length);
      buffered = buffered.subarray(length);
      const event = eventIn(decoder, bytes);
      if (event === undefined) return;
      endsAt += length;
      yield { bytes, entry: event.kind === 'entry' ? event.entry : undefined, endsAt };
    }
  }

  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function eventIn(decoder: TreeDecoder, record: Buffer): TreeEvent | undefined {
  try {
    const [event] = [...decoder.push(record)];
    if (event?.kind === 'entry') for (const _ of decoder.pushZeros(event.entry.sizeBytes));
    return event;
  } catch {
    // A power loss, or somebody else's bytes.
    return undefined;
  }
}

const LOG_NAME = 'entries';
const LENGTH_BYTES = 4;
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
