import type { PeekRow } from '../engine/index.ts';
import { jsonLine } from './message-lines.ts';

/** The members of a header that a line has, and their names there: those that `aioc send --json` takes, and `from`. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['message_type', 'type'],
  ['source_id', 'from'],
  ['destination_id', 'to'],
  ['request_id', 'request_id'],
  ['response_id', 'response_id'],
  ['tag', 'tag'],
  ['await_response', 'await_response'],
  ['with_file', 'file'],
]);

/**
 * A message of a queue as a line of JSON, as `aioc listen` prints and `aioc send --json` takes it.
 *
 * @throws Error if it is too large to be exported
 */
export function lineOfQueued({ body, binaryBase64, place }: PeekRow): string {
  if (body === undefined || body.omittedBytes > 0 || (body.binaryBytes > 0 && binaryBase64 === undefined))
    throw new Error(`message ${place} is too large to be exported`);
  const members = body.headerLines.flatMap((line) => {
    const colon = line.indexOf(': ');
    const name = NAMES.get(line.slice(0, colon));
    // The value stays as it was written: a number may have more digits than JavaScript has.
    return name === undefined ? [] : [`${JSON.stringify(name)}:${line.slice(colon + 2)}`];
  });
  const isText = Buffer.from(body.text).toString('base64') === body.base64;
  const data = isText ? { data: body.text } : { data_base64: body.base64 };
  const rest = jsonLine({ ...data, binary_base64: binaryBase64 });
  return `{${[...members, rest.slice(1, -1)].join(',')}}`;
}
