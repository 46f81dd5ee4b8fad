import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI, type ListenerMessage } from '../../engine/index.ts';
import { LocalFrameReader } from '../../engine/local/local-frames.ts';
import { sendSocketPath } from '../../engine/local/socket-names.ts';
import type { Frame } from '../../engine/protocol/frame-decoder.ts';
import { headerText, parseHeader } from '../../engine/protocol/header.ts';
import { lineOfMessage, messageOfLine } from '../../source/message-lines.ts';
import { configuredPair } from '../helpers/configured-connectors.ts';
import { deadline } from '../helpers/wait-for.ts';

/** 2^100, as `uuid4().int` may be. */
const ID = '1267650600228229401496703205376';
/** Of two neighbours beyond 2^53 JavaScript's numbers know one. */
const NEIGHBOURS = ['9007199254740992', '9007199254740993'] as const;
const DEFAULTS = { message: { messageType: 'any' }, awaitResponse: false };

/** What a Python program writes to ask something. */
function question(id: string, text: string): Buffer {
  const header = Buffer.from(`{"message_type": "any", "await_response": true, "request_id": ${id}}`);
  const data = Buffer.from(text);
  const lengths = Buffer.alloc(10);
  lengths.writeUInt32LE(2 + header.length + 4 + data.length, 0);
  lengths.writeUInt16LE(header.length, 4);
  lengths.writeUInt32LE(data.length, 6);
  return Buffer.concat([lengths.subarray(0, 6), header, lengths.subarray(6), data]);
}

/** Asks as a Python program does, over a connection of its own, and gives the header of the answer as it came. */
async function asked(t: TestContext, path: string, id: string): Promise<string> {
  const socket = net.connect(path);
  t.after(() => socket.destroy());
  const reader = new LocalFrameReader();
  const answer = new Promise<Frame>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      reader.push(chunk);
      const event = reader.next();
      if (event?.kind === 'frame') resolve(event.frame);
    });
  });
  socket.write(question(id, id));
  const { headerBytes, data } = await deadline(answer, 10_000, 'the answer');
  assert.equal(data.toString(), `to ${id}`);
  return headerBytes.toString();
}

test('who asks with an id beyond 2^53 is answered with the very same, its neighbour too', async (t) => {
  const { server, client } = await configuredPair(t, 'plain');
  const api = await ConnectorAPI.fromConfig(server.configPath);
  t.after(() => api.close());
  const heard: ListenerMessage[] = [];
  const listener = await api.listen('any', async (message) => {
    heard.push(message);
    // Both are asked before one is answered.
    if (heard.length < 3) return;
    for (const one of heard.reverse()) await one.reply(`to ${one.text()}`);
  });
  t.after(() => listener.stop());
  const path = sendSocketPath(`${client.directory}/run`, { role: 'client', name: 'client1' });
  const answers = await Promise.all([ID, ...NEIGHBOURS].map((id) => asked(t, path, id)));
  for (const [index, id] of [ID, ...NEIGHBOURS].entries())
    assert.match(answers[index] ?? '', new RegExp(`"response_id": ${id}[,}]`));
  const lines = heard.map((message) => lineOfMessage(message));
  assert.ok(
    lines.some((line) => line.includes(`"request_id":${ID},`)),
    lines.join('\n'),
  );
});

test('an id in a header is written as it was read, whatever else in it changes', () => {
  const text = `{"message_type": "any", "request_id": ${ID}, "response_id": -${ID}, "n": 1.5}`;
  assert.equal(headerText(parseHeader(Buffer.from(text))), text);
  const twice = `{"request_id": 1, "message_type": "any", "request_id": ${ID}, "ours": {"request_id": 7}}`;
  assert.equal(parseHeader(Buffer.from(twice))['request_id'], BigInt(ID));
  assert.equal(parseHeader(Buffer.from('{"message_type": "any", "request_id": 1e22}'))['request_id'], 1e22);
  assert.equal(parseHeader(Buffer.from('{"message_type": "any", "request_id": 7}'))['request_id'], 7);
});

test('a line of JSON answers with the id that a line of listen has shown', () => {
  const { message } = messageOfLine(`{"response_id": ${ID}, "request_id": ${NEIGHBOURS[1]}}`, DEFAULTS);
  assert.deepEqual([message.responseId, message.requestId], [BigInt(ID), BigInt(NEIGHBOURS[1])]);
  assert.throws(() => messageOfLine('{"response_id": 1e400}', DEFAULTS), /response_id must be a string/);
});
