import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import type { OutFrame } from '../../../engine/protocol/messages.ts';
import type { OfferFrame, PieceFrame, TransferFrame } from '../../../engine/protocol/transfer-frames.ts';
import { IncomingTransfers } from '../../../engine/transfers/incoming-transfers.ts';
import { OutgoingTransfers } from '../../../engine/transfers/outgoing-transfers.ts';
import { StreamHash } from '../../../engine/transfers/stream-hash.ts';
import { MemoryDisk, MemoryFile, memorySource } from '../../helpers/memory-files.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { reread, transferId } from '../../helpers/transfer-pair.ts';

/** A receiver, and a peer that sends it whatever it likes. */
class Attacked {
  readonly clock = new SimulatedClock();
  readonly disk = new MemoryDisk();
  readonly budget = new MemoryBudget(LIMITS.memoryBudgetBytes);
  readonly answers: TransferFrame[] = [];
  readonly incoming: IncomingTransfers;

  constructor() {
    const { clock, budget, disk } = this;
    this.incoming = new IncomingTransfers({
      ...{
        clock,
        budget,
        sourceId: () => 'us',
        peerName: 'peer',
        open: disk.openTarget,
        discard: disk.discard,
      },
      onProgress: () => undefined,
    });
    this.incoming.attach({
      writable: true,
      send: (frame: OutFrame) => void this.answers.push(reread(frame)),
    });
  }

  async offer(seq: number, sizeBytes: number): Promise<void> {
    const offer: OfferFrame = {
      ...{ kind: 'offer', id: transferId(seq), content: 'file', sizeBytes, mode: 0o644, mtimeMs: 0 },
      header: { message_type: 'any' },
    };
    this.incoming.received(offer);
    await this.clock.pass(1);
  }
}

const MIB = Buffer.alloc(LIMITS.transferPieceBytes, 'x');

function pieceOf(seq: number, before: StreamHash, data: Buffer): PieceFrame & { readonly hash: StreamHash } {
  const hash = before.with(data);
  const { bytes: at } = before;
  const id = transferId(seq);
  return {
    kind: 'piece',
    id,
    at,
    sizeBytes: data.length,
    digest: hash.digest,
    ranges: undefined,
    data,
    hash,
  };
}

const BAD = { code: 'AIOC_FRAME_BAD' };

test('pieces that were not asked for end the connection', async () => {
  const { EMPTY } = StreamHash;
  const first = pieceOf(1, EMPTY, Buffer.from('first'));
  const attacked = new Attacked();
  const { incoming } = attacked;
  assert.throws(() => incoming.received(first), BAD, 'before it is offered');
  incoming.received({
    ...{ kind: 'offer', id: transferId(1), content: 'file', sizeBytes: 10, mode: 0, mtimeMs: 0 },
    header: { message_type: 'any' },
  });
  assert.throws(() => incoming.received(first), BAD, 'before it is accepted');
  await attacked.clock.pass(1);
  assert.throws(() => incoming.received({ ...first, at: 3 }), BAD, 'from where there is nothing');
  assert.throws(() => incoming.received({ ...first, digest: EMPTY.digest }), BAD, 'with another digest');
  assert.throws(() => incoming.received(pieceOf(1, EMPTY, Buffer.alloc(11))), BAD, 'larger than offered');
  incoming.received(first);
  assert.throws(() => incoming.received(first), BAD, 'a second time');
  const end = { kind: 'end', id: transferId(1), sizeBytes: 5, digest: first.digest } as const;
  assert.throws(() => incoming.received(end), BAD, 'the end before all of it');
  const second = pieceOf(1, first.hash, Buffer.from('after'));
  incoming.received(second);
  assert.throws(() => incoming.received({ ...end, sizeBytes: 10 }), BAD, 'the end with another digest');
  incoming.received({ ...end, sizeBytes: 10, digest: second.digest });
  assert.throws(() => incoming.received(second), BAD, 'after the end');
  await attacked.clock.pass(1);
  assert.equal(attacked.answers.at(-1)?.kind, 'ready');
});

test('a peer that ignores the credit ends its connection, before much is in memory', async () => {
  const attacked = new Attacked();
  await attacked.offer(1, 1e12);
  attacked.disk.pause = () => new Promise(() => undefined);
  let hash = StreamHash.EMPTY;
  const send = (): void => {
    for (let count = 0; count < 100; count += 1) {
      const piece = pieceOf(1, hash, MIB);
      hash = piece.hash;
      void attacked.incoming.received(piece);
    }
  };
  assert.throws(send, BAD);
  const mostBytes = LIMITS.transferMaxBytes + 33 * LIMITS.transferPieceBytes;
  assert.ok(attacked.budget.heldBytes <= mostBytes, `${attacked.budget.heldBytes} bytes`);
});

test('reading is held back while the memory of the connector is used up, and goes on when the disk has written', async () => {
  const attacked = new Attacked();
  await attacked.offer(1, 1e12);
  const waiting: (() => void)[] = [];
  attacked.disk.pause = () => new Promise((resolve) => waiting.push(resolve));
  const first = pieceOf(1, StreamHash.EMPTY, MIB);
  assert.equal(attacked.incoming.received(first), undefined);
  attacked.budget.heldBytes += LIMITS.memoryBudgetBytes;
  const held = attacked.incoming.received(pieceOf(1, first.hash, MIB));
  assert.ok(held !== undefined);
  let isReleased = false;
  void held.then(() => {
    isReleased = true;
  });
  await attacked.clock.pass(10);
  assert.equal(isReleased, false);
  while (!isReleased) {
    for (const write of waiting.splice(0)) write();
    await attacked.clock.pass(1);
  }
  assert.equal(attacked.budget.heldBytes, LIMITS.memoryBudgetBytes);
});

test('more files than one peer may send at the same time are refused, and the connection stays', async () => {
  const attacked = new Attacked();
  for (let seq = 1; seq <= LIMITS.transfersPerPeer; seq += 1) await attacked.offer(seq, 1);
  assert.equal(attacked.disk.open.size, LIMITS.transfersPerPeer);
  await attacked.offer(1_000, 1);
  const answer = attacked.answers.at(-1);
  assert.ok(answer?.kind === 'stop' && answer.code === 'AIOC_QUEUE_FULL');
  assert.equal(attacked.disk.open.size, LIMITS.transfersPerPeer);
});

test('what a peer sends of a stopped transfer before it knows is ignored', async () => {
  const attacked = new Attacked();
  const { incoming } = attacked;
  await attacked.offer(1, 10);
  const first = pieceOf(1, StreamHash.EMPTY, Buffer.from('first'));
  incoming.received(first);
  incoming.cancel(transferId(1), 'no');
  incoming.received(pieceOf(1, first.hash, Buffer.from('after')));
  incoming.received({ kind: 'end', id: transferId(1), sizeBytes: 10, digest: first.digest });
  const stop = attacked.answers.at(-1);
  assert.ok(stop?.kind === 'stop');
  incoming.received({ kind: 'stopped', id: transferId(1) });
  assert.throws(() => incoming.received(first), BAD, 'but not after it knows');
  await attacked.clock.pass(1);
  assert.deepEqual([attacked.disk.partials.size, attacked.disk.open.size, attacked.disk.misuses], [0, 0, []]);
});

test('a message that comes before its file has none, and leaves nothing', async () => {
  const attacked = new Attacked();
  await assert.rejects(attacked.incoming.place(transferId(7)), { code: 'AIOC_FILE_MISSING' });
  await attacked.offer(1, 10);
  await assert.rejects(attacked.incoming.place(transferId(1)), { code: 'AIOC_FILE_MISSING' });
  await attacked.incoming.settled(transferId(1));
  assert.deepEqual([attacked.disk.partials.size, attacked.disk.open.size, attacked.disk.misuses], [0, 0, []]);
});

test('a receiver that answers what was not said ends the connection', async () => {
  const clock = new SimulatedClock();
  const sent: TransferFrame[] = [];
  const outgoing = new OutgoingTransfers({
    clock,
    sourceId: () => 'us',
    onChange: () => undefined,
    isGone: () => false,
  });
  outgoing.attach({ writable: true, send: (frame) => void sent.push(reread(frame)) });
  const id = transferId(1);
  const open = memorySource(new MemoryFile(Buffer.alloc(100, 'x')));
  outgoing.start({ id, header: { message_type: 'any' }, open, onProgress: () => undefined });
  assert.throws(
    () => outgoing.received({ kind: 'accept', id, have: [] }),
    BAD,
    'accepted before it is offered',
  );
  await clock.pass(1);
  assert.throws(() => outgoing.received({ kind: 'got', id, bytes: 0 }), BAD, 'got before it is accepted');
  outgoing.received({ kind: 'accept', id, have: [] });
  assert.throws(() => outgoing.received({ kind: 'accept', id, have: [] }), BAD, 'accepted twice');
  await clock.pass(1);
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['offer', 'piece', 'end'],
  );
  assert.throws(() => outgoing.received({ kind: 'got', id, bytes: 101 }), BAD, 'got more than was sent');
  outgoing.received({ kind: 'got', id, bytes: 100 });
  assert.throws(() => outgoing.received({ kind: 'got', id, bytes: 99 }), BAD, 'got less than before');
  outgoing.received({ kind: 'ready', id });
  assert.equal(outgoing.get(id)?.state.kind, 'ready');
  // Late, or for what has left the queue: without an effect.
  outgoing.received({ kind: 'got', id, bytes: 7 });
  outgoing.forget(id);
  outgoing.received({ kind: 'got', id, bytes: 7 });
});

test('an accept that lies only costs time: the file arrives whole or not at all', async () => {
  const clock = new SimulatedClock();
  const sent: TransferFrame[] = [];
  const outgoing = new OutgoingTransfers({
    clock,
    sourceId: () => 'us',
    onChange: () => undefined,
    isGone: () => false,
  });
  outgoing.attach({ writable: true, send: (frame) => void sent.push(reread(frame)) });
  const id = transferId(1);
  const open = memorySource(new MemoryFile(Buffer.alloc(100, 'x')));
  outgoing.start({ id, header: { message_type: 'any' }, open, onProgress: () => undefined });
  await clock.pass(1);
  const { digest } = StreamHash.EMPTY.with(Buffer.alloc(50, 'y'));
  outgoing.received({
    kind: 'accept',
    id,
    have: [
      { bytes: 50, digest },
      { bytes: 1_000, digest },
    ],
  });
  await clock.pass(1);
  const piece = sent.find(({ kind }) => kind === 'piece');
  assert.ok(piece?.kind === 'piece' && piece.at === 0 && piece.sizeBytes === 100);
});
