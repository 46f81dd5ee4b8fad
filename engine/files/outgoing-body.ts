import { unlink } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
import { openFileSource } from './file-source.ts';
import { meantPath } from './lossy-path.ts';
import { openSource } from './open-source.ts';
import { openOutgoing } from './outgoing-file.ts';
import { admitWorldReadable, openWorldReadable } from './world-readable-file.ts';

export interface OutgoingBodyOptions {
  /** As in the with_file of a local program's message. */
  readonly path: string;
  readonly sizeMaxBytes: number;
  /** Deletes the file when the peer has it. */
  readonly isDeleted?: boolean;
  /** It is sent only while every user of this machine may read it. */
  readonly isAnyUsers?: boolean;
  /** Messages behind it may overtake it while it crosses. */
  readonly anyOrder?: boolean;
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
  const { path, sizeMaxBytes, isDeleted = false, isAnyUsers = false, anyOrder = false, onOver } = options;
  const opened = async <Opened extends Openable>(opening: Promise<Opened>): Promise<Opened> => {
    const file = await opening;
    const { sizeBytes = 0 } = file;
    if (sizeBytes <= sizeMaxBytes) return file;
    await file.close();
    throw new AiocError(
      'AIOC_FILE_UNREADABLE',
      `${path} has ${sizeBytes} bytes, but max_size_file_upload_send allows only ${sizeMaxBytes}`,
    );
  };
  return {
    sizeBytes: 0,
    whenUnreadable: 'send-without',
    onProgress: () => undefined,
    anyOrder,
    source: () =>
      opened(isAnyUsers ? openFileSource(path, { admit: admitWorldReadable(path) }) : openSource(path)),
    open: () => opened(isAnyUsers ? openWorldReadable(path) : openOutgoing(path)),
    onDelivered: () => {
      // If something else has deleted the file meanwhile, that is fine.
      if (isDeleted)
        meantPath(path)
          .then(unlink)
          .catch(() => undefined);
      onOver?.();
    },
    onGivenUp: () => onOver?.(),
  };
}
