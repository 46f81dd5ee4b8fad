import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import type { OpenBody, OutgoingBody } from '../queues/outgoing-body.ts';
import type { DirectoryArchive } from './directory-archive.ts';
import { openFileSource } from './file-source.ts';
import { checkNote, deleteNoted } from './noted-file.ts';
import { openSource } from './open-source.ts';
import { openOutgoing } from './outgoing-file.ts';
import { admitWorldReadable } from './world-readable-file.ts';

export interface OutgoingBodyOptions {
  /** As in the with_file of a local program's message. */
  readonly path: string;
  readonly sizeMaxBytes: number;
  /** What the file was when its message was accepted (engine/files/noted-file.ts). */
  readonly note?: string | undefined;
  /** This file is deleted when the peer has the message; `note`: unless it is another one meanwhile. */
  readonly deletes?: { readonly path: string; readonly note: string | undefined } | undefined;
  /** It is sent only while every user of this machine may read it. */
  readonly isAnyUsers?: boolean;
  /** Messages behind it may overtake it while it crosses. */
  readonly anyOrder?: boolean;
  /** Towards Python, a larger file goes in pieces of this size (PROTOCOL §3). */
  readonly pieceMaxBytes?: number;
  /** Of a directory, for peers that take no transfers. */
  readonly archive?: DirectoryArchive;
  /** The peer has it, or its message was cancelled. */
  readonly onOver?: () => void;
}

interface Openable {
  readonly sizeBytes: number | undefined;
  close(): Promise<void>;
}

/**
 * The file of a local program's message. It is read when the message is sent. It is deleted when the peer has it,
 * unless the program said otherwise (PROTOCOL §3; Python deletes it as soon as it is sent).
 */
export function outgoingBody(options: OutgoingBodyOptions): OutgoingBody {
  const { path, sizeMaxBytes, note, deletes, anyOrder = false, pieceMaxBytes, archive, onOver } = options;
  const admit = admission(options);
  const opened = async <Opened extends Openable>(opening: Promise<Opened>): Promise<Opened> => {
    const file = await opening;
    const { sizeBytes = 0 } = file;
    if (sizeBytes <= sizeMaxBytes) return file;
    await file.close();
    const text = `it has ${sizeBytes} bytes, but max_size_file_upload_send allows only ${sizeMaxBytes}`;
    throw new AiocError('AIOC_FILE_UNREADABLE', `${path} is not sent: ${text}`, { forPeer: text });
  };
  const over = (): void => {
    void archive?.remove();
    onOver?.();
  };
  return {
    sizeBytes: 0,
    whenUnreadable: 'send-without',
    onProgress: () => undefined,
    anyOrder,
    ...(pieceMaxBytes !== undefined && { pieceMaxBytes }),
    // A directory has no note, and is never another user's.
    source: () =>
      opened(
        note !== undefined || options.isAnyUsers
          ? openFileSource(path, { admit })
          : openSource(path, { admit }),
      ),
    open: async () => {
      if (archive !== undefined && (await archive.isWanted())) return opened(archive.open());
      return opened<OpenBody>(openOutgoing(path, admit));
    },
    onDelivered: () => {
      if (deletes !== undefined) void deleteNoted(deletes.path, deletes.note);
      over();
    },
    onGivenUp: over,
  };
}

function admission({
  path,
  note,
  isAnyUsers = false,
}: OutgoingBodyOptions): (handle: FileHandle, found: Stats) => Promise<void> {
  const admitOthers = isAnyUsers ? admitWorldReadable(path) : undefined;
  return async (handle, found) => {
    await admitOthers?.(handle, found);
    checkNote(path, note, found);
  };
}
