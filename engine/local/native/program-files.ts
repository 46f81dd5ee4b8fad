import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { PLAIN_FILE } from '../../files/received-mode.ts';
import type { Frame } from '../../protocol/frame-decoder.ts';
import type { JsonObject } from '../../protocol/header.ts';
import type { Spool, SpooledFile } from '../spool.ts';

/** The file of one message that is being received, or why it failed. */
interface Coming {
  readonly file: SpooledFile | undefined;
  error?: unknown;
}

/** The files that one program sends as bytes, each before its message. */
export class ProgramFiles {
  readonly #spool: Spool;
  readonly #coming = new Map<number, Coming>();
  #isOver = false;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /**
   * Stores bytes of the file of the message with this number. Errors are reported with that message.
   *
   * @throws AiocError AIOC_FRAME_BAD for too many files at once
   */
  async add(number: number, bytes: Buffer): Promise<void> {
    const coming = this.#coming.get(number) ?? (await this.#begin(number));
    if (coming.error !== undefined) return;
    try {
      await coming.file?.write(bytes);
    } catch (error) {
      coming.error = error;
      await coming.file?.discard();
    }
  }

  /**
   * The message with the path of its file; undefined if the program sent no bytes for it.
   *
   * @throws AiocError AIOC_FILE_WRITE, AIOC_FILE_UNREADABLE or AIOC_QUEUE_FULL if storing the file failed
   */
  async place(number: number, frame: Frame): Promise<Frame | undefined> {
    const coming = this.#coming.get(number);
    if (coming === undefined) return undefined;
    this.#coming.delete(number);
    if (coming.error !== undefined) throw coming.error;
    const {
      any_user: _user,
      note: _note,
      copied_from: _copy,
      mode,
      mtime_ms: mtimeMs,
      ...named
    } = frame.header['with_file'] as JsonObject;
    const path = await coming.file?.finish({
      mode: isWhole(mode) ? mode : PLAIN_FILE,
      mtimeMs: isWhole(mtimeMs) ? mtimeMs : undefined,
    });
    const withFile = { ...named, src_path: path ?? '', delete: true };
    return { ...frame, header: { ...frame.header, with_file: withFile } };
  }

  /** The message with this number was cancelled. */
  forget(number: number): void {
    const coming = this.#coming.get(number);
    this.#coming.delete(number);
    void coming?.file?.discard();
  }

  /** The message was refused: deletes its file. */
  refused({ header }: Frame): void {
    const path = (header['with_file'] as JsonObject | undefined)?.['src_path'];
    if (typeof path === 'string' && this.#spool.holds(path)) void this.#spool.remove(path);
  }

  /** The program has disconnected: deletes files without messages. */
  async end(): Promise<void> {
    this.#isOver = true;
    const files = [...this.#coming.values()];
    this.#coming.clear();
    for (const { file } of files) await file?.discard();
  }

  async #begin(number: number): Promise<Coming> {
    if (this.#coming.size >= LIMITS.incomingFiles)
      throw new AiocError('AIOC_FRAME_BAD', `more than ${LIMITS.incomingFiles} files without their messages`);
    let coming: Coming;
    try {
      coming = { file: await this.#spool.begin() };
    } catch (error) {
      coming = { file: undefined, error };
    }
    if (this.#isOver) await coming.file?.discard();
    else this.#coming.set(number, coming);
    return coming;
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
