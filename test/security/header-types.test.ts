/** h6, S13: a header field of the wrong type makes its frame a bad one; no value is converted. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { ConnectorAPI, type ListenerMessage } from '../../engine/index.ts';
import { FrameDecoder } from '../../engine/protocol/frame-decoder.ts';
import type { Header, JsonObject, JsonValue } from '../../engine/protocol/header.ts';
import { checkBatch, RecordBatchBuilder } from '../../engine/protocol/record-batch.ts';
import { configuredPair, type Mode } from '../helpers/configured-connectors.ts';
import { frameWith } from '../helpers/malformed-frames.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const OTHERS: readonly JsonValue[] = [5, 1.5, true, false, null, [], ['any'], {}, { a: 1 }, 'any'];
const isText = (value: JsonValue): boolean => typeof value === 'string';
const isId = (value: JsonValue): boolean => isText(value) || typeof value === 'number';
const isBoolean = (value: JsonValue): boolean => typeof value === 'boolean';
const isFlag = (value: JsonValue): boolean => isBoolean(value) || value === null || typeof value === 'number';
const isObject = (value: JsonValue): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const FIELDS: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  message_type: isText,
  source_id: isText,
  destination_id: isText,
  request_id: isId,
  response_id: isId,
  transport_id: isId,
  await_response: isBoolean,
  with_binary: isFlag,
  wait_for_ack: isFlag,
  with_file: isObject,
  message_type_publish: isText,
  tag: isText,
  error: isText,
  aioc_batch: (value) => value === 5,
  aioc_dropped: isBoolean,
};
const FILE_FIELDS: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  src_path: isText,
  dst_type: isText,
  dst_name: isText,
  delete: isFlag,
  binary_offset: (value) => value === 5,
  file_error: isText,
  chunked: () => false,
  any_user: isBoolean,
};

/** Whether a decoder accepts a header; the frame may lack what the header announces. */
function isAccepted(header: JsonObject): boolean {
  const decoder = new FrameDecoder();
  decoder.push(frameWith(JSON.stringify(header)));
  try {
    decoder.next();
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (/beyond the end|binary_offset is larger/.test(message)) return true;
    assert.match(message, /the header's \w+( of with_file)? is not |the header has no message_type/);
    return false;
  }
}

test('each field of a header that connectors read has its type, or the frame is a bad one', () => {
  for (const [key, isRight] of Object.entries(FIELDS)) {
    for (const value of OTHERS)
      assert.equal(isAccepted({ message_type: 'any', [key]: value }), isRight(value), `${key}: ${value}`);
  }
  for (const [key, isRight] of Object.entries(FILE_FIELDS)) {
    for (const value of OTHERS) {
      const header = { message_type: 'any', with_file: { [key]: value } };
      assert.equal(isAccepted(header), isRight(value), `with_file.${key}: ${JSON.stringify(value)}`);
    }
  }
  assert.ok(isAccepted({ message_type: 'any', with_file: { chunked: ['a', 1, 2] } }));
  assert.ok(isAccepted({ message_type: 'any', mine: [{ a: null }], owner: 5 }), 'what is the application’s');
});

const OWN_FIELDS = Object.entries(FIELDS).filter(
  ([key]) => !['message_type', 'source_id', 'destination_id', 'transport_id', 'with_binary'].includes(key),
);

test('a message in a batch is held to the same types, however its header is spelled', () => {
  const value = fc.oneof(
    fc.constantFrom(...OTHERS),
    fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<JsonValue>,
  );
  const one = fc.tuple(fc.constantFrom(...OWN_FIELDS), value, fc.boolean());
  fc.assert(
    fc.property(one, ([[key, isRight], given, isEscaped]) => {
      if (key === 'aioc_batch' || key === 'with_file') return;
      const spelled = isEscaped
        ? `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`
        : key;
      const headerBytes = Buffer.from(`{"n": 1, "${spelled}": ${JSON.stringify(given)}}`);
      const builder = new RecordBatchBuilder();
      builder.add({ headerBytes, data: Buffer.from('x'), binary: Buffer.alloc(0) });
      const records = Buffer.concat(builder.take().pieces);
      if (isRight(given)) assert.doesNotThrow(() => checkBatch(records, 1), `${key}: ${given}`);
      else
        assert.throws(
          () => checkBatch(records, 1),
          new RegExp(`the header's ${key} is not|the header has the key __proto__`),
        );
    }),
    { numRuns: 2_000 },
  );
});

/** A listener at the server and what it heard. */
async function listening(t: TestContext, configPath: string): Promise<readonly ListenerMessage[]> {
  const api = await ConnectorAPI.fromConfig(configPath);
  t.after(() => api.close());
  const heard: ListenerMessage[] = [];
  const listener = await api.listen('any', (message) => void heard.push(message));
  t.after(() => listener.stop());
  return heard;
}

const WRONG: readonly Partial<Header>[] = [
  { source_id: 5 },
  { source_id: null },
  { source_id: { a: 1 } },
  { request_id: [1] },
  { await_response: 1, request_id: 1 },
  { tag: 5 },
  { transport_id: true },
  { with_file: 'x' },
  { with_file: { dst_type: ['any'], dst_name: 'f' } },
  { with_file: { dst_type: 'any', dst_name: { toString: 'f' } } },
];

for (const mode of ['plain', 'tls-allow-all', 'mutual-tls'] as const satisfies readonly Mode[]) {
  test(`${mode}: a peer whose header has a field of the wrong type is disconnected, and nothing of it arrives`, async (t) => {
    const { server } = await configuredPair(t, mode, {
      file_recv_config: { any: { target_directory: tempDir(t) } },
    });
    const heard = await listening(t, server.configPath);
    for (const [index, header] of WRONG.entries()) {
      const mallory = await rawClient(t, { mode, server, name: `mallory${index}`, peerKind: 'python' });
      mallory.send(header as JsonObject, 'wrong');
      await waitFor(() => mallory.isClosed, { what: `the end of ${JSON.stringify(header)}` });
    }
    const honest = await rawClient(t, { mode, server, name: 'honest', peerKind: 'python' });
    honest.send({}, 'right');
    await waitFor(() => heard.length > 0, { what: 'the honest message' });
    assert.deepEqual(
      heard.map((message) => message.text()),
      ['right'],
    );
    const named = server.log().filter(({ text }) => /violated the protocol: the header's/.test(text));
    assert.equal(named.length, WRONG.length);
  });
}
