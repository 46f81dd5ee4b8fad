import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChatRow } from '../../../engine/contract/views.ts';
import { freePort } from '../../helpers/free-port.ts';
import { type RealSide, realPair, realSide } from '../../helpers/real-connectors.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const peerOf = (side: RealSide): string => side.peers()[0]?.id ?? '';

async function upload(side: RealSide, path: string): Promise<unknown> {
  const result = await side.do({ kind: 'chat.upload', peer: peerOf(side), path });
  return result.ok ? result.value : result;
}

function lastTransfer(side: RealSide): ChatRow['transfer'] {
  return side.chat().findLast(({ transfer }) => transfer !== undefined)?.transfer;
}

function fileIn(side: RealSide, name: string, sizeBytes: number): string {
  const path = join(side.home, name);
  writeFileSync(path, randomBytes(sizeBytes));
  return path;
}

const begun = ({ transfer }: ChatRow): boolean => transfer?.phase === 'running' && transfer.doneBytes > 0;

test('a file arrives with its mode and time; both ends show how it went', async (t) => {
  const { server, client } = await realPair(t);
  const path = fileIn(client, 'run.sh', 3_000_001);
  chmodSync(path, 0o755);
  utimesSync(path, 1_500_000_000, 1_500_000_000);
  assert.equal(await upload(client, path), 'done');
  const received = join(server.received, 'run.sh');
  assert.equal(sha256(received), sha256(path));
  assert.equal(lstatSync(received).mode & 0o777, 0o755);
  assert.equal(Math.trunc(lstatSync(received).mtimeMs), 1_500_000_000_000);
  const { phase, doneBytes, totalBytes } = lastTransfer(server) ?? {};
  assert.deepEqual([phase, doneBytes, totalBytes], ['done', 3_000_001, 3_000_001]);
  assert.match(lastTransfer(client)?.detail ?? '', /saved by the peer as run\.sh/);
});

test('lines overtake a file on its way, and so do smaller files', async (t) => {
  const { server, client } = await realPair(t);
  const big = upload(client, fileIn(client, 'big.bin', 40_000_000));
  await waitFor(() => client.chat().some(begun), { what: 'the first bytes' });
  const small = upload(client, fileIn(client, 'small.bin', 10));
  await client.do({ kind: 'chat.say', peer: peerOf(client), text: 'meanwhile' });
  await waitFor(() => server.heard().includes('meanwhile'), { what: 'the line' });
  assert.equal(await small, 'done');
  assert.equal(lastTransfer(server)?.phase, 'done');
  assert.equal(server.chat().some(begun), true, 'the large one is still on its way');
  assert.equal(await big, 'done');
  assert.equal(sha256(join(server.received, 'big.bin')), sha256(join(client.home, 'big.bin')));
});

test('a receiver cancels a file: it ends at both ends, nothing stays, and both talk on', async (t) => {
  const { server, client } = await realPair(t);
  const ended = upload(client, fileIn(client, 'big.bin', 40_000_000));
  await waitFor(() => server.chat().some(begun), { what: 'the first bytes' });
  const row = server.chat().find(begun)?.id ?? 0;
  assert.deepEqual(await server.do({ kind: 'chat.cancel', peer: peerOf(server), row }), {
    ok: true,
    value: null,
  });
  assert.equal(await ended, 'cancelled');
  assert.match(lastTransfer(client)?.detail ?? '', /by the receiver/);
  assert.equal(lastTransfer(server)?.phase, 'cancelled');
  await waitFor(() => readdirSync(server.received).length === 0, { what: 'the partial file to be gone' });
  await client.do({ kind: 'chat.say', peer: peerOf(client), text: 'never mind' });
  await waitFor(() => server.heard().includes('never mind'), { what: 'the line after it' });
  assert.equal(
    client.chat().some(({ text }) => / is away/.test(text)),
    false,
    'the connection is the same',
  );
});

test('a file that grows while it is sent fails at both ends, and nothing of it stays', async (t) => {
  const { server, client } = await realPair(t);
  const path = fileIn(client, 'log.txt', 30_000_000);
  const ended = upload(client, path);
  await waitFor(() => client.chat().some(begun), { what: 'the first bytes' });
  appendFileSync(path, 'more');
  assert.equal(await ended, 'failed');
  assert.match(lastTransfer(client)?.detail ?? '', /changed/);
  await waitFor(() => lastTransfer(server)?.phase === 'failed', { what: 'the end at the receiver' });
  assert.match(lastTransfer(server)?.detail ?? '', /changed/);
  await waitFor(() => readdirSync(server.received).length === 0, { what: 'the partial file to be gone' });
});

test('a file goes on after the connection was cut, from where it was', async (t) => {
  const { server, client } = await realPair(t);
  const path = fileIn(client, 'big.bin', 40_000_000);
  const ended = upload(client, path);
  await waitFor(() => (lastTransfer(server)?.doneBytes ?? 0) > 10_000_000, { what: 'a part of it' });
  await server.do({ kind: 'peer.disconnect', peer: peerOf(server) });
  await waitFor(() => client.status().phase.kind === 'retrying', { what: 'the client to be alone' });
  await client.do({ kind: 'dial.now' });
  assert.equal(await ended, 'done');
  assert.equal(sha256(join(server.received, 'big.bin')), sha256(path));
  assert.ok((lastTransfer(client)?.resumedBytes ?? 0) > 5_000_000, 'it began behind what the peer had');
  assert.ok((lastTransfer(server)?.resumedBytes ?? 0) > 5_000_000);
});

test('a directory arrives as a directory; what leaves it is named at both ends', async (t) => {
  const { server, client } = await realPair(t);
  const site = join(client.home, 'site');
  mkdirSync(join(site, 'sub/empty'), { recursive: true });
  writeFileSync(join(site, 'sub/page.html'), '<p>');
  symlinkSync('sub/page.html', join(site, 'index.html'));
  symlinkSync('/etc/passwd', join(site, 'secrets'));
  assert.equal(await upload(client, site), 'done');
  const received = join(server.received, 'site');
  assert.equal(readFileSync(join(received, 'sub/page.html'), 'utf8'), '<p>');
  assert.equal(readlinkSync(join(received, 'index.html')), 'sub/page.html');
  assert.deepEqual(readdirSync(received).sort(), ['index.html', 'sub']);
  assert.deepEqual(readdirSync(join(received, 'sub/empty')), []);
  for (const side of [client, server]) {
    assert.equal(lastTransfer(side)?.leftOut, 1);
    assert.match(lastTransfer(side)?.warning ?? '', /1 entry was left out: secrets \(.*link/);
  }
  const imported = await server.do({
    kind: 'files.import',
    name: 'site',
    directory: server.home,
    unzip: false,
  });
  assert.deepEqual(imported, { ok: true, value: join(server.home, 'site') });
  assert.equal(readFileSync(join(server.home, 'site/index.html'), 'utf8'), '<p>');
});

test('a sender that was restarted has forgotten its upload: the row of the receiver ends, and nothing stays', async (t) => {
  const { server, client, port } = await realPair(t);
  void upload(client, fileIn(client, 'big.bin', 40_000_000));
  await waitFor(() => server.chat().some(begun), { what: 'the first bytes' });
  await client.engine.stop({ hard: true });
  await waitFor(() => server.peers()[0]?.state !== 'connected', { what: 'the client to be away' });
  assert.equal(lastTransfer(server)?.phase, 'waiting');
  const again = await realSide(t, { role: 'client', port, stateDirectory: join(client.home, 'state') });
  await again.engine.start();
  await waitFor(() => lastTransfer(server)?.phase === 'failed', { what: 'the end of the row' });
  assert.match(lastTransfer(server)?.detail ?? '', /sender no longer has it/);
  await waitFor(() => readdirSync(server.received).length === 0, { what: 'the partial file to be gone' });
});

test('what a receiver has of a file before both are restarted is deleted when they meet again', async (t) => {
  const port = await freePort();
  const server = await realSide(t, { role: 'server', port });
  await server.engine.start();
  const client = await realSide(t, { role: 'client', port });
  await client.engine.start();
  await waitFor(() => client.peers()[0]?.kind === 'aioc', { what: 'the connection' });
  void upload(client, fileIn(client, 'big.bin', 40_000_000));
  await waitFor(() => server.chat().some(begun), { what: 'the first bytes' });
  await Promise.all([client.engine.stop({ hard: true }), server.engine.stop({ hard: true })]);
  assert.equal(readdirSync(server.received).length, 1);
  const places = { stateDirectory: join(server.home, 'state'), receivedDirectory: server.received };
  const newServer = await realSide(t, { role: 'server', port, ...places });
  await newServer.engine.start();
  const newClient = await realSide(t, { role: 'client', port, stateDirectory: join(client.home, 'state') });
  await newClient.engine.start();
  await waitFor(() => readdirSync(server.received).length === 0, { what: 'the partial file to be gone' });
});
