/** What can go wrong with a file between two aioc: both ends read why, nothing is left, and what is behind it arrives. */
import assert from 'node:assert/strict';
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
import { test } from 'node:test';
import type { FileOutcome, TransferProgress } from '../../../engine/contract/transfer-progress.ts';
import type { ConnectorAPI } from '../../../engine/index.ts';
import { freePort } from '../../helpers/free-port.ts';
import {
  type Config,
  connected,
  connectedPair,
  heardBy,
  program,
  started,
  until,
} from '../../helpers/key-effects.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

interface FileToSend {
  readonly srcPath: string;
  readonly dstName?: string;
  readonly dstType?: string;
}

/** Sends a file with its message; resolves when the connector has the message. */
async function send(
  api: ConnectorAPI,
  { dstType = 'in', ...file }: FileToSend,
): Promise<() => FileOutcome | undefined> {
  const states: (TransferProgress | FileOutcome)[] = [];
  const onState = (state: TransferProgress | FileOutcome): void => void states.push(state);
  await api.send({ messageType: 'any', data: file.srcPath, withFile: { dstType, onState, ...file } });
  return () => states.find((state): state is FileOutcome => /^(arrived|failed|cancelled)$/.test(state.phase));
}

function fileIn(directory: string, name: string, text = 'content'): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

interface RefusedRow {
  readonly what: string;
  readonly name?: string;
  readonly dstType?: string;
  /** Of the server. */
  readonly config?: Config;
  /** Makes the target directory unusable while the connectors run. */
  readonly spoil?: (target: string) => void;
  readonly why: RegExp;
}

const REFUSED: readonly RefusedRow[] = [
  {
    what: 'a target that is a file meanwhile',
    spoil: (target) => {
      rmSync(target, { recursive: true, force: true });
      writeFileSync(target, '');
    },
    why: /^its directory cannot be used/,
  },
  {
    what: 'a target that every user can change meanwhile',
    spoil: (target) => chmodSync(target, 0o777),
    why: /^its directory cannot be used: other users could change it/,
  },
  {
    what: 'a type without a directory',
    dstType: 'nowhere',
    why: /no directory is configured for the dst_type nowhere/,
  },
  { what: 'a name that is taken', name: 'taken', why: /taken|exists|already/ },
  { what: 'a name that leads out', name: '../out', why: /not allowed|outside|name/ },
  { what: 'a name of 300 letters', name: 'x'.repeat(300), why: /too long|255/ },
  { what: 'a quota that is reached', config: { file_quota_bytes: 3 }, why: /3 bytes/ },
  { what: 'a larger file than is taken', config: { max_size_file_upload_recv: 3 }, why: /allows only 3/ },
];

for (const { what, name = 'file', dstType = 'in', config = {}, spoil, why } of REFUSED)
  test(`${what} is told to the sender in words, leaves nothing, and what follows arrives`, async (t) => {
    const [there, source] = [tempDir(t), tempDir(t)];
    const target = spoil === undefined ? there : join(tempDir(t), 'target');
    writeFileSync(join(there, 'taken'), 'mine');
    const { server, client } = await connectedPair(t, {
      server: { file_type2dirpath: { in: target, good: there }, ...config },
    });
    spoil?.(target);
    const heard = await heardBy(t, server);
    const api = await program(t, client);
    const refused = await send(api, { srcPath: fileIn(source, 'file'), dstName: name, dstType });
    const after = await send(api, { srcPath: fileIn(source, 'next', 'ok'), dstType: 'good' });
    await until(() => refused() && after(), 'both outcomes');
    const outcome = refused() as FileOutcome;
    assert.ok(outcome.phase === 'failed' && outcome.by === 'receiver', JSON.stringify(outcome));
    assert.match(outcome.reason, why);
    for (const path of [there, target, server.directory])
      assert.ok(!outcome.reason.includes(path), outcome.reason);
    assert.equal(after()?.phase, 'arrived');
    await until(() => heard.length === 2, 'both messages');
    assert.match(String(heard[0]?.withFile?.['file_error']), why);
    assert.equal(heard[1]?.withFile?.['file_error'], undefined);
    assert.deepEqual(readdirSync(there).sort(), ['next', 'taken']);
    assert.equal(readFileSync(join(there, 'taken'), 'utf8'), 'mine');
  });

const CHANGES: Readonly<Record<string, (path: string) => void>> = {
  grown: (path) => appendFileSync(path, 'more'),
  truncated: (path) => truncateSync(path, 2),
  replaced: (path) => {
    writeFileSync(`${path}.new`, 'content');
    renameSync(`${path}.new`, path);
  },
  removed: (path) => rmSync(path),
};

test('sources that change while their messages wait are told to both ends, and what follows arrives', async (t) => {
  const server_sockaddr = ['127.0.0.1', await freePort()];
  const [there, source] = [tempDir(t), tempDir(t)];
  const client = await started(t, {
    ...{ is_server: false, client_name: 'client1', server_sockaddr },
    everybody_can_send_messages: false,
  });
  const api = await program(t, client);
  const outcomes = new Map<string, () => FileOutcome | undefined>();
  for (const [name, change] of Object.entries(CHANGES)) {
    const srcPath = fileIn(source, name);
    outcomes.set(name, await send(api, { srcPath }));
    change(srcPath);
  }
  const after = await send(api, { srcPath: fileIn(source, 'next', 'ok') });
  const server = await started(t, { is_server: true, server_sockaddr, file_type2dirpath: { in: there } });
  const heard = await heardBy(t, server);
  await connected(server, client);
  await until(() => after() && heard.length === 5, 'all messages');
  assert.equal(after()?.phase, 'arrived');
  for (const [index, [name, outcome]] of [...outcomes].entries()) {
    const known = outcome();
    assert.ok(known?.phase === 'failed' && known.by === 'sender', `${name}: ${JSON.stringify(known)}`);
    const told = String(heard[index]?.withFile?.['file_error']);
    assert.match(told, name === 'removed' ? /^There is no|is no longer there/ : /changed/, name);
    assert.ok(!told.includes(source), told);
  }
  assert.deepEqual(readdirSync(there), ['next']);
});

test('a name that is not UTF-8 arrives under a readable one', async (t) => {
  const [there, source] = [tempDir(t), tempDir(t)];
  const { client } = await connectedPair(t, { server: { file_type2dirpath: { in: there } } });
  const path = Buffer.concat([Buffer.from(`${source}/caf`), Buffer.from([0xe9])]);
  writeFileSync(path, 'content');
  const outcome = await send(await program(t, client), { srcPath: path.toString() });
  await until(outcome, 'the outcome');
  assert.equal(outcome()?.phase, 'arrived');
  assert.deepEqual(readdirSync(there), ['caf_']);
});
