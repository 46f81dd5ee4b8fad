import { basename } from 'node:path';
import type { Randomness } from '../base/ports.ts';
import { DirectoryArchive } from '../files/directory-archive.ts';
import { outgoingBody } from '../files/outgoing-body.ts';
import { AcceptedFiles, noteIn } from '../local/accepted-files.ts';
import { type ConnectorOwner, spoolPath } from '../local/socket-names.ts';
import { Spool } from '../local/spool.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
import type { LocalOptions } from './connector-options.ts';

export interface OutgoingFilesOptions {
  readonly local: LocalOptions;
  readonly owner: ConnectorOwner;
  readonly random: Randomness;
}

/** The files of messages from local programs. */
export class OutgoingFiles {
  /** How files are accepted with their messages. */
  readonly accepted: AcceptedFiles;
  readonly #local: LocalOptions;

  constructor({ local, owner, random }: OutgoingFilesOptions) {
    this.#local = local;
    const directory = spoolPath(local.storage.journalDirectory, owner);
    const spool = new Spool({ directory, sizeMaxBytes: local.sendFileMaxBytes, random });
    this.accepted = new AcceptedFiles({ spool, keeps: local.fileSpool });
  }

  /**
   * The file of a message, if its with_file names one without an error. If the program may be another user's,
   * the file is sent only if every user may read it, and is never deleted.
   */
  bodyOf(header: JsonObject): OutgoingBody | undefined {
    const withFile = header['with_file'];
    if (typeof withFile !== 'object' || withFile === null || Array.isArray(withFile)) return undefined;
    const named = withFile as JsonObject;
    if (named['file_error'] !== undefined) return undefined;
    const { spool } = this.accepted;
    const path = String(named['src_path'] ?? '');
    const deletes = AcceptedFiles.deletionOf(named);
    const anyOrder = named['in_order'] === false;
    const { sendFileMaxBytes: sizeMaxBytes, filePieceMaxBytes: pieceMaxBytes } = this.#local;
    const what = { path, sizeMaxBytes, anyOrder, pieceMaxBytes };
    if (spool.holds(path)) {
      const onOver = (): void => void spool.remove(path);
      return outgoingBody({ ...what, onOver, ...(named['copied_from'] !== undefined && { deletes }) });
    }
    const isAnyUsers = this.#local.everybodyCanSend || named['any_user'] === true;
    const note = noteIn(named);
    // What was no file when it was accepted may be a directory, but not another user's.
    const archive =
      note === undefined && !isAnyUsers
        ? new DirectoryArchive({ path, name: dstNameOf(named), reserve: () => spool.reserve(0) })
        : undefined;
    return outgoingBody({
      ...{ ...what, note, isAnyUsers },
      ...(!isAnyUsers && { deletes }),
      ...(archive !== undefined && { archive }),
    });
  }
}

/** Its name at the peer. */
function dstNameOf({ dst_name: name, src_path: path }: JsonObject): string {
  return typeof name === 'string' && name !== '' ? name : basename(String(path ?? ''));
}
