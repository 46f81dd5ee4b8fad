import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import type { Connection, ConnectionEvents } from '../../../engine/base/ports.ts';
import { Link } from '../../../engine/peers/link.ts';
import type { LinkOwner, LinkTraffic } from '../../../engine/peers/link-types.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import {
  handshakeFrame,
  type OutFrame,
  probeAnswerFrame,
  probeFrame,
  readProbe,
} from '../../../engine/protocol/messages.ts';
import { simulatedWorld } from '../../helpers/simulated-world.ts';

const NAME = 'edge-1';

/** A server's link to a client that announces exactly this in its probe. */
function linkTo(announced: object): Link {
  let events: ConnectionEvents | undefined;
  const connection: Partial<Connection> = {
    remoteAddress: '127.0.0.1',
    remotePort: 1,
    bufferedBytes: 0,
    listen: (given) => {
      events = given;
    },
    write: () => true,
    pause: () => undefined,
    resume: () => undefined,
  };
  const owner: Partial<LinkOwner<Link>> = {
    knownAsAioc: () => false,
    introduced: (link) => link.admit(),
    established: () => undefined,
    over: (_link, { reason }) => assert.fail(reason),
  };
  const link = new Link({
    connection: connection as Connection,
    clock: simulatedWorld().clock,
    owner: owner as LinkOwner<Link>,
    traffic: { budget: new MemoryBudget(1024 * 1024) } as LinkTraffic<Link>,
    generation: 1,
    heartbeatOf: () => undefined,
    describe: String,
    session: {
      role: 'server',
      security: 'plain',
      sourceId: 'server',
      destinationId: '',
      hello: { version: '0.0.0', name: 'server', instance: 's' },
      nonce: 'n-1',
    },
  });
  link.start();
  events?.onOpen(undefined);
  for (const frame of [handshakeFrame({ tls: false, sourceId: NAME }), probe(announced)])
    events?.onData(encodeFrame(frame));
  assert.equal(link.state, 'established');
  return link;
}

function probe(announced: object): OutFrame {
  const hello = { version: '0.0.0', name: NAME, instance: 'c' };
  const header = {
    message_type: '_ping',
    source_id: NAME,
    destination_id: 'server',
    request_id: '_aioc',
    await_response: true,
  };
  return { header, data: Buffer.from(JSON.stringify({ aioc: 1, nonce: 'n-2', ...hello, ...announced })) };
}

for (const [announced, speaksStreams, speaksBatches] of [
  [{ streams: true, batches: true }, true, true],
  [{ streams: true }, true, false],
  [{ streams: true, batches: 1 }, true, false],
  [{ batches: true }, false, false],
  [{}, false, false],
] as const) {
  test(`a peer that announces ${JSON.stringify(announced)} ${speaksBatches ? 'takes' : 'gets no'} record batches`, () => {
    const link = linkTo(announced);
    assert.equal(link.speaksStreams, speaksStreams);
    assert.equal(link.speaksBatches, speaksBatches);
  });
}

for (const [announced, batchMaxBytes] of [
  [{ batches: true }, 64 * 1024],
  [{ batches: true, batchMaxBytes: 1_000_000 }, 1_000_000],
  [{ batches: true, batchMaxBytes: 100_000 }, 100_000],
  [{ batches: true, batchMaxBytes: 100 }, 64 * 1024],
  [{ batches: true, batchMaxBytes: 0 }, 64 * 1024],
  [{ batches: true, batchMaxBytes: '100000' }, 64 * 1024],
  [{ batchMaxBytes: 1_000_000 }, 0],
] as const) {
  test(`a peer that announces ${JSON.stringify(announced)} takes batches of ${batchMaxBytes} bytes`, () => {
    assert.equal(linkTo({ streams: true, ...announced }).batchMaxBytes, batchMaxBytes);
  });
}

test('a probe and its answer announce the largest batch that this version takes', () => {
  const hello = { version: '0', name: NAME, instance: 'c' };
  const said = { hello, nonce: 'n', sourceId: NAME, destinationId: 'server' };
  for (const { data } of [probeFrame(said), probeAnswerFrame(said)])
    assert.equal(JSON.parse(data.toString()).batchMaxBytes, LIMITS.largeBatchBytes);
});

test('what a probe announces of batches is read only if it says true', () => {
  for (const batches of [true, false, 1, 'true', undefined]) {
    const { header, data } = probe({ batches });
    const read = readProbe({ header, data, headerBytes: Buffer.alloc(0), binary: Buffer.alloc(0) });
    assert.equal(read?.hello.batches, batches === true ? true : undefined);
  }
});
