/** Appends numbers to a journal without end, and tells its parent what is confirmed and acknowledged: to be killed. */
import { realDisk } from '../../engine/base/real-disk.ts';
import { realClock, realRandomness } from '../../engine/base/real-ports.ts';
import type { Durability } from '../../engine/config/shapes.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';

const [directory = '', durability] = process.argv.slice(2);
const journal = await Journal.open({
  disk: realDisk(),
  directory,
  clock: realClock(),
  random: realRandomness(),
  durability: durability as Durability,
  segmentBytes: 20_000,
});

let confirmed = -1;
let acked = -1;
for (let first = 0; ; first += 50) {
  const appends = Array.from({ length: 50 }, async (_, index) => {
    const payload = Buffer.alloc(40);
    payload.writeUInt32LE(first + index, 0);
    const { position } = await journal.append('a', [payload]);
    confirmed = Math.max(confirmed, first + index);
    return position;
  });
  const positions = await Promise.all(appends);
  // The second half of each round stays.
  await journal.ack('a', positions[24] ?? 0);
  acked = first + 24;
  process.send?.({ confirmed, acked });
  await new Promise((resolve) => setImmediate(resolve));
}
