/** What can go wrong with a file while it is sent: both ends read why, nothing is left, and what is behind it arrives. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { FileOutcome, TransferProgress } from '../../../engine/contract/transfer-progress.ts';
import type { ConnectorAPI } from '../../../engine/index.ts';
import { asNobody } from '../../helpers/as-nobody.ts';
import type { ConfiguredSide } from '../../helpers/configured-connectors.ts';
import { HeldWrites } from '../../helpers/held-writes.ts';
import { connectedPair, heardBy, logged, program, until } from '../../helpers/key-effects.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const CONTENT = randomBytes(6_000_000);

interface Sending {
  readonly server: ConfiguredSide;
  readonly client: ConfiguredSide;
  readonly heard: Awaited<ReturnType<typeof heardBy>>;
  readonly writes: HeldWrites;
  readonly source: string;
  readonly target: string;
  readonly outcome: () => FileOutcome | undefined;
  readonly after: () => FileOutcome | undefined;
}

async function send(api: ConnectorAPI, srcPath: string): Promise<() => FileOutcome | undefined> {
  const states: (TransferProgress | FileOutcome)[] = [];
  const onState = (state: TransferProgress | FileOutcome): void => void states.push(state);
  await api.send({ messageType: 'any', data: srcPath, withFile: { srcPath, dstType: 'in', onState } });
  return () => states.find((state): state is FileOutcome => /^(arrived|failed|cancelled)$/.test(state.phase));
}

/** A file of which a part is written, and the receiver's disk takes no more of it for now; and another file behind it. */
async function halfSent(t: TestContext, mode: 'plain' | 'mutual-tls' = 'plain'): Promise<Sending> {
  const target = tempDir(t);
  const directory = tempDir(t);
  const source = join(directory, 'large');
  writeFileSync(source, CONTENT);
  writeFileSync(join(directory, 'next'), 'ok');
  const configs = {
    server: { file_type2dirpath: { in: target } },
    client: { everybody_can_send_messages: false },
  };
  const { server, client } = await connectedPair(t, configs, mode);
  const heard = await heardBy(t, server);
  const api = await program(t, client);
  const writes = await HeldWrites.after(t, 1_000_000);
  const outcome = await send(api, source);
  const after = await send(api, join(directory, 'next'));
  await until(() => writes.isHolding, 'a part of the file');
  return { server, client, heard, writes, source, target, outcome, after };
}

const FAILING: Readonly<Record<string, (path: string) => void>> = {
  grown: (path) => appendFileSync(path, 'more'),
  truncated: (path) => truncateSync(path, 2),
  overwritten: (path) => writeFileSync(path, CONTENT.subarray().fill(0, 0, 10)),
};

for (const [what, change] of Object.entries(FAILING))
  test(`a source that is ${what} while it is sent is told to both ends, and what follows arrives`, async (t) => {
    const { writes, source, target, outcome, after, heard } = await halfSent(t);
    change(source);
    writes.release();
    await until(() => outcome() && after() && heard.length === 2, 'both messages');
    const known = outcome();
    assert.ok(known?.phase === 'failed' && known.by === 'sender', JSON.stringify(known));
    assert.match(known.reason, /changed/);
    assert.match(String(heard[0]?.withFile?.['file_error']), /changed/);
    assert.equal(after()?.phase, 'arrived');
    assert.deepEqual(readdirSync(target), ['next']);
  });

const HARMLESS: Readonly<Record<string, (path: string) => void>> = {
  replaced: (path) => {
    writeFileSync(`${path}.new`, 'other');
    renameSync(`${path}.new`, path);
  },
  removed: (path) => rmSync(path),
};

for (const [what, change] of Object.entries(HARMLESS))
  test(`a source whose name is ${what} while it is sent arrives as it was`, async (t) => {
    const { writes, source, target, outcome, after, heard } = await halfSent(t);
    const content = readFileSync(source);
    change(source);
    writes.release();
    await until(() => outcome() && after() && heard.length === 2, 'both messages');
    assert.equal(outcome()?.phase, 'arrived');
    assert.ok(readFileSync(join(target, 'large')).equals(content));
    assert.deepEqual(readdirSync(target).sort(), ['large', 'next']);
  });

test('a disk that becomes full while a file arrives is told to the sender, and what follows arrives', async (t) => {
  const { writes, target, outcome, after, heard, server, client } = await halfSent(t);
  writes.fail(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
  await until(() => outcome() && after() && heard.length === 2, 'both messages');
  const known = outcome();
  assert.ok(known?.phase === 'failed' && known.by === 'receiver', JSON.stringify(known));
  assert.match(known.reason, /disk is full|no space/);
  assert.match(String(heard[0]?.withFile?.['file_error']), /disk is full|no space/);
  assert.equal(after()?.phase, 'arrived');
  assert.deepEqual(readdirSync(target), ['next']);
  assert.ok(logged(server, /was not stored: .*disk is full/), 'in the log of the receiver');
  assert.ok(logged(client, /was sent without its file: .*disk is full/), 'in the log of the sender');
  const row = client.log().find(({ outcome }) => outcome === 'peer has it');
  assert.match(String(row?.text), /^large \(without its file: .*disk is full/, 'in the row of the message');
});

test('a directory in which the connector may not write is told to the sender, and nothing is left', async (t) => {
  const target = tempDir(t);
  chmodSync(target, 0o555);
  const outcome = await asNobody(target, async () => {
    const source = tempDir(t);
    writeFileSync(join(source, 'file'), 'content');
    const { server, client } = await connectedPair(t, { server: { file_type2dirpath: { in: target } } });
    const heard = await heardBy(t, server);
    const refused = await send(await program(t, client), join(source, 'file'));
    await until(() => refused() && heard.length === 1, 'the message');
    assert.match(String(heard[0]?.withFile?.['file_error']), /permission|not allowed|may not/);
    return refused();
  });
  assert.ok(outcome?.phase === 'failed' && outcome.by === 'receiver', JSON.stringify(outcome));
  assert.match(outcome.reason, /permission|not allowed|may not/);
  assert.ok(!outcome.reason.includes(target), outcome.reason);
  assert.deepEqual(readdirSync(target), []);
});

test('when the receiver ignores the sender while a file arrives, it ends at both ends and nothing is left', async (t) => {
  const { writes, target, outcome, server } = await halfSent(t);
  const peer = server.peers()[0]?.id ?? '';
  await server.engine.engine.execute({ kind: 'peer.ignore', peer, on: true });
  writes.release();
  await until(outcome, 'the outcome');
  assert.notEqual(outcome()?.phase, 'arrived');
  await until(() => readdirSync(target).length === 0, 'the end of the partial file');
});

test('when the sender is deleted while its file arrives, nothing is left, and the sender keeps the message', async (t) => {
  const { writes, target, server, client } = await halfSent(t, 'mutual-tls');
  const peer = server.peers()[0]?.id ?? '';
  await server.engine.engine.execute({ kind: 'certificate.delete', peer });
  writes.release();
  await until(() => readdirSync(target).length === 0, 'the end of the partial file');
  await until(() => client.peers()[0]?.state !== 'connected', 'the end of the connection');
  assert.ok(
    client.queues().some(({ depth }) => depth > 0),
    'the message waits',
  );
});
