/** Stores messages in one batch, is told that they are stored, and kills itself: `batch-writer DIRECTORY COUNT`. */
import { realDisk } from '../../engine/base/real-disk.ts';
import { realClock, realRandomness } from '../../engine/base/real-ports.ts';
import { Journal } from '../../engine/storage/journal/journal.ts';

const [directory = '', count = '1'] = process.argv.slice(2);
const journal = await Journal.open({
  disk: realDisk(),
  clock: realClock(),
  random: realRandomness(),
  directory,
});
const letters = Array.from({ length: Number(count) }, (_, number) =>
  Buffer.from(`letter ${number} ${'x'.repeat(60)}`),
);
await journal.append('out/bob/letters', letters);
// Longer than it takes until the journal notes down that the disk has all of it.
setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
