/** Keys about what is stored: each test changes one and looks at what outlives a connector. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorRemoteTool } from '../../../engine/index.ts';
import type { ConfiguredSide } from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import {
  type Config,
  connected,
  heardBy,
  logged,
  program,
  started,
  until,
} from '../../helpers/key-effects.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const TYPES = { send_message_types: ['a', 'b'], recv_message_types: ['a', 'b'] };

/** A client whose server is not there, with one message of each type in its queues. */
async function clientAlone(
  t: TestContext,
  config: Config,
): Promise<{ client: ConfiguredSide; again: Config }> {
  const again = {
    ...TYPES,
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', await freePort()],
    ...config,
  };
  return { client: await started(t, again), again };
}

const depthOf = (side: ConfiguredSide, type: string): number =>
  side.queues().find((queue) => queue.direction === 'out' && queue.type === type)?.depth ?? 0;

const KEPT: readonly (readonly [unknown, Readonly<Record<string, number>>])[] = [
  [true, { a: 1, b: 1 }],
  [false, { a: 0, b: 0 }],
  [['a'], { a: 1, b: 0 }],
];
for (const [disk_persistence_send, left] of KEPT) {
  test(`disk_persistence_send: ${JSON.stringify(disk_persistence_send)}`, async (t) => {
    const { client, again } = await clientAlone(t, { disk_persistence_send });
    const api = await program(t, client);
    for (const messageType of ['a', 'b']) {
      const promised = await api.send({ messageType, data: 'x' });
      assert.equal(promised, left[messageType] === 1 ? 'stored' : 'accepted');
    }
    for (const { type, stored } of client.queues().filter(({ direction }) => direction === 'out'))
      assert.equal(stored ?? false, left[type] === 1, `${type} is shown as it is`);
    await client.engine.stop({ hard: true });
    const next = await started(t, again, { directory: client.directory });
    assert.deepEqual({ a: depthOf(next, 'a'), b: depthOf(next, 'b') }, left);
  });

  test(`disk_persistence_recv: ${JSON.stringify(disk_persistence_send)}`, async (t) => {
    const server_sockaddr = ['127.0.0.1', await freePort()];
    const config = {
      ...TYPES,
      is_server: true,
      server_sockaddr,
      disk_persistence_recv: disk_persistence_send,
    };
    const server = await started(t, config);
    const client = await started(t, { ...TYPES, is_server: false, client_name: 'client1', server_sockaddr });
    await connected(server, client);
    const api = await program(t, client);
    for (const messageType of ['a', 'b']) await api.send({ messageType, data: 'x' });
    const inboxes = (side: ConfiguredSide): Record<string, number> =>
      Object.fromEntries(
        side
          .queues()
          .filter(({ direction }) => direction === 'in')
          .map(({ type, depth }) => [type, depth]),
      );
    await until(() => Object.values(inboxes(server)).join() === '1,1', 'both messages');
    await client.engine.stop({ hard: true });
    await server.engine.stop({ hard: true });
    const next = await started(t, config, { directory: server.directory });
    assert.deepEqual(inboxes(next), left);
    const heard = await heardBy(t, next, 'a');
    await until(() => heard.length === left['a'], 'what was stored');
  });
}

test('max_size_persistence_path, when_full: a queue that is full refuses, or drops the oldest or the newest', async (t) => {
  for (const [when_full, kept] of [
    ['refuse', ['0', '1']],
    ['drop_newest', ['0', '1']],
    ['drop_oldest', ['3', '4']],
  ] as const) {
    const { client, again } = await clientAlone(t, { when_full, max_size_persistence_path: 2_500 });
    const api = await program(t, client);
    const text = 'x'.repeat(1_000);
    for (const number of ['0', '1', '2', '3', '4']) {
      const sent = api.send({ messageType: 'a', data: `${number} ${text}` });
      if (when_full === 'drop_oldest' || number === '0' || number === '1') await sent;
      else await rejectsWith(sent, 'AIOC_QUEUE_FULL', /2 messages .* no more fit/);
    }
    assert.equal(depthOf(client, 'a'), 2);
    // What is refused is not dropped: its program still has it.
    const told = /: messages of the type a were dropped: the queue is full \(3 so far\)/;
    if (when_full !== 'refuse') await until(() => logged(client, told), 'the number of those dropped');
    const dropped = client.log().filter(({ outcome }) => outcome === 'dropped');
    assert.equal(
      dropped.length,
      when_full === 'drop_oldest' ? 3 : 0,
      'whose program believes it to be stored',
    );
    for (const { text } of dropped)
      assert.match(text, /\(the queue was full and this was the oldest message\)/);
    await client.engine.stop({ hard: true });
    const { server_sockaddr } = again as Config & { server_sockaddr: unknown };
    const server = await started(t, { ...TYPES, is_server: true, server_sockaddr });
    const heard = await heardBy(t, server, 'a');
    await started(t, again, { directory: client.directory });
    await until(() => heard.length >= 2, 'what was kept');
    assert.deepEqual(
      heard.map((message) => message.text().split(' ')[0]),
      kept,
    );
    await server.engine.stop({ hard: true });
  }
});

for (const when_full of ['drop_newest', 'drop_oldest']) {
  test(`when_full: ${when_full}, what is dropped of an inbox is counted in the log, not once for each`, async (t) => {
    const server_sockaddr = ['127.0.0.1', await freePort()];
    const full = { when_full, max_size_persistence_path: 2_500 };
    const server = await started(t, { ...TYPES, ...full, is_server: true, server_sockaddr });
    const client = await started(t, { ...TYPES, is_server: false, client_name: 'client1', server_sockaddr });
    await connected(server, client);
    const api = await program(t, client);
    for (let number = 0; number < 12; number += 1)
      await api.send({ messageType: 'a', data: 'x'.repeat(1_000) });
    await until(() => logged(server, /client1: messages of the type a were dropped: .*\(10 so far\)/), 'all');
    const lines = server.log().filter(({ text }) => text.includes('were dropped'));
    assert.ok(lines.length <= 3, `${lines.length} lines`);
  });
}

test('journal_directory: where messages are stored; absent, beside the sockets', async (t) => {
  const elsewhere = join(tempDir(t), 'journals');
  const { client } = await clientAlone(t, { journal_directory: elsewhere });
  assert.deepEqual(readdirSync(elsewhere), ['aioc_journal_client_client1']);
  assert.equal(existsSync(join(client.directory, 'run', 'aioc_journal_client_client1')), false);
  const usual = await clientAlone(t, {});
  assert.ok(existsSync(join(usual.client.directory, 'run', 'aioc_journal_client_client1')));
});

for (const durability of ['batch', 'always', 'os']) {
  test(`durability: ${durability}, what is said to be stored outlives the connector`, async (t) => {
    const { client, again } = await clientAlone(t, { durability });
    const api = await program(t, client);
    const sends = Array.from({ length: 20 }, (_, number) =>
      api.send({ messageType: 'a', data: String(number) }),
    );
    assert.deepEqual(new Set(await Promise.all(sends)), new Set(['stored']));
    await client.engine.stop({ hard: true });
    assert.equal(depthOf(await started(t, again, { directory: client.directory }), 'a'), 20);
  });
}

test('messages for a server that the configuration names no more stay on the disk, and the log says so', async (t) => {
  const { client, again } = await clientAlone(t, {});
  await (await program(t, client)).send({ messageType: 'a', data: 'x' });
  await client.engine.stop({ hard: true });
  const moved = { ...again, server_sockaddr: ['127.0.0.1', await freePort()] };
  const next = await started(t, moved, { directory: client.directory });
  await until(
    () => logged(next, /1 stored messages stay on the disk, unused: .*no longer this client.s server/),
    'the warning',
  );
  await next.engine.stop({ hard: true });
  assert.equal(depthOf(await started(t, again, { directory: client.directory }), 'a'), 1);
});

test('delete_previous_persistence_remains: what is stored for nobody is deleted and counted, and nothing else', async (t) => {
  const { client, again } = await clientAlone(t, {});
  const api = await program(t, client);
  for (const messageType of ['a', 'b', 'b']) await api.send({ messageType, data: 'x' });
  await client.engine.stop({ hard: true });
  const moved = { ...again, server_sockaddr: ['127.0.0.1', await freePort()] };
  const next = await started(t, moved, { directory: client.directory });
  await (await program(t, next)).send({ messageType: 'a', data: 'for the new server' });
  const tool = await ConnectorRemoteTool.fromConfig(next.configPath);
  assert.equal(await tool.deletePreviousPersistenceRemains(), true);
  assert.ok(logged(next, /deleted 3 stored messages that are no longer used/));
  assert.equal(depthOf(next, 'a'), 1, 'what is in use stays');
  assert.equal(await tool.deletePreviousPersistenceRemains(), true);
  assert.equal(next.log().filter(({ text }) => text.includes('no longer used')).length, 1);
  await next.engine.stop({ hard: true });
  const before = await started(t, again, { directory: client.directory });
  assert.deepEqual([depthOf(before, 'a'), depthOf(before, 'b')], [0, 0]);
});

test('delete_previous_persistence_remains: what is stored of a type that is not received any more is deleted', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const config = { ...TYPES, is_server: true, server_sockaddr };
  const server = await started(t, config);
  const client = await started(t, { ...TYPES, is_server: false, client_name: 'client1', server_sockaddr });
  await connected(server, client);
  const api = await program(t, client);
  for (const messageType of ['a', 'b']) await api.send({ messageType, data: 'x' });
  await until(() => client.status().waitingCount === 0, 'the confirmations');
  await client.engine.stop({ hard: true });
  await server.engine.stop({ hard: true });
  const next = await started(t, { ...config, recv_message_types: ['a'] }, { directory: server.directory });
  const tool = await ConnectorRemoteTool.fromConfig(next.configPath);
  assert.equal(await tool.deletePreviousPersistenceRemains(), true);
  await next.engine.stop({ hard: true });
  const last = await started(t, config, { directory: server.directory });
  const inboxes = last.queues().filter(({ direction }) => direction === 'in');
  assert.deepEqual(Object.fromEntries(inboxes.map(({ type, depth }) => [type, depth])), { a: 1, b: 0 });
});

test('max_size_message: the largest message that is taken from a program; a larger one is refused', async (t) => {
  const { client } = await clientAlone(t, { max_size_message: 2_000 });
  const api = await program(t, client);
  assert.equal(await api.send({ messageType: 'a', data: 'x'.repeat(2_000) }), 'stored');
  const larger = api.send({ messageType: 'a', data: 'x'.repeat(2_001) });
  await rejectsWith(larger, 'AIOC_FRAME_TOO_LARGE', /2001 bytes, and max_size_message is 2000/);
});
