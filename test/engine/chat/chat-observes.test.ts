import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { Chat, type ChatOptions } from '../../../engine/chat/chat.ts';
import type { Peer } from '../../../engine/peers/peer.ts';
import { batchOfOne } from '../../../engine/queues/message-batch.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

test('the chat shows the beginning of a large message between programs, and all of a short one', async () => {
  const ports = { clock: new SimulatedClock(), random: seededRandom(1) };
  const chat = new Chat({ ports, ownName: 'us', onChange: () => undefined } as unknown as ChatOptions);
  const peer = { id: 'peer', name: 'peer' } as Peer;
  const observe = (text: string): void => {
    const { count, records } = batchOfOne({ headerBytes: Buffer.from('{}'), data: Buffer.from(text) });
    const shared = { message_type: 'any' };
    chat.observe(peer, { shared, count, records, largestBytes: text.length, hasResponse: false });
  };
  observe('short');
  observe('é'.repeat(100_000));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(chat.conversation('peer').at(0)?.text, 'short');
  const beginning = 'é'.repeat(LIMITS.chatObservedCharacters);
  assert.equal(chat.conversation('peer').at(1)?.text, `${beginning} … (cut)`);
});
