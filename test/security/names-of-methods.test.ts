/** What a peer or a program writes is never looked up as a member of an object: names and commands of any spelling. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConnectorAPI } from '../../engine/index.ts';
import { configuredPair } from '../helpers/configured-connectors.ts';
import { u32 } from '../helpers/malformed-frames.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

/** Names that a peer may have. */
const NAMES = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__'];

test('clients named like members of every object are clients like others', async (t) => {
  const { server, client } = await configuredPair(t, 'plain');
  const api = await ConnectorAPI.fromConfig(server.configPath);
  t.after(() => api.close());
  const heard: string[] = [];
  const listener = await api.listen(
    'any',
    (message) => void heard.push(`${message.sourceId}: ${message.text()}`),
  );
  t.after(() => listener.stop());
  for (const name of NAMES) {
    const peer = await rawClient(t, { mode: 'plain', server, name, peerKind: 'python' });
    peer.send({ source_id: name }, 'hello');
    await waitFor(() => heard.includes(`${name}: hello`), { what: `${name} to be heard` });
    await api.send({ messageType: 'any', data: `for ${name}`, destinationId: name });
    await waitFor(() => peer.frames.some(({ data }) => data.toString() === `for ${name}`), {
      what: `${name} to get its message`,
    });
    assert.deepEqual(
      peer.frames.filter(({ data }) => data.toString().startsWith('for ')).map(({ data }) => data.toString()),
      [`for ${name}`],
    );
  }
  assert.deepEqual(
    server
      .peers()
      .map(({ wireName }) => wireName)
      .sort(),
    [...NAMES, 'client1'].sort(),
  );
  assert.equal(client.status().phase.kind, 'connected');
});

/** Members of every object, and of Python’s connector and ours, that are no commands. */
const MEMBERS = [
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Function.prototype),
  ...['tasks', 'loop', 'logger', 'queue_send', 'run_until_complete', '__class__', '__init__', '__dict__'],
  ...['engine', 'execute', 'connector', 'commands', 'get', 'has', 'stop__sync', 'then'],
];

test('the command socket has the commands of its table, and no members of an object', async (t) => {
  const { client } = await configuredPair(t, 'plain');
  const path = join(client.directory, 'run/uds_path_commander_client1');
  for (const name of MEMBERS) {
    const socket = net.connect(path);
    t.after(() => socket.destroy());
    const answer: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void answer.push(chunk));
    const ended = once(socket, 'end');
    const body = JSON.stringify({ cmd: name, kwargs: {} });
    socket.write(Buffer.concat([u32(Buffer.byteLength(body)), Buffer.from(body)]));
    await deadline(ended, 10_000, `${name} to be answered`);
    const said = Buffer.concat(answer).subarray(4).toString();
    assert.doesNotMatch(said, /function|native|\[object|Connector/, name);
  }
  assert.equal(client.status().phase.kind, 'connected');
});
