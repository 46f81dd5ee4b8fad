import {
  AiocError,
  exactInteger,
  findJsonFault,
  type ReceivedMessage,
  type RequestOptions,
  spelledIn,
} from '../engine/index.ts';
import { harmlessJson } from './harmless.ts';

/** A message to send, and whether to wait for its response. */
export interface LineMessage {
  readonly message: RequestOptions;
  readonly awaitResponse: boolean;
}

/** The keys of a line that `aioc send --json` reads. */
const KEYS = [
  'type',
  'to',
  'data',
  'data_base64',
  'binary_base64',
  'file',
  'request_id',
  'response_id',
  'tag',
  'wait_for_ack',
  'await_response',
] as const;

/**
 * Parses a message from a line of JSON; `defaults` gives what the line leaves out.
 *
 * @throws AiocError AIOC_USAGE with what is wrong with the line
 */
export function messageOfLine(line: string, defaults: LineMessage): LineMessage {
  const given = objectIn(line);
  const unknown = Object.keys(given).find((key) => !(KEYS as readonly string[]).includes(key));
  if (unknown !== undefined)
    throw wrong(`unknown key ${JSON.stringify(unknown)}; the keys are ${KEYS.join(', ')}`);
  const data = dataIn(given, line);
  const bytes = base64In(given, 'data_base64');
  const binary = base64In(given, 'binary_base64');
  const { request_id: requestId, response_id: responseId } = given;
  return {
    message: {
      ...defaults.message,
      ...picked(given, 'type', 'messageType'),
      ...picked(given, 'to', 'destinationId'),
      ...picked(given, 'tag', 'tag'),
      ...(bytes !== undefined ? { data: bytes } : data !== undefined && { data }),
      ...(binary !== undefined && { binary }),
      ...fileIn(given),
      ...(requestId !== undefined && { requestId: idOf('request_id', requestId, line) }),
      ...(responseId !== undefined && { responseId: idOf('response_id', responseId, line) }),
      ...(given['wait_for_ack'] === true && { waitForAck: true }),
    },
    awaitResponse:
      given['await_response'] === undefined ? defaults.awaitResponse : given['await_response'] === true,
  };
}

/** A received message as a line of JSON: its text, or its bytes in base64 if they are not UTF-8. */
export function lineOfMessage(message: ReceivedMessage): string {
  const { header, data, binary } = message;
  const text = data.toString();
  const isText = Buffer.from(text).equals(data);
  const line = {
    type: message.messageType,
    from: message.sourceId,
    to: header['destination_id'],
    request_id: header['request_id'],
    response_id: header['response_id'],
    tag: header['tag'],
    await_response: message.awaitsResponse ? true : undefined,
    file: message.withFile,
    ...(isText ? { data: text } : { data_base64: data.toString('base64') }),
    binary_base64: binary?.toString('base64'),
  };
  return jsonLine(line);
}

/** A line of JSON that is safe on a terminal: it escapes the non-ASCII characters that control one. */
export function jsonLine(value: unknown): string {
  return harmlessJson(jsonText(value));
}

/** JSON without spaces; a bigint keeps all its digits. */
function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`;
}

type LineOptions = Readonly<Record<string, unknown>>;

function objectIn(line: string): LineOptions {
  const fault = findJsonFault(line);
  if (fault !== undefined) {
    const { column, expected, found } = fault;
    throw wrong(`invalid JSON: column ${column} has ${found} instead of ${expected}`);
  }
  const value = parsed(line);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as LineOptions;
  throw wrong('not a JSON object: a message begins with {');
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Valid JSON that JSON.parse still cannot read.
    throw wrong('the JSON is nested too deeply');
  }
}

/** A string is sent as text; anything else as it is spelled in the line, so that numbers keep all their digits. */
function dataIn(given: LineOptions, line: string): string | Buffer | undefined {
  const { data } = given;
  if (data === undefined) return undefined;
  if (typeof data !== 'string') {
    return Buffer.from(spelledIn(line, 'data'));
  }
  if (/\p{Surrogate}/u.test(data)) {
    throw wrong('data contains half of a surrogate pair: send such bytes with data_base64');
  }
  return data;
}

function picked<Key extends string>(
  given: LineOptions,
  name: string,
  key: Key,
): Partial<Record<Key, string>> {
  const value = given[name];
  if (value === undefined) return {};
  if (typeof value !== 'string' || value === '') throw wrong(`${name} must be a string that is not empty`);
  return { [key]: value } as Partial<Record<Key, string>>;
}

function idOf(name: string, value: unknown, line: string): string | number | bigint {
  if (typeof value === 'string') return value;
  const exact = typeof value === 'number' ? exactInteger(value, () => spelledIn(line, name)) : undefined;
  if (typeof exact === 'bigint' || Number.isSafeInteger(exact)) return exact as number | bigint;
  throw wrong(`${name} must be a string or an integer`);
}

function base64In(given: LineOptions, name: string): Buffer | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  if (bytes?.toString('base64').replace(/=+$/, '') !== String(value).replace(/=+$/, '')) {
    throw wrong(`${name} must be base64`);
  }
  return bytes;
}

function fileIn(given: LineOptions): Pick<RequestOptions, 'withFile'> {
  const file = given['file'];
  if (file === undefined) return {};
  if (typeof file === 'string') return { withFile: { srcPath: file, dstType: 'any' } };
  const {
    path,
    dst_type: dstType = 'any',
    dst_name: dstName,
    delete: deletes = false,
  } = (file ?? {}) as LineOptions;
  if (typeof path !== 'string' || typeof dstType !== 'string')
    throw wrong('file must be a path, or an object with a path');
  return {
    withFile: {
      srcPath: path,
      dstType,
      ...(typeof dstName === 'string' && { dstName }),
      delete: deletes === true,
    },
  };
}

function wrong(what: string): AiocError {
  return new AiocError('AIOC_USAGE', what);
}
