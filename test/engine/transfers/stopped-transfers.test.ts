import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClean, errorOf, fileOf, placedBytes, smallPair } from '../../helpers/transfer-pair.ts';

test('a source that changes is told to both ends without its path, and leaves nothing', async () => {
  for (const change of ['change', 'truncate', 'remove'] as const) {
    const pair = smallPair();
    const file = fileOf(60_000);
    pair.connect();
    const transfer = pair.start(1, file);
    await pair.clock.until(() => pair.pieceBytes >= 20_000);
    if (change === 'remove') file.isGone = true;
    else file.change(change === 'truncate' ? file.bytes.subarray(0, 30_000) : fileOf(60_000).bytes);
    const state = await pair.ended(transfer);
    assert.ok(state.kind === 'failed' && state.by === 'sender');
    assert.match(state.error.message, /secret/);
    const id = transfer.id;
    await pair.clock.until(() => pair.incomingProgress.get(id)?.phase === 'failed');
    const stop = pair.frames.find(({ kind }) => kind === 'stop');
    assert.ok(stop?.kind === 'stop' && !stop.reason.includes('secret'), 'a path of the sender was sent');
    await pair.clock.until(() => pair.disk.partials.size === 0);
    await assert.rejects(pair.incoming.place(id));
    pair.outgoing.forget(id);
    assertClean(pair, file);
  }
});

test('a receiver that cannot open, write or place says so, and nothing is left', async () => {
  const refusing = smallPair();
  refusing.disk.refuses = true;
  refusing.connect();
  const refused = await refusing.ended(refusing.start(1, fileOf(10)));
  assert.deepEqual(
    [errorOf(refused).code, errorOf(refused).message],
    ['AIOC_FILE_NAME_BAD', 'The name is taken.'],
  );

  const full = smallPair();
  full.disk.writesLeft = 20;
  full.connect();
  const file = fileOf(60_000);
  const failed = await full.ended(full.start(1, file));
  assert.deepEqual([errorOf(failed).code, errorOf(failed).message], ['AIOC_FILE_WRITE', 'The disk is full.']);
  await full.clock.pass(100);
  assertClean(full, file);

  const taken = smallPair();
  taken.disk.failsToPlace = true;
  taken.connect();
  const transfer = taken.start(1, fileOf(10));
  await taken.ended(transfer);
  await assert.rejects(taken.incoming.place(transfer.id), { message: 'The name is taken.' });
  await assert.rejects(taken.incoming.place(transfer.id), { message: 'The name is taken.' });
  await taken.incoming.settled(transfer.id);
  assertClean(taken);
});

test('either side may cancel at any moment, and nothing is left', async () => {
  for (const by of ['outgoing', 'incoming'] as const) {
    for (const atBytes of [0, 1, 30_000, 60_000]) {
      const pair = smallPair();
      const file = fileOf(60_000);
      pair.connect();
      const transfer = pair.start(1, file);
      const other = pair.start(2, fileOf(20_000));
      await pair.clock.until(() => pair.pieceBytes >= atBytes && pair.frames.length > 0);
      if (atBytes === 60_000) await pair.ended(transfer);
      pair[by].cancel(transfer.id, 'you do not want it');
      await pair.clock.until(() => transfer.state.kind === 'failed');
      const { code, message } = errorOf(transfer.state);
      assert.deepEqual([code, message], ['AIOC_CANCELLED', 'you do not want it']);
      assert.equal((await pair.ended(other)).kind, 'ready');
      await pair.clock.until(() => !pair.disk.partials.has(transfer.id));
      await assert.rejects(pair.incoming.place(transfer.id));
      await placedBytes(pair, 2);
      pair.outgoing.forget(transfer.id);
      assertClean(pair, file);
    }
  }
});

test('what is cancelled while the peer is away is told when it is back', async () => {
  for (const by of ['outgoing', 'incoming'] as const) {
    const pair = smallPair();
    const file = fileOf(60_000);
    pair.connect();
    const transfer = pair.start(1, file);
    await pair.clock.until(() => pair.pieceBytes >= 20_000);
    pair.cut();
    pair[by].cancel(transfer.id, 'you do not want it');
    pair.connect();
    assert.equal(errorOf(await pair.ended(transfer)).code, 'AIOC_CANCELLED');
    await pair.clock.until(() => pair.disk.partials.size === 0);
    const count = (wanted: string): number => pair.frames.filter(({ kind }) => kind === wanted).length;
    await pair.clock.until(() => count('stopped') === 1);
    pair.cut();
    pair.connect();
    await pair.clock.pass(100);
    assert.deepEqual([count('stop'), count('stopped')], [1, 1], 'a confirmed stop is not sent again');
    assertClean(pair, file);
  }
});

test('a stop that is answered twice, since a connection was lost meanwhile, comes to an end', async () => {
  const pair = smallPair();
  pair.connect();
  const transfer = pair.start(1, fileOf(60_000));
  await pair.clock.until(() => pair.pieceBytes >= 20_000);
  pair.outgoing.cancel(transfer.id, 'you do not want it');
  const { pause } = pair.disk;
  const waiting: (() => void)[] = [];
  pair.disk.pause = () => new Promise((resolve) => waiting.push(resolve));
  await pair.clock.pass(20);
  pair.cut();
  pair.connect();
  await pair.clock.pass(20);
  pair.disk.pause = pause;
  for (const resume of waiting) resume();
  await pair.clock.pass(100);
  assert.ok(pair.frames.filter(({ kind }) => kind === 'stopped').length <= 2);
  assertClean(pair);
});

test('a stop for what another run of the receiver has received deletes that', async () => {
  const pair = smallPair();
  pair.connect();
  const transfer = pair.start(1, fileOf(60_000));
  await pair.clock.until(() => pair.pieceBytes >= 20_000);
  pair.restartReceiver();
  assert.equal(pair.disk.partials.size, 1);
  pair.outgoing.cancel(transfer.id, 'you do not want it');
  pair.connect();
  await pair.clock.until(() => pair.disk.partials.size === 0);
  assertClean(pair);
});
