/** P3: a message of a peer that is larger than is taken is passed over: logged, and acknowledged, so that nothing waits for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readStreamAcks } from '../../engine/protocol/stream-frames.ts';
import { heardBy, logged, started, until } from '../helpers/key-effects.ts';
import { rawClient } from '../helpers/raw-peer.ts';

const SERVER = {
  is_server: true,
  send_message_types: ['a'],
  recv_message_types: ['a'],
  max_size_message: 1_024,
};
const LARGE = 'x'.repeat(2_000);
const EPOCH = 'AAAAAAAAAAAAAAAAAAAAAA';
const NOTE = /1: a a message of 2000 bytes was dropped: max_size_message is 1024/;

test('an aioc peer that sends it all the same is told that it was dropped, and what is behind it arrives', async (t) => {
  const server = await started(t, SERVER);
  const heard = await heardBy(t, server, 'a');
  const peer = await rawClient(t, { mode: 'plain', server, name: 'peer1', peerKind: 'aioc' });
  for (const [index, data] of ['1', LARGE, '3'].entries())
    peer.send({ message_type: 'a', transport_id: `${EPOCH}.${index + 1}` }, data);
  const acks = () =>
    peer.frames.flatMap((frame) => {
      const acks = readStreamAcks(frame);
      return acks?.kind === 'ack' ? acks.positions : [];
    });
  await until(() => acks().some(({ upTo }) => upTo === 3), 'the ack of the last one');
  assert.deepEqual(
    acks().flatMap(({ dropped }) => dropped),
    [[2, 2]],
  );
  await until(() => heard.length === 2, 'those that fit');
  assert.deepEqual(
    heard.map((message) => message.text()),
    ['1', '3'],
  );
  assert.ok(logged(server, NOTE));
});

test('a Python peer that waits for its ack gets one, and does not hold its queue for a message that is not taken', async (t) => {
  const server = await started(t, SERVER);
  const heard = await heardBy(t, server, 'a');
  const python = await rawClient(t, { mode: 'plain', server, name: 'py1', peerKind: 'python' });
  for (const [index, data] of ['1', LARGE, '3'].entries())
    python.send({ message_type: 'a', source_id: 'py1', transport_id: index + 1 }, data);
  const acked = () =>
    python.frames.flatMap(({ header }) => (header.message_type === '_ack' ? [header['transport_id']] : []));
  await until(() => acked().length === 3, 'three acks');
  assert.deepEqual(acked(), [1, 2, 3]);
  await until(() => heard.length === 2, 'those that fit');
  assert.ok(logged(server, NOTE));
});
