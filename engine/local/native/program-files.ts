import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Frame } from '../../protocol/frame-decoder.ts';
import type { JsonObject } from '../../protocol/header.ts';
import type { Spool, SpooledFile } from '../spool.ts';

/** Of one message: what of its file has come, or why nothing more of it is kept. */
interface Coming {
  readonly file: SpooledFile | undefined;
  error?: unknown;
}

/** Files that one program hands over as bytes, each in front of the message with which it goes. */
export class ProgramFiles {
  readonly #spool: Spool;
  readonly #coming = new Map<number, Coming>();
  #isOver = false;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /**
   * Keeps some bytes of the file of the message that will have this number. What goes wrong is told when that comes.
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
   * The message with the place where its file lies; undefined when no bytes came for it.
   *
   * @throws AiocError AIOC_FILE_WRITE, AIOC_FILE_UNREADABLE, AIOC_QUEUE_FULL, whichever the file has failed with
   */
  async place(number: number, frame: Frame): Promise<Frame | undefined> {
    const coming = this.#coming.get(number);
    if (coming === undefined) return undefined;
    this.#coming.delete(number);
    if (coming.error !== undefined) throw coming.error;
    const path = await coming.file?.finish();
    const withFile = { ...(frame.header['with_file'] as JsonObject), src_path: path ?? '', delete: true };
    return { ...frame, header: { ...frame.header, with_file: withFile } };
  }

  /** The message with this number will not come. */
  forget(number: number): void {
    const coming = this.#coming.get(number);
    this.#coming.delete(number);
    void coming?.file?.discard();
  }

  /** The message was not taken: its file is not waited with. */
  refused({ header }: Frame): void {
    const path = (header['with_file'] as JsonObject | undefined)?.['src_path'];
    if (typeof path === 'string' && this.#spool.holds(path)) void this.#spool.remove(path);
  }

  /** The program is gone: what has no message never will have one. */
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
