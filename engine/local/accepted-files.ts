import { constants, type Stats } from 'node:fs';
import { copyFile, type FileHandle, open } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import type { FileSpool } from '../config/shapes.ts';
import { readError, writeError } from '../files/disk-errors.ts';
import { meantPath } from '../files/lossy-path.ts';
import { checkNote, noteOf } from '../files/noted-file.ts';
import { admitWorldReadable } from '../files/world-readable-file.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { JsonObject } from '../protocol/header.ts';
import { deletesSource } from '../protocol/header-fields.ts';
import { namesFile, withFileOf } from './message-file.ts';
import type { Spool } from './spool.ts';

export interface AcceptedFilesOptions {
  readonly spool: Spool;
  readonly keeps: FileSpool;
}

/**
 * The files that messages of local programs name, from when a message is accepted. The connector keeps the path and notes
 * what the file is, or keeps a copy. With_file then has more keys, which no peer gets:
 *
 * | key | meaning |
 * |---|---|
 * | `note` | what the file was (engine/files/noted-file.ts) |
 * | `copied_from` | `src_path` is a copy of it, in the spool |
 * | `any_user` | the program may be of any user: every user must be able to read the file whenever it is opened |
 */
export class AcceptedFiles {
  readonly spool: Spool;
  readonly #keeps: FileSpool;

  constructor({ spool, keeps }: AcceptedFilesOptions) {
    this.spool = spool;
    this.#keeps = keeps;
  }

  /**
   * Accepts the file of a message that names one by its path.
   *
   * @param mayBeAnyUser every user must be able to read the file, which is then never deleted
   * @returns the message with what is known of the file. Where the file is missing, the peer gets the reason
   * @throws AiocError AIOC_FILE_WRITE, AIOC_QUEUE_FULL if it cannot be copied; for any user's program also
   *   AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE
   */
  async accept(frame: Frame, { mayBeAnyUser }: { readonly mayBeAnyUser: boolean }): Promise<Frame> {
    const {
      any_user: _user,
      note: _note,
      copied_from: _copy,
      ...named
    } = frame.header['with_file'] as JsonObject;
    if (named['file_error'] !== undefined) return frame;
    const path = String(named['src_path'] ?? '');
    const rights: JsonObject = mayBeAnyUser ? { delete: false, any_user: true } : {};
    const opened = await openNamed(path).catch((error: unknown) => {
      if (mayBeAnyUser) throw error;
      return undefined;
    });
    // It is missing, a directory or no file at all: who sends it finds out what it is then.
    if (opened === undefined) return withFileOf(frame, { ...named, ...rights });
    try {
      if (mayBeAnyUser) await admitWorldReadable(path)(opened.handle, opened.found);
      const note = noteOf(opened.found);
      if (this.#keeps === 'reference') return withFileOf(frame, { ...named, ...rights, note });
      const copy = await this.#copy(path, opened);
      return withFileOf(frame, { ...named, ...rights, note, src_path: copy, copied_from: path });
    } finally {
      await opened.handle.close();
    }
  }

  /** Whether the connector has the content of what a message says, so that it may be "stored". */
  holds(frame: Frame): boolean {
    if (!namesFile(frame)) return true;
    const { src_path: path, file_error: error } = frame.header['with_file'] as JsonObject;
    return error !== undefined || this.spool.holds(String(path ?? ''));
  }

  /** What becomes of a source when the peer has its message. */
  static deletionOf(
    named: JsonObject,
  ): { readonly path: string; readonly note: string | undefined } | undefined {
    if (named['any_user'] === true || !deletesSource(named)) return undefined;
    const path = String(named['copied_from'] ?? named['src_path'] ?? '');
    return { path, note: noteIn(named) };
  }

  async #copy(path: string, { handle, found }: NamedFile): Promise<string> {
    const copy = await this.spool.reserve(found.size);
    try {
      // The open file, whatever has its name now. Where the file system can, the copy shares its blocks.
      await copyFile(`/proc/self/fd/${handle.fd}`, copy.path, constants.COPYFILE_FICLONE).catch(() =>
        meantPath(path).then((meant) => copyFile(meant, copy.path, constants.COPYFILE_FICLONE)),
      );
      checkNote(path, noteOf(found), await handle.stat());
      return await copy.finish(found);
    } catch (error) {
      await copy.discard();
      throw writeError(path, error);
    }
  }
}

/** What was noted of the file of a message. */
export function noteIn({ note }: JsonObject): string | undefined {
  return typeof note === 'string' ? note : undefined;
}

interface NamedFile {
  readonly handle: FileHandle;
  readonly found: Stats;
}

/** @throws AiocError AIOC_FILE_MISSING, AIOC_FILE_UNREADABLE */
async function openNamed(path: string): Promise<NamedFile> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    handle = await open(await meantPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile())
      throw new AiocError('AIOC_FILE_UNREADABLE', `Cannot send ${path} as a file: it is not a regular file.`);
    return { handle, found };
  } catch (error) {
    await handle?.close();
    throw readError(path, error);
  }
}
