import { unlink } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import type { OutgoingBody } from '../queues/out-message.ts';
import { meantPath } from './lossy-path.ts';
import { openOutgoing } from './outgoing-file.ts';
import { openForAnyUser } from './world-readable-file.ts';

export interface OutgoingBodyOptions {
  /** As the with_file of a local program's message has it. */
  readonly path: string;
  readonly sizeMaxBytes: number;
  /** Deletes it when the other side has it. */
  readonly isDeleted?: boolean;
  /** It is sent only while every user of this machine may read it. */
  readonly isAnyUsers?: boolean;
  /** The other side has it, or its message is given up. */
  readonly onOver?: () => void;
}

/**
 * The file that a local program's message takes along: read when the message is sent, and deleted, unless the program
 * said otherwise, when the other side has it (PROTOCOL §3; Python deletes it as soon as it is sent).
 */
export function outgoingBody(options: OutgoingBodyOptions): OutgoingBody {
  const { path, sizeMaxBytes, isDeleted = false, isAnyUsers = false, onOver } = options;
  return {
    sizeBytes: 0,
    whenUnreadable: 'send-without',
    onProgress: () => undefined,
    open: async () => {
      const file = await (isAnyUsers ? openForAnyUser(path) : openOutgoing(path));
      if (file.sizeBytes <= sizeMaxBytes) return file;
      await file.close();
      throw new AiocError(
        'AIOC_FILE_UNREADABLE',
        `${path} has ${file.sizeBytes} bytes, max_size_file_upload_send allows ${sizeMaxBytes}`,
      );
    },
    onDelivered: () => {
      // A source that somebody else has removed in the meantime is as gone as it should be.
      if (isDeleted)
        meantPath(path)
          .then(unlink)
          .catch(() => undefined);
      onOver?.();
    },
    onGivenUp: () => onOver?.(),
  };
}
