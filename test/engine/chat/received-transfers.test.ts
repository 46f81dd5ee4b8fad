import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReceivedTransfers } from '../../../engine/chat/received-transfers.ts';
import type { Peer } from '../../../engine/peers/peer.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';

test('a file that is no file of the chat is refused at its offer: no row, and no target', async () => {
  const used: string[] = [];
  const received = new ReceivedTransfers({
    clock: new FakeClock(0),
    targets: {
      open: async () => assert.fail('it was opened'),
      discard: async () => undefined,
      partialOf: async () => [],
    },
    conversation: () => assert.fail('it has a row'),
    stop: () => used.push('stop'),
  });
  const header = { message_type: 'orders', with_file: { dst_name: 'x' } };
  const offer = { id: 'x.1', kind: 'file', sizeBytes: 1, mode: 0o644, mtimeMs: 0, peerName: 'c1' } as const;
  await rejectsWith(received.open({} as Peer, { ...offer, header }), 'AIOC_TYPE_UNKNOWN', /type orders/);
  assert.deepEqual([used, received.inFlight], [[], 0]);
});
