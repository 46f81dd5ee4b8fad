import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { DiskSpace } from '../../../engine/files/disk-space.ts';
import { HeldDirectory } from '../../../engine/files/held-directory.ts';
import { rejectsWith } from '../../helpers/rejects-with.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const MIB = 1024 * 1024;

test('a disk that others fill while a file arrives is told as what it is: nothing more is needed', async (t) => {
  const directory = await HeldDirectory.open(tempDir(t));
  t.after(() => directory.close());
  let freeMib = 500;
  const space = new DiskSpace((async () => ({ bavail: freeMib, bsize: MIB })) as never);
  await rejectsWith(
    space.reserve(directory, 460 * MIB),
    'AIOC_FILE_WRITE',
    /: 460 MiB are needed and 500 MiB are free, of which 64 MiB must stay free\. /,
  );
  const reservation = await space.reserve(directory, 400 * MIB);
  freeMib = 52;
  await rejectsWith(
    reservation.use(LIMITS.diskWatchBytes),
    'AIOC_FILE_WRITE',
    /^The disk is too full: 52 MiB are free, and 64 MiB must stay free\. Free some space\.$/,
  );
  reservation.release();
});
