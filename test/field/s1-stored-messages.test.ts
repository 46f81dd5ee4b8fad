/** S1: what an earlier run has stored, perhaps of a version that believed every frame, goes under the right names, too. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realDisk } from '../../engine/base/real-disk.ts';
import { realClock, realRandomness } from '../../engine/base/real-ports.ts';
import { journalPath } from '../../engine/connector/open-journal.ts';
import { ConnectorAPI } from '../../engine/index.ts';
import type { ConnectorOwner } from '../../engine/local/socket-names.ts';
import { newEpoch } from '../../engine/protocol/message-number.ts';
import { inboxStream, outboxStream } from '../../engine/queues/stream-names.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';
import { single } from '../helpers/batches.ts';
import { configuredSide } from '../helpers/configured-connectors.ts';
import { textFrame } from '../helpers/fake-connector.ts';
import { freePort } from '../helpers/free-port.ts';
import { oldOutgoingRecord } from '../helpers/old-record.ts';
import { rawServer } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const random = realRandomness();
const STORING = { recv_message_types: ['event'], disk_persistence_recv: true, disk_persistence_send: true };

/** Puts records into the journal of a connector that does not run. */
async function leave(
  directory: string,
  owner: ConnectorOwner,
  stream: string,
  records: readonly { readonly payload: Buffer; readonly from?: string }[],
): Promise<void> {
  const journal = await Journal.open({
    ...{ directory: journalPath(join(directory, 'run'), owner), disk: realDisk() },
    ...{ clock: realClock(), random, durability: 'batch' },
  });
  for (const { payload, from } of records) {
    const source = from && { sender: from, epoch: newEpoch(random), firstSeq: 1 };
    await journal.append(stream, [single(payload)], source || undefined);
  }
  await journal.close();
}

async function heard(t: TestContext, configPath: string, count: number): Promise<string[]> {
  const api = await ConnectorAPI.fromConfig(configPath);
  t.after(() => api.close());
  const got: string[] = [];
  const listener = await api.listen('event', (message) => {
    got.push(`${message.sourceId}: ${message.text()} ${message.header['tag'] ?? ''}`);
  });
  t.after(() => listener.stop());
  await waitFor(() => got.length >= count, { what: `${count} messages` });
  return got;
}

test('a numbered message in the inbox has the name of the session that it came over', async (t) => {
  const [directory, port] = [tempDir(t), await freePort()];
  const forged = { payload: textFrame('forged', { source_id: 'alice', tag: 'kept' }), from: 'mallory' };
  const honest = { payload: textFrame('honest', { source_id: 'alice' }), from: 'alice' };
  const owner = { role: 'server', host: '127.0.0.1', port } as const;
  await leave(directory, owner, inboxStream('event'), [forged, honest, forged]);
  const config = { ...STORING, is_server: true, server_sockaddr: ['127.0.0.1', port], use_ssl: false };
  const server = await configuredSide(t, config, directory);
  await server.engine.start();
  assert.deepEqual(await heard(t, server.configPath, 3), [
    'mallory: forged kept',
    'alice: honest ',
    'mallory: forged kept',
  ]);
  await waitFor(() => server.queues().every(({ depth }) => depth === 0), {
    what: 'the inbox to be empty',
  });
});

test('a client’s inbox and outbox go under the name of its server, and under its own of today', async (t) => {
  const directory = tempDir(t);
  const server = await rawServer(t, { mode: 'plain', directory, peerKind: 'python' });
  const name = `('127.0.0.1', ${server.port})`;
  const owner = { role: 'client', name: 'client1' } as const;
  await leave(directory, owner, inboxStream('event'), [
    { payload: textFrame('forged', { source_id: 'alice' }) },
    { payload: textFrame('numbered', { source_id: "('0.0.0.0', 1)" }), from: "('0.0.0.0', 1)" },
  ]);
  const header = { message_type: 'event', source_id: 'former', destination_id: 'old', tag: 'kept' };
  await leave(directory, owner, outboxStream({ peer: name, type: 'event' }), [
    { payload: oldOutgoingRecord({ header, data: Buffer.from('waiting') }) },
  ]);
  const config = {
    ...{ ...STORING, send_message_types: ['event'], is_server: false, client_name: 'client1' },
    ...{ server_sockaddr: ['127.0.0.1', server.port], use_ssl: false },
  };
  const client = await configuredSide(t, config, directory);
  await client.engine.start();
  assert.deepEqual(await heard(t, client.configPath, 2), [`${name}: forged `, `${name}: numbered `]);
  const sent = await waitFor(
    () => server.client()?.frames.find(({ header }) => header.message_type === 'event'),
    {
      what: 'what waited',
    },
  );
  const { source_id, destination_id, tag } = sent.header;
  assert.deepEqual([source_id, destination_id, tag], ['client1', name, 'kept']);
});
