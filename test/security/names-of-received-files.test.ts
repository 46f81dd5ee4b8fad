import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { test } from 'node:test';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { DiskSpace } from '../../engine/files/disk-space.ts';
import { FileDestinations } from '../../engine/files/file-destinations.ts';
import { checkFileName } from '../../engine/files/safe-name.ts';
import type { Frame } from '../../engine/protocol/frame-decoder.ts';
import type { Header } from '../../engine/protocol/header.ts';
import { hostileName } from '../helpers/hostile-names.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const NAMES = 100_000;
const ON_DISK = 1_000;
const SEED = 20;

function isAccepted(path: string): boolean {
  try {
    for (const segment of path.split('/')) checkFileName(segment);
    return true;
  } catch {
    return false;
  }
}

test(`${NAMES} made-up names: whatever is accepted leads to a place below the directory`, () => {
  const { fraction } = seededRandom(SEED);
  // Nearly all are refused, each with an error whose stack nobody reads.
  Error.stackTraceLimit = 0;
  let accepted = 0;
  for (let count = 0; count < NAMES; count += 1) {
    const name = hostileName(fraction);
    if (!isAccepted(name)) continue;
    accepted += 1;
    assert.equal(resolve('/base', name), `/base${sep}${name}`, JSON.stringify(name));
    assert.doesNotMatch(name, /[\x00-\x1f\x7f-\x9f\\\u202a-\u202e\u2066-\u2069]/, JSON.stringify(name));
  }
  assert.ok(accepted > NAMES / 100 && accepted < NAMES / 2, `${accepted} of ${NAMES} (seed ${SEED})`);
});

/** Everything below a directory but what is below `target`. */
function outsideOf(target: string, directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => !join(directory, path).startsWith(target + sep))
    .sort();
}

test(`${ON_DISK} made-up names for real files, with links to outside among them: nothing is written outside`, async (t) => {
  const top = tempDir(t);
  const [target, outside] = [join(top, 'deep/er/target'), join(top, 'outside')];
  mkdirSync(join(target, 'dir'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(outside, 'b.txt'), 'mine');
  symlinkSync(outside, join(target, 'link'));
  symlinkSync(join(outside, 'b.txt'), join(target, 'a'));
  const before = outsideOf(target, top);
  const { fraction } = seededRandom(SEED);
  const destinations = new FileDestinations({
    byType: new Map([['any', { targetDirectory: target, overrideExisting: true }]]),
    sizeMaxBytes: 100,
    random: realRandomness(),
    space: new DiskSpace(),
  });
  let refused = 0;
  const names = ['link/b.txt', 'a', 'link', ...Array.from({ length: ON_DISK }, () => hostileName(fraction))];
  for (const dst_name of names) {
    const header = { message_type: 'any', with_file: { dst_type: 'any', dst_name } } as unknown as Header;
    const frame = { header, data: Buffer.alloc(0) } as unknown as Frame;
    const file = await destinations.receive(frame, 4, () => {
      refused += 1;
    });
    await file.write(Buffer.from('evil'));
    await file.end();
  }
  assert.deepEqual(outsideOf(target, top), before);
  assert.equal(lstatSync(join(outside, 'b.txt')).size, 'mine'.length, 'a link is not followed');
  assert.ok(refused > names.length / 2 && refused < names.length, `${refused} refused`);
});
