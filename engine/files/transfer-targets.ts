import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { writeError } from './disk-errors.ts';
import type { DiskSpace, SpaceReservation } from './disk-space.ts';
import { FileContent } from './file-content.ts';
import type { WhenTaken } from './free-name.ts';
import { HeldDirectory } from './held-directory.ts';
import type { PartialContent } from './partial-content.ts';
import { PartialTarget, PlacedTarget, removeMade } from './partial-target.ts';
import type { PeerQuotas } from './peer-quotas.ts';
import { partialName, type TransferRecord, type TransferRecords, transferKey } from './transfer-records.ts';
import type { OpenTarget, TransferOffer, TransferTarget } from './transfer-target.ts';
import { TreeContent } from './tree-content.ts';

/** Where the file of a message goes. Close the directory in any case. */
export interface TargetPlace {
  readonly directory: HeldDirectory;
  /** How many of the last parts of the directory were created for it. */
  readonly madeParts: number;
  /** Plain (engine/files/safe-name.ts). */
  readonly name: string;
  readonly taken: WhenTaken;
}

export interface TransferTargetsOptions {
  readonly records: TransferRecords;
  readonly space: DiskSpace;
  readonly quotas: PeerQuotas;
  readonly clock: Pick<Clock, 'now' | 'wallNow'>;
  /** @throws AiocError to refuse */
  placeFor(offer: TransferOffer): Promise<TargetPlace>;
}

/** A transfer that is not complete. */
export interface PartialFile {
  readonly key: string;
  /** Of the transfer. */
  readonly id: string;
  readonly peer: string;
  readonly name: string;
  readonly kind: 'file' | 'tree';
  readonly directory: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  readonly sinceMs: number;
  /** Since the last byte arrived. */
  readonly idleMs: number;
  /** Its peer is sending it now. */
  readonly isOpen: boolean;
}

export interface CleanOptions {
  readonly idleMs?: number;
  readonly keys?: readonly string[];
}

/** Receives the files of messages from aioc peers: opens their targets, lists and cleans what is not complete. */
export class TransferTargets {
  readonly #options: TransferTargetsOptions;
  readonly #open = new Set<string>();
  #started: Promise<void> | undefined;
  #cleanedMs = 0;

  constructor(options: TransferTargetsOptions) {
    this.#options = options;
  }

  /**
   * Opens the target of an offer, new or continued.
   * @throws AiocError AIOC_FILE_WRITE, AIOC_FILE_NAME_BAD, AIOC_FILE_QUOTA, AIOC_DIRECTORY, and what `placeFor` throws
   */
  readonly open: OpenTarget = async (offer) => {
    const key = transferKey(offer.peerName, offer.id);
    checkOffer(offer);
    if (this.#open.has(key))
      throw new AiocError('AIOC_FILE_WRITE', 'This file is being received already. Wait for it.');
    this.#open.add(key);
    try {
      await this.#start();
      this.#cleanNowAndThen();
      return await this.#opened(key, offer);
    } catch (error) {
      this.#open.delete(key);
      throw writeError(offerName(offer), error);
    }
  };

  /** What is not complete, the oldest first. */
  async list(): Promise<PartialFile[]> {
    await this.#start();
    const found: PartialFile[] = [];
    for (const [key, record] of await this.#options.records.all()) {
      if (record.state === 'placed') continue;
      const { id, peer, name, kind, directory, sizeBytes, sinceMs } = record;
      const { doneBytes, changedMs } = await stateOf(key, record);
      const idleMs = Math.max(0, this.#options.clock.wallNow() - changedMs);
      const isOpen = this.#open.has(key);
      const totalBytes = sizeBytes ?? undefined;
      found.push({ key, id, peer, name, kind, directory, doneBytes, totalBytes, sinceMs, idleMs, isOpen });
    }
    return found.sort((left, right) => left.sinceMs - right.sinceMs);
  }

  /** The transfers of a peer that are not complete, or whose messages have not come. */
  async partialOf(peerName: string): Promise<readonly string[]> {
    await this.#start();
    const all = [...(await this.#options.records.all()).values()];
    return all.filter(({ peer, state }) => peer === peerName && state !== 'placed').map(({ id }) => id);
  }

  /**
   * Deletes partial files to which nothing was added for so long, and forgets where those were placed whose messages never
   * came.
   * @param keys only these, whatever their age. Those that are being received stay.
   * @returns what was deleted
   */
  async clean({ idleMs = LIMITS.stalePartialMs, keys }: CleanOptions = {}): Promise<PartialFile[]> {
    const wanted = keys === undefined ? undefined : new Set(keys);
    if (wanted === undefined) this.#cleanedMs = this.#options.clock.wallNow();
    const deleted: PartialFile[] = [];
    for (const partial of await this.list()) {
      const isWanted = wanted?.has(partial.key) ?? partial.idleMs >= idleMs;
      if (!isWanted || this.#open.has(partial.key)) continue;
      this.#open.add(partial.key);
      try {
        await this.#delete(partial.key);
        deleted.push(partial);
      } finally {
        this.#open.delete(partial.key);
      }
    }
    if (wanted === undefined) await this.#forgetPlaced(idleMs);
    return deleted;
  }

  #cleanNowAndThen(): void {
    const nowMs = this.#options.clock.wallNow();
    if (nowMs - this.#cleanedMs < LIMITS.partialCleaningMs) return;
    // What cannot be deleted now is found the next time.
    this.clean().catch(() => undefined);
  }

  /** Deletes what an earlier run has received of a transfer, if there is anything. */
  async discard(peerName: string, id: string): Promise<void> {
    const key = transferKey(peerName, id);
    if (!this.#open.has(key)) await this.#delete(key);
  }

  /** What counts of earlier runs. */
  #start(): Promise<void> {
    const { records, quotas } = this.#options;
    this.#started ??= records.all().then((all) => {
      for (const [key, { peer, files, sizeBytes, doneBytes, state }] of all)
        if (state !== 'placed')
          quotas.hold(key, { peer, files, bytes: sizeBytes ?? doneBytes }, { isKnown: true });
    });
    return this.#started;
  }

  async #opened(key: string, offer: TransferOffer): Promise<TransferTarget> {
    const { records, placeFor } = this.#options;
    const earlier = await this.#broughtToAnEnd(key);
    const onClose = (): void => void this.#open.delete(key);
    if (earlier?.state === 'placed')
      return new PlacedTarget(earlier, { onClose, onSettled: () => records.remove(key) });
    const place = await placeFor(offer);
    try {
      const isSame = earlier?.kind === offer.kind && earlier.directory === place.directory.path;
      if (earlier !== undefined && !isSame) await this.#delete(key);
      return await this.#received(key, offer, place, isSame ? earlier : undefined);
    } catch (error) {
      await place.directory.close();
      await removeMade(place.directory.path, place.madeParts);
      throw error;
    }
  }

  async #received(
    key: string,
    offer: TransferOffer,
    { directory, madeParts, name, taken }: TargetPlace,
    earlier: TransferRecord | undefined,
  ): Promise<TransferTarget> {
    const { records, quotas, space } = this.#options;
    const { peerName: peer, id, kind } = offer;
    const sizeBytes = offer.sizeBytes ?? null;
    const record: TransferRecord = {
      ...{ peer, id, kind, directory: directory.path, name, taken, sizeBytes },
      madeParts: earlier?.madeParts ?? madeParts,
      sinceMs: earlier?.sinceMs ?? this.#options.clock.wallNow(),
      doneBytes: earlier?.doneBytes ?? 0,
      files: earlier?.files ?? 1,
      state: 'partial',
    };
    quotas.hold(key, { peer, files: record.files, bytes: sizeBytes ?? record.doneBytes });
    let reservation: SpaceReservation | undefined;
    try {
      if (earlier === undefined) quotas.spend(peer, { files: 1, bytes: 0 });
      const missing = (sizeBytes ?? 0) - (await bytesOnDisk(directory, key));
      reservation = await space.reserve(directory, Math.max(0, missing));
      await records.write(key, record);
    } catch (error) {
      reservation?.release();
      if (earlier === undefined) quotas.release(key);
      throw error;
    }
    const content = this.#contentOf(kind, { directory, key, mode: offer.mode, mtimeMs: offer.mtimeMs });
    return new PartialTarget({
      ...{ key, record, records, directory, content, space: reservation, quotas },
      onClose: () => void this.#open.delete(key),
    });
  }

  /** If a run ended while it placed a transfer, this says whether it has been placed. */
  async #broughtToAnEnd(key: string): Promise<TransferRecord | undefined> {
    const { records, quotas } = this.#options;
    const record = await records.find(key);
    if (record?.state !== 'placing' || record.as === undefined) return record;
    const directory = await HeldDirectory.open(record.directory).catch(() => undefined);
    if (directory === undefined) return record;
    const content = this.#contentOf(record.kind, { directory, key, mode: 0, mtimeMs: 0 });
    try {
      const isPlaced = await content.isPlacedAs(record.as, record.isClaimed ?? false);
      if (isPlaced) {
        await content.afterPlacing(record.as);
        await directory.sync();
        quotas.release(key);
      }
      const settled: TransferRecord = { ...record, state: isPlaced ? 'placed' : 'complete' };
      await records.write(key, settled);
      return settled;
    } finally {
      await content.close();
      await directory.close();
    }
  }

  async #delete(key: string): Promise<void> {
    const { records, quotas } = this.#options;
    const record = await this.#broughtToAnEnd(key);
    if (record === undefined || record.state === 'placed') return;
    const directory = await HeldDirectory.open(record.directory).catch(() => undefined);
    try {
      if (directory !== undefined)
        await this.#contentOf(record.kind, { directory, key, mode: 0, mtimeMs: 0 }).discard();
    } catch (error) {
      throw writeError(record.name, error);
    } finally {
      await directory?.close();
    }
    await removeMade(record.directory, record.madeParts);
    quotas.release(key);
    await records.remove(key);
  }

  #contentOf(kind: 'file' | 'tree', content: ContentOptions): PartialContent {
    const { clock, space } = this.#options;
    const options = { ...content, partial: partialName(content.key), clock, paces: space.paces };
    return kind === 'tree' ? new TreeContent(options) : new FileContent(options);
  }

  async #forgetPlaced(idleMs: number): Promise<void> {
    const { records, clock } = this.#options;
    const oldest = clock.wallNow() - idleMs;
    for (const [key, { state, sinceMs }] of [...(await records.all())])
      if (state === 'placed' && sinceMs < oldest && !this.#open.has(key)) await records.remove(key);
  }
}

interface ContentOptions {
  readonly directory: HeldDirectory;
  readonly key: string;
  readonly mode: number;
  readonly mtimeMs: number;
}

async function bytesOnDisk(directory: HeldDirectory, key: string): Promise<number> {
  return ((await directory.find(partialName(key)))?.blocks ?? 0) * BLOCK_BYTES;
}

/** How much of it is there, and when it changed last. */
async function stateOf(
  key: string,
  { directory, kind, doneBytes, sinceMs }: TransferRecord,
): Promise<{ doneBytes: number; changedMs: number }> {
  const found = await lstat(join(directory, partialName(key))).catch(() => undefined);
  // Not mtime, which a complete file has from its sender.
  const changedMs = Math.max(sinceMs, found?.ctimeMs ?? 0);
  return { doneBytes: kind === 'file' ? (found?.size ?? 0) : doneBytes, changedMs };
}

function checkOffer({ kind, sizeBytes, mode, mtimeMs }: TransferOffer): void {
  const isSized =
    kind === 'tree'
      ? sizeBytes === undefined
      : Number.isSafeInteger(sizeBytes) && sizeBytes !== undefined && sizeBytes >= 0;
  if (isSized && Number.isSafeInteger(mode) && mode >= 0 && Number.isFinite(mtimeMs)) return;
  throw new AiocError(
    'AIOC_FILE_WRITE',
    `A file cannot have the size ${sizeBytes}, the mode ${mode} and the time ${mtimeMs}. Ask for it to be sent again.`,
  );
}

function offerName({ header }: TransferOffer): string {
  const withFile = header['with_file'] as { dst_name?: unknown } | undefined;
  return typeof withFile?.dst_name === 'string' ? withFile.dst_name : 'the file';
}

const BLOCK_BYTES = 512;
