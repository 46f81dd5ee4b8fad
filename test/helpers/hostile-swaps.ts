import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { AiocError } from '../../engine/base/errors.ts';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { DiskSpace } from '../../engine/files/disk-space.ts';
import { FileDestinations } from '../../engine/files/file-destinations.ts';
import { encodeTreeEnd, encodeTreeEntry, type TreeEntry } from '../../engine/files/tree-stream.ts';
import type { Frame } from '../../engine/protocol/frame-decoder.ts';
import { withEachCall } from './disk-calls.ts';
import { offerOf, TransferWorld } from './transfer-world.ts';

/** What is received while directories are exchanged for links. */
export const SWAPPED_TRANSFERS = ['a file', 'a tree', 'a file in a frame'] as const;
type SwappedTransfer = (typeof SWAPPED_TRANSFERS)[number];

/** Which directory is exchanged, and when: before this call, until so many calls later. */
export interface Swap {
  readonly what: SwappedTransfer;
  readonly directory: 'rc' | 'hidden' | 'tree' | 'inner';
  readonly call: number;
  readonly forCalls: number;
}

export interface Swapped {
  /** The transfer made at least so many calls that the exchange took place. */
  readonly isSwapped: boolean;
  /** What is outside that was not there. */
  readonly outside: readonly string[];
  /** What happened to the transfer. */
  readonly outcome: string;
}

function entryOf(kind: TreeEntry['kind'], path: string, content = ''): Buffer {
  const entry = {
    kind,
    path: Buffer.from(path),
    mode: 0o755,
    mtimeMs: 0,
    sizeBytes: content.length,
    target: undefined,
  };
  return Buffer.concat([encodeTreeEntry(entry), Buffer.from(content)]);
}

const TREE = Buffer.concat([
  entryOf('dir', ''),
  entryOf('file', 'a', 'evil'),
  entryOf('dir', 'inner'),
  entryOf('file', 'inner/b', 'evil'),
  entryOf('dir', 'inner/c'),
  entryOf('file', 'inner/c/d', 'evil'),
  entryOf('file', 'z', 'evil'),
  encodeTreeEnd({ count: 0, first: [] }),
]);

async function receive(world: TransferWorld, what: SwappedTransfer): Promise<void> {
  if (what === 'a file in a frame') {
    const destinations = new FileDestinations({
      byType: new Map([['any', { targetDirectory: world.target, overrideExisting: true }]]),
      ...{ sizeMaxBytes: 100, random: realRandomness(), space: new DiskSpace() },
    });
    const { header } = offerOf('rc/f');
    const file = await destinations.receive(
      { header, data: Buffer.alloc(0) } as unknown as Frame,
      4,
      (problem) => {
        throw new AiocError('AIOC_FILE_WRITE', problem);
      },
    );
    await file.write(Buffer.from('evil'));
    await file.end();
    return;
  }
  const offer = what === 'a tree' ? offerOf('rc/t', { kind: 'tree' }) : offerOf('rc/f', { sizeBytes: 4 });
  const half = what === 'a tree' ? TREE.length / 2 : 2;
  const stream = what === 'a tree' ? TREE : Buffer.from('evil');
  const first = await world.run().open(offer);
  await first.write(stream.subarray(0, half)).finally(() => first.suspend());
  const target = await world.run().open(offer);
  try {
    let there = 0;
    for await (const chunk of target.existing()) there += chunk.length;
    await target.truncate(there);
    await target.write(stream.subarray(there));
    await target.finish();
    await target.place();
    await target.settled();
  } catch (error) {
    await target.discard();
    throw error;
  }
}

/** The path of the directory that is exchanged, if it is there now. */
function pathOf(world: TransferWorld, directory: Swap['directory']): string | undefined {
  const rc = join(world.target, 'rc');
  const isDirectory = (path: string): boolean =>
    lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (!isDirectory(rc)) return undefined;
  const hidden = readdirSync(rc).find((name) => name.startsWith('.aioc-partial-'));
  const path = {
    rc,
    hidden: join(rc, hidden ?? 'none'),
    tree: join(rc, hidden ?? 'none', 'tree'),
    inner: join(rc, hidden ?? 'none', 'tree/inner'),
  }[directory];
  return isDirectory(path) ? path : undefined;
}

/**
 * Receives a file while a directory on its way is exchanged for a symbolic link to another one, by somebody who may do
 * so.
 * @param top an empty directory
 */
export async function swapped(top: string, { what, directory, call, forCalls }: Swap): Promise<Swapped> {
  const world = new TransferWorld(top, { override: true });
  const outside = join(top, 'run/outside');
  mkdirSync(outside, { recursive: true });
  for (const name of ['inner', 'c', 'tree']) mkdirSync(join(outside, name), { recursive: true });
  for (const name of ['f', 't', 'a', 'inner/b', 'precious']) writeFileSync(join(outside, name), 'mine');
  mkdirSync(join(world.target, 'rc'), { recursive: true });
  const before = snapshotOf(outside);
  const aside = join(top, 'run/aside');
  let path: string | undefined;
  const undo = (): void => {
    if (path === undefined) return;
    rmSync(path, { force: true, recursive: true });
    // What it was in may be gone meanwhile.
    if (existsSync(dirname(path))) renameSync(aside, path);
    path = undefined;
  };
  let isSwapped = false;
  const exchange = (): void => {
    path = pathOf(world, directory);
    if (path === undefined) return;
    isSwapped = true;
    renameSync(path, aside);
    symlinkSync(outside, path);
  };
  const outcome = await withEachCall(
    (at) => {
      if (!isSwapped && at >= call) exchange();
      else if (isSwapped && at >= call + forCalls) undo();
    },
    () => receive(world, what),
  ).then(
    () => 'placed',
    (error: Error) => error.name,
  );
  undo();
  const now = snapshotOf(outside);
  return {
    isSwapped,
    outcome,
    outside: now.filter((line) => !before.includes(line)).concat(missing(before, now)),
  };
}

function snapshotOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map(
      (name) =>
        `${name} ${lstatSync(join(directory, name)).mode} ${lstatSync(join(directory, name)).mtimeMs}`,
    )
    .sort();
}

function missing(before: readonly string[], now: readonly string[]): readonly string[] {
  return before.filter((line) => !now.includes(line)).map((line) => `missing: ${line}`);
}
