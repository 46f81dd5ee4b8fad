import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header, JsonObject } from '../protocol/header.ts';
import type { LeftOut } from '../queues/outgoing-body.ts';
import { leftOutJson, readLeftOut } from './left-out.ts';

/**
 * The result of a file that was sent with await_response. Python's answer only says that the message was read; an aioc
 * peer adds the file's result, under a key that Python ignores (PROTOCOL §1, §10).
 */
export type FileAnswer =
  | { readonly kept: string; readonly leftOut?: LeftOut | undefined }
  | { readonly refused: string }
  | { readonly read: true };

const KEY = 'aioc_file';

/** The answer to a message that awaits one (PROTOCOL §10: same type, same data, response_id = request_id). */
export function answerHeader(request: Header, answer?: FileAnswer): Header {
  return {
    message_type: request.message_type,
    response_id: request['request_id'] ?? null,
    ...(answer !== undefined && { [KEY]: written(answer) }),
  };
}

export function readFileAnswer(frame: Frame): FileAnswer {
  const answer = frame.header[KEY];
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return { read: true };
  const { kept, refused, left_out } = answer as JsonObject;
  if (typeof refused === 'string') return { refused: refused.slice(0, 400) };
  if (typeof kept === 'string') return { kept: kept.slice(0, 400), leftOut: readLeftOut(left_out) };
  return { read: true };
}

function written(answer: FileAnswer): JsonObject {
  if (!('kept' in answer)) return { ...answer };
  const { kept, leftOut } = answer;
  return { kept, ...(leftOut !== undefined && leftOut.count > 0 && { left_out: leftOutJson(leftOut) }) };
}
