import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness, Timer } from '../base/ports.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { fileErrorText } from '../protocol/file-frames.ts';
import type { Header, JsonObject } from '../protocol/header.ts';
import { type FilePiece, headerOfWhole } from '../protocol/python-pieces.ts';
import { writeError } from './disk-errors.ts';
import type { DiskSpace } from './disk-space.ts';
import { FileContent } from './file-content.ts';
import type { DestinationPlace, FileDestinations } from './file-destinations.ts';
import { HeldDirectory } from './held-directory.ts';
import { removeMade } from './partial-target.ts';
import type { PeerQuotas } from './peer-quotas.ts';
import { PieceSet } from './piece-set.ts';
import { type PieceOutcome, PieceSink } from './piece-sink.ts';
import { PLAIN_FILE } from './received-mode.ts';
import { shownName } from './safe-name.ts';
import { type TransferRecord, type TransferRecords, transferKey } from './transfer-records.ts';

export interface ReceivedPiecesOptions {
  readonly destinations: Pick<FileDestinations, 'placeFor'>;
  /** Of pieces only: `files` is how many the file has, and `sinceMs` when the latest came. */
  readonly records: TransferRecords;
  readonly space: DiskSpace;
  readonly quotas: PeerQuotas;
  readonly random: Randomness;
  readonly clock: Clock;
  /** @param isWarning it needs attention */
  readonly onEvent: (peerName: string, text: string, isWarning: boolean) => void;
}

export interface PieceToReceive {
  readonly peerName: string;
  readonly header: Header;
  readonly piece: FilePiece;
  readonly sizeBytes: number;
}

/**
 * Joins the pieces of files from Python peers by their numbers, in whatever order they come and over however many runs
 * (PROTOCOL §3). A file is one message, delivered when all pieces are there, or when the file cannot be stored.
 */
export class ReceivedPieces {
  readonly #options: ReceivedPiecesOptions;
  readonly #sets = new Map<string, PieceSet>();
  /** The numbers of the pieces that came of files that cannot be stored. */
  readonly #refused = new Map<string, Set<number>>();
  /** Sets of which the missing pieces were named. */
  readonly #named = new Set<string>();
  /** Pieces that are arriving, by set. */
  readonly #arriving = new Map<string, number>();
  readonly #changes = new SerialQueue();
  #timer: Timer | undefined;

  constructor(options: ReceivedPiecesOptions) {
    this.#options = options;
  }

  /** Watches for the rest of what earlier runs have received. */
  async start(): Promise<void> {
    const { records, quotas } = this.#options;
    for (const [key, record] of await records.all()) {
      const set = await this.#loaded(key, record);
      const bytes = set?.bytesBeside(0) ?? 0;
      quotas.hold(key, { peer: record.peer, files: 1, bytes }, { isKnown: true });
    }
    return this.#watch();
  }

  async stop(): Promise<void> {
    await this.#changes.idle();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Never fails: what cannot be stored is read to its end, and the message says why. */
  async begin(received: PieceToReceive): Promise<PieceSink> {
    const key = keyOf(received);
    try {
      return await this.#begin(key, received);
    } catch (error) {
      return new PieceSink(undefined, await this.#refuse(key, received, error));
    }
  }

  async #begin(key: string, received: PieceToReceive): Promise<PieceSink> {
    const { space, random, clock, destinations } = this.#options;
    const { header, piece, sizeBytes } = received;
    this.#checkRefused(key, piece);
    await this.#checkCount(key, received.peerName);
    const set = this.#setOf(key, piece);
    const whole = headerOfWhole(header, piece);
    const known = set.isLoaded ? set.bytesBeside(piece.index) : 0;
    const place = await destinations.placeFor(whole, known + sizeBytes);
    const { directory } = place;
    try {
      await set.load(directory);
      await this.#admit(key, received, set);
      await this.#note(key, received, place);
      const reservation = await space.reserve(directory, sizeBytes);
      const name = set.unfinishedName(piece.index, random.bytes(8).toString('hex'));
      const content = new FileContent({
        directory,
        partial: name,
        mode: PLAIN_FILE,
        mtimeMs: clock.wallNow(),
        paces: space.paces,
      });
      this.#arriving.set(key, (this.#arriving.get(key) ?? 0) + 1);
      return new PieceSink({
        ...{ content, reservation },
        finished: () => this.#changes.run(() => this.#add(received, { set, place, name })),
        failed: (error) => this.#refuse(key, received, error),
        closed: async () => {
          const others = (this.#arriving.get(key) ?? 1) - 1;
          if (others > 0) this.#arriving.set(key, others);
          else this.#arriving.delete(key);
          await directory.close();
        },
      });
    } catch (error) {
      await directory.close();
      await removeMade(directory.path, place.madeParts);
      throw error;
    }
  }

  /** A piece that comes again begins another attempt of its file. */
  #checkRefused(key: string, { index, count }: FilePiece): void {
    const refused = this.#refused.get(key);
    if (refused?.has(index) !== false) {
      this.#refused.delete(key);
      return;
    }
    refused.add(index);
    if (refused.size === count) this.#refused.delete(key);
    throw new AlreadyTold();
  }

  async #checkCount(key: string, peerName: string): Promise<void> {
    const all = await this.#options.records.all();
    if (all.has(key)) return;
    let count = 0;
    for (const { peer } of all.values()) if (peer === peerName) count += 1;
    if (count < LIMITS.pieceSetsPerPeer) return;
    throw new AiocError(
      'AIOC_FILE_QUOTA',
      `${count} other files of this peer wait for missing pieces, which is the limit. Send those first.`,
    );
  }

  /** Counts a piece in the quotas of its peer. */
  async #admit(
    key: string,
    { peerName: peer, piece, sizeBytes }: PieceToReceive,
    set: PieceSet,
  ): Promise<void> {
    const { records, quotas } = this.#options;
    const files = (await records.find(key)) === undefined ? 1 : 0;
    quotas.hold(key, { peer, files: 1, bytes: set.bytesBeside(piece.index) + sizeBytes });
    quotas.spend(peer, { files, bytes: sizeBytes });
  }

  async #note(
    key: string,
    { peerName, header, piece }: PieceToReceive,
    place: DestinationPlace,
  ): Promise<void> {
    const { records, clock } = this.#options;
    const earlier = await records.find(key);
    const { name, taken, directory, madeParts } = place;
    await records.write(key, {
      ...{ peer: peerName, id: header.message_type, kind: 'file', directory: directory.path },
      ...{ madeParts: earlier?.madeParts ?? madeParts, name, taken, sizeBytes: null },
      ...{ sinceMs: clock.wallNow(), doneBytes: 0, files: piece.count, state: 'partial' },
    });
    this.#named.delete(key);
    await this.#watch();
  }

  /** Adds a piece that is complete, and joins the file if it was the last one. */
  async #add(
    received: PieceToReceive,
    { set, place, name }: { set: PieceSet; place: DestinationPlace; name: string },
  ): Promise<PieceOutcome> {
    const { directory } = place;
    const { piece, peerName, header } = received;
    const isOther = await set.add({ directory, index: piece.index, name });
    if (isOther) {
      const text = `another file named ${shownName(piece.name)} has begun: the pieces of the earlier one, which was not complete, were deleted`;
      this.#options.onEvent(peerName, text, true);
    }
    await this.#note(set.key, received, place);
    if (!set.isComplete) return { kind: 'kept' };
    const { space, clock } = this.#options;
    const sizeBytes = await set.join(directory, { ...place, space, mtimeMs: clock.wallNow() });
    await set.discard(directory);
    await this.#forget(set.key);
    const what = `${shownName(place.name)} was joined from ${piece.count} pieces: ${sizeBytes} bytes`;
    this.#options.onEvent(peerName, `${what}, not verified, because Python sends no digest`, false);
    return { kind: 'whole', header: headerOfWhole(header, piece) };
  }

  /** The file cannot be stored: its message is delivered once, with the reason. */
  async #refuse(
    key: string,
    { header, piece, peerName }: PieceToReceive,
    error: unknown,
  ): Promise<PieceOutcome> {
    if (error instanceof AlreadyTold) return { kind: 'kept' };
    const { message } = writeError(piece.name, error);
    this.#options.onEvent(peerName, `the file of a message was not stored: ${message}`, true);
    await this.#changes.run(() => this.#delete(key)).catch(() => undefined);
    this.#options.quotas.release(key);
    if (piece.count > 1) this.#refused.set(key, new Set([piece.index]));
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > LIMITS.pieceSetsPerPeer && oldest !== undefined) this.#refused.delete(oldest);
    const about: JsonObject = { file_error: fileErrorText(message) };
    return { kind: 'whole', header: headerOfWhole(header, piece, about) };
  }

  /** Deletes the pieces of a set. */
  async #delete(key: string): Promise<void> {
    const record = await this.#options.records.find(key);
    if (record === undefined) return;
    const directory = await HeldDirectory.open(record.directory).catch(() => undefined);
    if (directory !== undefined) {
      try {
        const set = this.#sets.get(key) ?? new PieceSet({ key, count: record.files });
        await set.load(directory);
        await set.discard(directory);
      } finally {
        await directory.close();
      }
    }
    await removeMade(record.directory, record.madeParts);
    await this.#forget(key);
  }

  async #forget(key: string): Promise<void> {
    this.#sets.delete(key);
    this.#named.delete(key);
    this.#options.quotas.release(key);
    await this.#options.records.remove(key);
  }

  #setOf(key: string, { count }: FilePiece): PieceSet {
    const set = this.#sets.get(key) ?? new PieceSet({ key, count });
    this.#sets.set(key, set);
    return set;
  }

  /** Names missing pieces after LIMITS.missingPieceMs, and deletes the others after LIMITS.stalePartialMs. */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    const all = await this.#options.records.all();
    if (all.size > 0) this.#timer ??= clock.after(LIMITS.missingPieceMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { records, clock } = this.#options;
    this.#timer = undefined;
    for (const [key, record] of [...(await records.all())]) {
      const idleMs = clock.wallNow() - record.sinceMs;
      if (this.#arriving.has(key) || idleMs < LIMITS.missingPieceMs) continue;
      await this.#changes.run(() => this.#nameMissing(key, record, idleMs)).catch(() => undefined);
    }
    await this.#watch();
  }

  async #nameMissing(key: string, record: TransferRecord, idleMs: number): Promise<void> {
    const isOver = idleMs >= LIMITS.stalePartialMs;
    if (!isOver && this.#named.has(key)) return;
    this.#named.add(key);
    const missing = await this.#missing(key, record);
    if (isOver) await this.#delete(key);
    const what = `${shownName(record.name)} is not complete: ${missing} of ${record.files} did not arrive for ${durationOf(idleMs)}`;
    const then = isOver
      ? 'The other pieces were deleted. Send the file again.'
      : `The other pieces are kept for ${durationOf(LIMITS.stalePartialMs)}.`;
    this.#options.onEvent(record.peer, `${what}. ${then}`, true);
  }

  /** The pieces that are there; undefined: their directory is not. */
  async #loaded(
    key: string,
    { directory: path, files: count }: TransferRecord,
  ): Promise<PieceSet | undefined> {
    const set = this.#sets.get(key) ?? new PieceSet({ key, count });
    const directory = await HeldDirectory.open(path).catch(() => undefined);
    if (directory === undefined) return undefined;
    try {
      await set.load(directory);
      return set;
    } finally {
      await directory.close();
    }
  }

  async #missing(key: string, record: TransferRecord): Promise<string> {
    const set = await this.#loaded(key, record);
    if (set === undefined) return 'all pieces';
    const { missing } = set;
    const shown = missing.slice(0, SHOWN_NUMBERS).join(', ');
    const more = missing.length > SHOWN_NUMBERS ? ` and ${missing.length - SHOWN_NUMBERS} more` : '';
    return `${missing.length === 1 ? 'piece' : 'pieces'} ${shown}${more}`;
  }
}

/** The reason is in the message that was delivered for another piece of the file. */
class AlreadyTold extends Error {}

function keyOf({ peerName, header, piece }: PieceToReceive): string {
  const { dst_type: type } = header['with_file'] as JsonObject;
  return transferKey(peerName, JSON.stringify([header.message_type, type, piece.name, piece.count]));
}

function durationOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}

const SHOWN_NUMBERS = 10;
