import { outgoingBody } from '../files/outgoing-body.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { OutgoingBody } from '../queues/out-message.ts';
import type { LocalOptions } from './connector-options.ts';

/** The file that a message takes along, if it does: its with_file names one, and has no error yet. */
export function bodyFor(
  header: JsonObject,
  local: Pick<LocalOptions, 'sendFileMaxBytes'>,
): OutgoingBody | undefined {
  const withFile = header['with_file'];
  if (typeof withFile !== 'object' || withFile === null || Array.isArray(withFile)) return undefined;
  if ((withFile as JsonObject)['file_error'] !== undefined) return undefined;
  return outgoingBody({ withFile: withFile as JsonObject, sizeMaxBytes: local.sendFileMaxBytes });
}
