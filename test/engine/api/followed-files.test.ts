import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FileOutcome, TransferProgress } from '../../../engine/contract/transfer-progress.ts';
import { ConnectorAPI } from '../../../source/index.ts';
import { type ConfiguredPair, configuredPair } from '../../helpers/configured-connectors.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

interface World extends ConfiguredPair {
  readonly api: ConnectorAPI;
  readonly received: string;
  readonly sent: string;
}

/** The client sends files to the server. */
async function world(t: TestContext): Promise<World> {
  const [received, sent] = [tempDir(t), tempDir(t)];
  const file_recv_config = { any: { target_directory: received } };
  const pair = await configuredPair(t, 'plain', {
    file_recv_config,
    everybody_can_send_messages: false,
  });
  const api = await ConnectorAPI.fromConfig(pair.client.configPath);
  t.after(() => api.close());
  return { ...pair, api, received, sent };
}

class Followed {
  readonly states: (TransferProgress | FileOutcome)[] = [];
  readonly stop = new AbortController();
  readonly accepted: Promise<unknown>;

  constructor(api: ConnectorAPI, srcPath: string, dstType = 'any') {
    this.accepted = api.send({
      messageType: 'any',
      withFile: { srcPath, dstType, onState: (state) => void this.states.push(state) },
      signal: this.stop.signal,
    });
  }

  async outcome(): Promise<FileOutcome> {
    await this.accepted;
    const found = (): FileOutcome | undefined =>
      this.states.find((state): state is FileOutcome =>
        ['arrived', 'failed', 'cancelled', 'unknown'].includes(state.phase),
      );
    await waitFor(() => found() !== undefined, { what: 'the outcome' });
    return found() as FileOutcome;
  }
}

function fileOf(directory: string, name: string, content: Buffer | string = 'hello'): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

test('a program follows its file until the peer has it', async (t) => {
  const { api, sent, received } = await world(t);
  const content = Buffer.alloc(3_000_000, 'abc');
  const file = new Followed(api, fileOf(sent, 'big.bin', content));
  const nothing = { count: 0, first: [] };
  assert.deepEqual(await file.outcome(), { phase: 'arrived', sizeBytes: content.length, leftOut: nothing });
  assert.ok(file.states.some(({ phase }) => phase === 'running'));
  assert.deepEqual(readFileSync(join(received, 'big.bin')), content);
});

test('a program reads why the peer refuses its file', async (t) => {
  const { api, sent, received } = await world(t);
  const homeless = await new Followed(api, fileOf(sent, 'a'), 'nowhere').outcome();
  assert.deepEqual(homeless, {
    ...{ phase: 'failed', by: 'receiver' },
    reason: 'no directory is configured for the dst_type nowhere',
  });
  fileOf(received, 'taken', 'mine');
  const taken = await new Followed(api, fileOf(sent, 'taken')).outcome();
  assert.ok(taken.phase === 'failed' && taken.by === 'receiver');
  assert.match(taken.reason, /taken already exists/);
  assert.equal(readFileSync(join(received, 'taken'), 'utf8'), 'mine');
});

test('a program reads that its file is gone when it should be sent', async (t) => {
  const { api, server, sent } = await world(t);
  await server.engine.stop({ hard: true });
  const path = fileOf(sent, 'gone');
  const file = new Followed(api, path);
  await file.accepted;
  rmSync(path);
  await server.engine.start();
  const outcome = await file.outcome();
  assert.ok(outcome.phase === 'failed' && outcome.by === 'sender');
  assert.match(outcome.reason, /gone/);
});

test('a program takes its file back, also while it is being sent, and nothing is left at the peer', async (t) => {
  const { api, client, server, sent, received } = await world(t);
  const running = new Followed(api, fileOf(sent, 'huge', Buffer.alloc(200_000_000)));
  await waitFor(() => running.states.some(({ phase }) => phase === 'running'), { what: 'the start' });
  running.stop.abort();
  assert.deepEqual(await running.outcome(), { phase: 'cancelled' });
  await waitFor(() => client.queues().every(({ depth }) => depth === 0), { what: 'an empty queue' });
  await waitFor(() => server.status().filesRunning + server.status().filesWaiting === 0, {
    what: 'the end at the peer',
  });
  await server.engine.stop({ hard: true });
  const waiting = new Followed(api, fileOf(sent, 'later'));
  await waiting.accepted;
  waiting.stop.abort();
  assert.deepEqual(await waiting.outcome(), { phase: 'cancelled' });
  assert.equal(existsSync(join(received, 'huge')), false);
});

test('what the peer cannot place at last is told, and its message has come', async (t) => {
  const { api, client, server, sent, received } = await world(t);
  await server.engine.pause({ hard: true });
  const file = new Followed(api, fileOf(sent, 'late', Buffer.alloc(100_000_000)));
  await file.accepted;
  await server.engine.start();
  await waitFor(() => file.states.some(({ phase }) => phase === 'running'), { what: 'the start' });
  mkdirSync(join(received, 'late'));
  const outcome = await file.outcome();
  assert.ok(outcome.phase === 'failed' && outcome.by === 'receiver');
  assert.match(outcome.reason, /late/);
  await waitFor(() => server.queues().some(({ id, depth }) => id === 'in:any' && depth === 1), {
    what: 'the message',
  });
  assert.equal(client.queues().find(({ type }) => type === 'any')?.depth, 0);
});
