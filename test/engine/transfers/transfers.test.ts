import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryFile } from '../../helpers/memory-files.ts';
import {
  assertClean,
  fileOf,
  placedBytes,
  SMALL_BOUNDS,
  smallPair,
  TransferPair,
  transferId,
} from '../../helpers/transfer-pair.ts';

test('files of any size arrive as they are, and are placed when their messages come', async () => {
  for (const size of [0, 1, 255, 256, 257, 1_024, 40_000]) {
    const pair = smallPair();
    const file = fileOf(size);
    pair.connect();
    assert.equal((await pair.ended(pair.start(1, file))).kind, 'ready');
    assert.equal(pair.disk.placed.size, 0);
    assert.deepEqual(await placedBytes(pair, 1), file.bytes);
    assertClean(pair, file);
  }
});

test('with the real sizes, 5 MB arrive in pieces of at most 1 MiB', async () => {
  const pair = new TransferPair();
  const file = new MemoryFile(Buffer.alloc(5_000_000, 'content '));
  pair.connect();
  assert.equal((await pair.ended(pair.start(1, file))).kind, 'ready');
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
  assertClean(pair, file);
});

test('a tree announces no size, and arrives in the same way', async () => {
  const pair = smallPair();
  const file = fileOf(10_000);
  pair.connect();
  const transfer = pair.start(1, file, { kind: 'tree' });
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.equal(pair.progress.get(transfer.id)?.totalBytes, undefined);
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
});

test('long runs of zeros are not sent', async () => {
  const pair = smallPair();
  const bytes = Buffer.alloc(100_000);
  bytes.write('something', 70_000);
  const file = new MemoryFile(bytes);
  pair.connect();
  assert.equal((await pair.ended(pair.start(1, file))).kind, 'ready');
  assert.ok(pair.pieceBytes < 200, `${pair.pieceBytes} bytes`);
  assert.deepEqual(await placedBytes(pair, 1), bytes);
});

test('after a cut it goes on where it was: little is sent twice, and nothing read twice', async () => {
  const pair = smallPair({ latencyMs: 5 });
  const file = fileOf(60_000);
  pair.connect();
  const transfer = pair.start(1, file);
  for (const until of [10_000, 30_000, 50_000]) {
    await pair.clock.until(() => pair.pieceBytes >= until);
    pair.cut();
    assert.equal(transfer.state.kind, 'waiting');
    pair.connect();
  }
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  const window = SMALL_BOUNDS.maxBytes;
  assert.ok(pair.pieceBytes <= 60_000 + 3 * window, `${pair.pieceBytes} bytes`);
  assert.ok(file.readBytes <= 60_000 + 3 * (window + 2 * SMALL_BOUNDS.pieceBytes), `${file.readBytes} read`);
  assert.equal(file.opened, 1);
  assert.ok((pair.progress.get(transfer.id)?.resumedBytes ?? 0) > 30_000);
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
  assertClean(pair, file);
});

test('a receiver that restarts reads what it has, and only what is missing is sent', async () => {
  const pair = smallPair();
  const file = fileOf(60_000);
  pair.connect();
  const transfer = pair.start(1, file);
  await pair.clock.until(() => pair.pieceBytes >= 40_000);
  pair.restartReceiver();
  pair.connect();
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.ok(pair.pieceBytes <= 60_000 + SMALL_BOUNDS.maxBytes, `${pair.pieceBytes} bytes`);
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
  assertClean(pair, file);
});

test('what is damaged at the receiver is found, and sent again from there', async () => {
  const pair = smallPair();
  const file = fileOf(60_000);
  pair.connect();
  const transfer = pair.start(1, file);
  await pair.clock.until(() => pair.pieceBytes >= 40_000);
  pair.restartReceiver();
  const partial = Buffer.from(pair.disk.partials.get(transfer.id) ?? []);
  partial[20_000] = (partial[20_000] ?? 0) ^ 1;
  pair.disk.partials.set(transfer.id, partial);
  pair.connect();
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.equal(pair.progress.get(transfer.id)?.resumedBytes, 20_000);
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
});

test('a sender that restarts compares what the receiver has with its file', async () => {
  const pair = smallPair();
  const file = fileOf(60_000);
  pair.connect();
  pair.start(1, file);
  await pair.clock.until(() => pair.pieceBytes >= 40_000);
  pair.cut();
  pair.outgoing = pair.newOutgoing();
  pair.connect();
  const transfer = pair.start(1, file);
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.ok(pair.pieceBytes <= 60_000 + SMALL_BOUNDS.maxBytes, `${pair.pieceBytes} bytes`);
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
});

test('what was ready is not ready on another connection before the receiver says so', async () => {
  const pair = smallPair();
  const file = fileOf(5_000);
  pair.connect();
  const transfer = pair.start(1, file);
  await pair.ended(transfer);
  pair.restartReceiver();
  pair.disk.partials.clear();
  assert.equal(transfer.state.kind, 'waiting');
  pair.connect();
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
  assertClean(pair, file);
});

test('what is offered again although its message is here is not received again', async () => {
  const pair = smallPair();
  const file = fileOf(5_000);
  pair.connect();
  const transfer = pair.start(1, file);
  await pair.ended(transfer);
  await pair.incoming.place(transfer.id);
  await pair.incoming.settled(transfer.id);
  const sentBytes = pair.pieceBytes;
  pair.cut();
  pair.connect();
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.equal(pair.pieceBytes, sentBytes);
  assertClean(pair, file);
});

test('a file that was placed before a restart is not sent again', async () => {
  const pair = smallPair();
  const file = fileOf(5_000);
  pair.connect();
  const transfer = pair.start(1, file);
  await pair.ended(transfer);
  await pair.incoming.place(transfer.id);
  const sentBytes = pair.pieceBytes;
  pair.restartReceiver();
  pair.connect();
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.equal(pair.pieceBytes, sentBytes);
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
});

test('several run at once and take turns; the others wait for theirs', async () => {
  const pair = smallPair();
  pair.connect();
  const files = Array.from({ length: 8 }, () => fileOf(20_000));
  const transfers = files.map((file, index) => pair.start(index + 1, file));
  await pair.clock.until(() => pair.pieceBytes >= 20_000);
  assert.equal(pair.outgoing.running, SMALL_BOUNDS.running);
  const sent = [1, 2, 3].map((seq) => bytesOf(pair, seq));
  assert.ok(Math.min(...sent) > 5_000, `unfair: ${sent}`);
  for (const [index, transfer] of transfers.entries()) {
    assert.equal((await pair.ended(transfer)).kind, 'ready');
    assert.deepEqual(await placedBytes(pair, index + 1), files[index]?.bytes);
  }
  assertClean(pair, ...files);
});

function bytesOf(pair: TransferPair, seq: number): number {
  const id = transferId(seq);
  return pair.frames.reduce(
    (sum, frame) => sum + (frame.kind === 'piece' && frame.id === id ? frame.data.length : 0),
    0,
  );
}

test('a target that hangs does not hold up the other files', async () => {
  const pair = smallPair();
  pair.connect();
  const hanging = pair.start(1, fileOf(60_000));
  await pair.clock.until(() => pair.pieceBytes >= 5_000);
  pair.disk.pause = () => new Promise(() => undefined);
  await pair.clock.pass(50);
  pair.disk.pause = () => Promise.resolve();
  const file = fileOf(60_000);
  assert.equal((await pair.ended(pair.start(2, file))).kind, 'ready');
  assert.equal(hanging.state.kind, 'running');
  assert.deepEqual(pair.violations, []);
});

test('targets stay open for a minute after a cut, and are closed then', async () => {
  const pair = smallPair();
  const file = fileOf(60_000);
  pair.connect();
  const transfer = pair.start(1, file);
  await pair.clock.until(() => pair.pieceBytes >= 20_000);
  pair.cut();
  await pair.clock.pass(LIMITS.transferKeptMs - 1);
  assert.deepEqual([pair.disk.open.size, file.closed], [1, 0]);
  await pair.clock.pass(2);
  assert.deepEqual([pair.disk.open.size, file.closed], [0, 1]);
  assert.equal(pair.disk.partials.size, 1);
  pair.connect();
  assert.equal((await pair.ended(transfer)).kind, 'ready');
  assert.ok(pair.pieceBytes <= 60_000 + SMALL_BOUNDS.maxBytes);
  assert.deepEqual(await placedBytes(pair, 1), file.bytes);
  assertClean(pair, file);
});

test('at the end of the program everything is closed, and what has arrived stays', async () => {
  const pair = smallPair();
  const file = fileOf(60_000);
  pair.connect();
  pair.start(1, file);
  await pair.clock.until(() => pair.pieceBytes >= 20_000);
  await Promise.all([pair.outgoing.close(), pair.incoming.close()]);
  assert.deepEqual([pair.disk.open.size, file.closed], [0, file.opened]);
  assert.equal(pair.disk.partials.size, 1);
  assert.deepEqual(pair.disk.misuses, []);
});

test('progress says what is done, how fast, and in which phase', async () => {
  const pair = smallPair({ bytesPerMs: 10 });
  pair.connect();
  const transfer = pair.start(1, fileOf(60_000));
  await pair.clock.until(() => pair.pieceBytes >= 30_000);
  for (const all of [pair.progress, pair.incomingProgress]) {
    const progress = all.get(transfer.id);
    assert.ok(progress !== undefined);
    assert.equal(progress.phase, 'running');
    assert.equal(progress.totalBytes, 60_000);
    assert.ok(progress.doneBytes > 20_000 && progress.doneBytes <= 31_000, `${progress.doneBytes}`);
    assert.ok(
      progress.bytesPerSecond > 7_000 && progress.bytesPerSecond <= 11_000,
      `${progress.bytesPerSecond}`,
    );
  }
  await pair.ended(transfer);
  assert.deepEqual(
    [pair.progress, pair.incomingProgress].map((all) => all.get(transfer.id)?.phase),
    ['ready', 'ready'],
  );
});
