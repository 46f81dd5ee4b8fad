import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import type { Link } from '../../../engine/peers/link.ts';
import type { Peer } from '../../../engine/peers/peer.ts';
import { ReceivedFiles } from '../../../engine/peers/received-files.ts';
import type { Incoming } from '../../../engine/peers/receiver.ts';
import { transferredFrame } from '../../../engine/protocol/file-frames.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import { headerText } from '../../../engine/protocol/header.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const EPOCH = 'e'.repeat(22);
const ID = `${EPOCH}.7`;
const NOTHING = Buffer.alloc(0);

/** The receiver of one peer, which takes each message at once. */
function receiverOf(): { peer: Peer; files: ReceivedFiles; delivered: Frame[]; discarded: string[] } {
  const [delivered, discarded]: [Frame[], string[]] = [[], []];
  const take = async ({ prepare, deliver }: Incoming): Promise<unknown> => {
    await prepare?.();
    return deliver({ peerName: 'c1', epoch: EPOCH, seq: 7 }, 0);
  };
  const files = new ReceivedFiles({
    clock: new FakeClock(0),
    budget: new MemoryBudget(1_000_000),
    sourceId: () => 's',
    ignoring: { ignores: () => false },
    receiver: {
      open: () => Promise.reject(new Error('nothing is offered')),
      discard: async (_peer, id) => void discarded.push(id),
      onProgress: () => undefined,
    },
    deliver: (_peer, frame) => {
      delivered.push(frame);
      return 'taken';
    },
  });
  return { peer: { wireName: 'c1', receiver: { take } } as unknown as Peer, files, delivered, discarded };
}

function arrived(fileError: string | undefined): Frame {
  const header = { message_type: 'event', with_file: { src_path: '/x', dst_type: 'any' } };
  const message = { header, headerBytes: NOTHING, data: Buffer.from('text'), binary: NOTHING };
  const sent = transferredFrame(message, ID, fileError);
  const withNumber = { ...sent.header, transport_id: ID };
  return { ...message, header: withNumber, headerBytes: Buffer.from(headerText(withNumber)) };
}

function errorIn([frame]: readonly Frame[]): string {
  const withFile = frame?.header['with_file'] as Record<string, unknown> | undefined;
  return String(withFile?.['file_error']);
}

test('what an earlier run has of a file goes when its message comes without it', async () => {
  const { peer, files, delivered, discarded } = receiverOf();
  await files.take(peer, {} as Link, arrived('It is gone.'));
  assert.deepEqual(discarded, [ID]);
  assert.equal(errorIn(delivered), 'It is gone.');
  assert.equal(delivered[0]?.header['aioc_transfer'], undefined);
});

test('a message whose file is not here says so', async () => {
  const { peer, files, delivered } = receiverOf();
  await files.take(peer, {} as Link, arrived(undefined));
  assert.match(errorIn(delivered), /is not here/);
});
