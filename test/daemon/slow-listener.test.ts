import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotedNumbers } from '../campaigns/noted-numbers.ts';
import { numberedTextBytes } from '../campaigns/numbered-text.ts';
import { StoredPair } from '../campaigns/stored-pair.ts';
import { Victim } from '../campaigns/victim.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A longer run, which looks at the memory too: npm run campaign:slow-listener. */
const COUNT = 900;
const DELAY_MS = '2';
/** Room for at most a fifth of them in each queue. */
const QUEUE_BYTES = Math.ceil(numberedTextBytes('0', COUNT) / 5);

test('a slow listener holds the sender back, is killed twice in the middle, and goes on at its cursor: all come once', async (t) => {
  const bounds = { max_size_persistence_path: QUEUE_BYTES };
  const pair = await StoredPair.make({ server: bounds, client: bounds });
  t.after(() => pair.end());
  const notes = new NotedNumbers(tempDir(t));
  const sender = new Victim('send-numbers.ts', () => [
    pair.configFile('client'),
    notes.sent,
    '0',
    String(COUNT),
  ]);
  const listener = new Victim('hear-numbers.ts', () => [pair.configFile('server'), notes.heard, DELAY_MS]);
  t.after(() => Promise.all([sender.kill(), listener.kill()]));
  await Promise.all([pair.start('server'), pair.start('client'), sender.start(), listener.start()]);
  await pair.connected();

  sender.say('full');
  await waitFor(() => notes.heardCount >= COUNT / 6, { what: 'a sixth to be heard' });
  await listener.kill();
  const waiting = notes.confirmedCount - notes.heardCount;
  assert.ok(waiting < COUNT * 0.6, `${waiting} are said to be stored, and wait: more than both queues hold`);
  await listener.start();
  await waitFor(() => notes.heardCount >= COUNT * 0.9, { what: 'nearly all to be heard' });
  await listener.kill();
  await listener.start();
  await waitFor(() => notes.heardCount >= COUNT && sender.hasSaid('done'), { what: 'all to be heard' });

  assert.deepEqual(notes.outcome(), { confirmed: COUNT, heard: COUNT, lost: 0, twice: 0, late: 0 });
});
