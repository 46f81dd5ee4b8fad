import { AiocError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from './json-value.ts';

/** What a field may be. `flag`: a value of which Python only tests whether it is true. */
type FieldType = 'text' | 'id' | 'boolean' | 'flag' | 'count' | 'object' | 'chunk';

/** The fields of a header that connectors read (PROTOCOL §1). `message_type` is checked by `parseHeader`. */
export const HEADER_FIELDS = {
  source_id: 'text',
  destination_id: 'text',
  request_id: 'id',
  response_id: 'id',
  transport_id: 'id',
  await_response: 'boolean',
  with_binary: 'flag',
  wait_for_ack: 'flag',
  with_file: 'object',
  message_type_publish: 'text',
  tag: 'text',
  error: 'text',
  aioc_batch: 'count',
  aioc_dropped: 'boolean',
} as const satisfies Readonly<Record<string, FieldType>>;

/** The fields of `with_file` that connectors read (PROTOCOL §3), and aioc's own (engine/local/accepted-files.ts). */
const FILE_FIELDS = {
  src_path: 'text',
  dst_type: 'text',
  dst_name: 'text',
  delete: 'flag',
  binary_offset: 'count',
  file_error: 'text',
  chunked: 'chunk',
  any_user: 'boolean',
} as const satisfies Readonly<Record<string, FieldType>>;

const TESTS: Readonly<Record<FieldType, (value: JsonValue) => boolean>> = {
  text: (value) => typeof value === 'string',
  id: (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint',
  boolean: (value) => typeof value === 'boolean',
  flag: (value) => value === null || typeof value === 'boolean' || typeof value === 'number',
  count: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  chunk: isChunk,
};

const EXPECTED: Readonly<Record<FieldType, string>> = {
  text: 'a string',
  id: 'a number or a string',
  boolean: 'true or false',
  flag: 'true or false',
  count: 'a non-negative integer',
  object: 'an object',
  chunk: 'a name, an index and a count',
};

/**
 * Checks the types of all fields that connectors read, so that no reader has to convert a value: `["any"]` is not `any`.
 * Other fields belong to the application.
 *
 * @throws AiocError AIOC_FRAME_BAD naming the field
 */
export function checkFields(header: JsonObject): void {
  check(header, HEADER_FIELDS, '');
  const file = header['with_file'];
  if (file !== undefined) check(file as JsonObject, FILE_FIELDS, ' of with_file');
}

function check(object: JsonObject, fields: Readonly<Record<string, FieldType>>, where: string): void {
  for (const key in object) {
    if (!Object.hasOwn(fields, key)) continue;
    const type = fields[key] as FieldType;
    if (TESTS[type](object[key] as JsonValue)) continue;
    throw new AiocError('AIOC_FRAME_BAD', `the header's ${key}${where} is not ${EXPECTED[type]}`);
  }
}

/** Python deletes a file after sending unless `delete` is given and not true (PROTOCOL §3). */
export function deletesSource(withFile: JsonObject): boolean {
  return withFile['delete'] === undefined || Boolean(withFile['delete']);
}

/** `[name, i, n]` (PROTOCOL §3, chunks). */
function isChunk(value: JsonValue): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [name, index, count] = value as readonly JsonValue[];
  return typeof name === 'string' && Number.isSafeInteger(index) && Number.isSafeInteger(count);
}
