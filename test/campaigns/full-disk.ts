/**
 * Fills a small disk under a client's journal and under its server's, and frees it: `npm run campaign:full-disk`. Needs
 * root, which makes the disk (a tmpfs).
 */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { Heard, type Role, StoredPair, sendNumbers } from './stored-pair.ts';

const DISK_MB = 24;
const SOME = 2_000;
const DATA = '.'.repeat(1_000);
const report: string[] = [];

for (const side of ['client', 'server'] as const) await fill(side);
console.log(report.join('\n'));
process.exit();

async function fill(side: Role): Promise<void> {
  const disk = makeTempDir();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk]);
  const pair = await StoredPair.make({ [side]: { journal_directory: disk } });
  const filler = join(disk, 'filler');
  try {
    await pair.start('client');
    await pair.start('server');
    if (side === 'client') await pair.kill('server');
    const heard = new Heard();
    const sending = await pair.program('client');
    const stored = [...(await sendNumbers(sending, { from: 0, count: SOME, data: DATA })).stored];
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    const since = performance.now();
    const whileFull = await sendNumbers(sending, { from: SOME, count: SOME, data: DATA });
    const toldMs = performance.now() - since;
    stored.push(...whileFull.stored);
    rmSync(filler);
    let from = 2 * SOME;
    // It goes on by itself: nobody starts anything anew.
    await waitFor(
      async () => {
        const { stored: more } = await sendNumbers(sending, { from, count: 10, data: DATA });
        from += 10;
        stored.push(...more);
        return more.length === 10;
      },
      { what: 'messages to be stored again', timeoutMs: 30_000 },
    );
    const listening = await pair.program('server');
    await listening.listen('any', (message) => heard.take(Number(message.text().split(' ')[0])));
    if (side === 'client') await pair.start('server');
    await waitFor(() => heard.missing(stored) === 0, { what: 'all that was confirmed', timeoutMs: 60_000 });
    const refusals = [...whileFull.refused].map(([code, count]) => `${count} ${code}`).join(', ') || 'none';
    report.push(
      `the ${side}'s disk full: ${SOME} sends were answered within ${toldMs.toFixed(0)} ms, refused: ${refusals}; ${stored.length} confirmed, ${heard.missing(stored)} lost, ${heard.late} out of order`,
    );
    if (heard.missing(stored) + heard.late > 0) process.exitCode = 1;
  } finally {
    pair.end();
    execFileSync('umount', ['-l', disk]);
    removeDir(disk);
  }
}
