import { unlink } from 'node:fs/promises';
import { AiocError } from '../base/errors.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { OutgoingBody } from '../queues/out-message.ts';
import { openOutgoing } from './outgoing-file.ts';

export interface OutgoingBodyOptions {
  /** The with_file of a local program's message. */
  readonly withFile: JsonObject;
  readonly sizeMaxBytes: number;
}

/**
 * The file that a local program's message takes along: read when the message is sent, and deleted, unless the program
 * said otherwise, when the other side has it (PROTOCOL §3; Python deletes it as soon as it is sent).
 */
export function outgoingBody({ withFile, sizeMaxBytes }: OutgoingBodyOptions): OutgoingBody {
  const path = String(withFile['src_path'] ?? '');
  return {
    sizeBytes: 0,
    whenUnreadable: 'send-without',
    onProgress: () => undefined,
    open: async () => {
      const file = await openOutgoing(path);
      if (file.sizeBytes <= sizeMaxBytes) return file;
      await file.close();
      throw new AiocError(
        'AIOC_FILE_UNREADABLE',
        `${path} has ${file.sizeBytes} bytes, max_size_file_upload_send allows ${sizeMaxBytes}`,
      );
    },
    onDelivered: () => {
      // A source that somebody else has removed in the meantime is as gone as it should be.
      if (withFile['delete'] !== false) unlink(path).catch(() => undefined);
    },
  };
}
