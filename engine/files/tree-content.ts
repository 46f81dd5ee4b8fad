import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import { placeDirectory } from './free-name.ts';
import type { HeldDirectory } from './held-directory.ts';
import type { HowToPlace, PartialContent } from './partial-content.ts';
import { receivedMode } from './received-mode.ts';
import { syncFileSystem } from './sync-file-system.ts';
import type { NotPlaced } from './transfer-target.ts';
import { TreeLog } from './tree-log.ts';
import { TreePath } from './tree-path.ts';
import { finishTree, replayTree, rootOf, syncFiles, treeStream } from './tree-reread.ts';
import { TreeDecoder, type TreeEvent } from './tree-stream.ts';
import { TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

export interface TreeContentOptions extends TreeWriterOptions {
  readonly directory: HeldDirectory;
  /** Its hidden name. */
  readonly partial: string;
}

/** What an open tree is written with. */
interface OpenTree {
  /** Hidden; the tree is in it, beside the log of its stream. */
  readonly hidden: HeldDirectory;
  readonly log: TreeLog;
}

/**
 * A tree in a hidden directory of its own. It is written as its stream comes, and with the log of that stream it can be
 * read again. Modes and times of directories, which writing in them would change, or prevent, come at the end.
 */
export class TreeContent implements PartialContent {
  readonly #directory: HeldDirectory;
  readonly #partial: string;
  readonly #writing: TreeWriterOptions;
  #opening: Promise<OpenTree> | undefined;
  #decoder: TreeDecoder | undefined;
  #writer: TreeWriter | undefined;
  #doneBytes = 0;
  #sentLeftOut: NotPlaced | undefined;

  constructor({ directory, partial, ...writing }: TreeContentOptions) {
    this.#directory = directory;
    this.#partial = partial;
    this.#writing = writing;
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  get files(): number {
    return this.#writer?.files ?? 0;
  }

  get leftOut(): NotPlaced | undefined {
    const [sent, own] = [this.#sentLeftOut, this.#writer?.leftOut];
    if (sent === undefined || own === undefined) return sent;
    const first = [...sent.first, ...own.first].slice(0, LIMITS.treeLeftOutNamed);
    return { count: sent.count + own.count, first };
  }

  async *existing(): AsyncGenerator<Buffer> {
    const { hidden, log } = await this.#open();
    yield* treeStream(new TreePath(hidden, TREE), log);
  }

  async truncate(atBytes: number): Promise<void> {
    const { hidden, log } = await this.#open();
    await this.#writer?.close();
    const path = new TreePath(hidden, TREE);
    const decoder = new TreeDecoder();
    const writer = new TreeWriter(path, this.#writing);
    await writer.begin(hidden.base);
    [this.#decoder, this.#writer, this.#doneBytes] = [decoder, writer, atBytes];
    this.#sentLeftOut = await replayTree(atBytes, { path, log, decoder, writer });
    if (path.levels.length === 0) await hidden.remove(TREE);
  }

  /** In slices, since reading the records of small files takes time. */
  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += LIMITS.treeSliceBytes) {
      const slice = bytes.subarray(at, at + LIMITS.treeSliceBytes);
      await this.#take(slice.length, (decoder) => decoder.push(slice));
    }
    // The caller uses its buffer again.
    await this.#writer?.written();
  }

  skip(zeroBytes: number): Promise<void> {
    return this.#take(zeroBytes, (decoder) => decoder.pushZeros(zeroBytes));
  }

  async #take(bytes: number, eventsOf: (decoder: TreeDecoder) => Iterable<TreeEvent>): Promise<void> {
    if (this.#decoder === undefined) await this.truncate(0);
    const [decoder, writer] = [this.#decoder, this.#writer];
    if (decoder === undefined || writer === undefined) throw new Error('not open');
    const events = [...eventsOf(decoder)];
    for (const event of events) if (event.kind === 'end') this.#sentLeftOut = event.leftOut;
    const { log } = await this.#open();
    await log.append(events);
    await writer.write(events);
    this.#doneBytes += bytes;
  }

  async finish(): Promise<void> {
    if (this.#decoder?.ended !== true)
      throw new AiocError('AIOC_FRAME_BAD', 'the stream of a directory is not complete');
    const { hidden, log } = await this.#open();
    await this.#writer?.idle();
    await this.#writer?.close();
    const isLarge = this.files > LIMITS.treeFilesSynced;
    if (!isLarge) await syncFiles(new TreePath(hidden, TREE), log);
    await finishTree(new TreePath(hidden, TREE), log, { syncs: !isLarge });
    await log.sync();
    await hidden.sync();
    if (!isLarge || (await syncFileSystem(hidden.descriptor))) return;
    await syncFiles(new TreePath(hidden, TREE), log);
    await finishTree(new TreePath(hidden, TREE), log, { syncs: true });
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    await this.#writer?.close();
    const open = await opening?.catch(() => undefined);
    await open?.log.close();
    await open?.hidden.close();
  }

  async place(how: HowToPlace): Promise<string> {
    const { hidden } = await this.#open();
    const from = join(hidden.base, TREE);
    if (how.taken === 'replace') return this.#replace(hidden, how);
    return (await placeDirectory({ ...how, from, directory: this.#directory.base, shown: how.name })).name;
  }

  async isPlacedAs(name: string): Promise<boolean> {
    const hidden = await this.#found();
    if (hidden === undefined) return true;
    try {
      if ((await hidden.find(TREE)) === undefined) return true;
      await this.#giveBack(hidden, name);
      if (!(await this.#directory.find(name))?.isDirectory()) return false;
      // The empty directory that kept the name free.
      await rename(hidden.at(TREE), this.#directory.at(name));
      return true;
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return false;
      throw error;
    } finally {
      await hidden.close();
    }
  }

  /** The tree's own mode might have kept it from being moved. */
  async afterPlacing(name: string): Promise<void> {
    if ((await this.#directory.find(this.#partial)) === undefined) return;
    const { log } = await this.#open();
    const root = await rootOf(log);
    if (root !== undefined) {
      const tree = await this.#directory.enter(name);
      try {
        await tree.finish(receivedMode(root.mode), root.mtimeMs);
        await tree.sync();
      } finally {
        await tree.close();
      }
    }
    await this.close();
    await this.#directory.remove(this.#partial);
  }

  async discard(): Promise<void> {
    await this.close();
    await this.#directory.remove(this.#partial);
  }

  /** What has the name is moved beside the tree, and back if the tree cannot get its name. */
  async #replace(hidden: HeldDirectory, { name, onAttempt }: HowToPlace): Promise<string> {
    await onAttempt({ name, isClaim: false });
    if ((await this.#directory.find(name)) !== undefined) {
      await hidden.remove(REPLACED);
      await rename(this.#directory.at(name), hidden.at(REPLACED));
    }
    try {
      await rename(hidden.at(TREE), this.#directory.at(name));
    } catch (error) {
      await this.#giveBack(hidden, name);
      throw error;
    }
    return name;
  }

  async #giveBack(hidden: HeldDirectory, name: string): Promise<void> {
    if ((await hidden.find(REPLACED)) === undefined || (await this.#directory.find(name)) !== undefined)
      return;
    await rename(hidden.at(REPLACED), this.#directory.at(name));
  }

  #open(): Promise<OpenTree> {
    this.#opening ??= this.#opened();
    return this.#opening;
  }

  async #opened(): Promise<OpenTree> {
    const found = await this.#directory.find(this.#partial);
    const own = process.geteuid?.() ?? found?.uid;
    if (found !== undefined && !(found.isDirectory() && found.uid === own))
      await this.#directory.remove(this.#partial);
    const { directory: hidden } = await this.#directory.make(this.#partial, PRIVATE_DIRECTORY);
    try {
      return { hidden, log: await TreeLog.open(hidden) };
    } catch (error) {
      await hidden.close();
      throw error;
    }
  }

  async #found(): Promise<HeldDirectory | undefined> {
    const found = await this.#directory.find(this.#partial);
    return found?.isDirectory() ? this.#directory.enter(this.#partial) : undefined;
  }
}

const TREE = 'tree';
/** What had the name of the tree, for the moment in which they change places. */
const REPLACED = 'replaced';
