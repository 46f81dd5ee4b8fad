import { resolve } from 'node:path';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { ensureDirectory, PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import type { Randomness } from '../base/ports.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { JsonObject } from '../protocol/header.ts';
import { type ByteSink, DISCARD } from './byte-sink.ts';
import { writeError } from './disk-errors.ts';
import type { DiskSpace } from './disk-space.ts';
import type { WhenTaken } from './free-name.ts';
import { HeldDirectory } from './held-directory.ts';
import { beginFile, type IncomingFile } from './incoming-file.ts';
import { incomingName } from './lossy-path.ts';
import { removeMade } from './partial-target.ts';
import type { PeerQuotas } from './peer-quotas.ts';
import { MADE_DIRECTORY } from './received-mode.ts';
import { checkFileName, plainName, shownName } from './safe-name.ts';
import type { TargetPlace } from './transfer-targets.ts';

export interface FileDestination {
  /** May have header keys in braces: `/data/{message_type}/{source_id}`. */
  readonly targetDirectory: string;
  /** An existing file may be replaced. */
  readonly overrideExisting: boolean;
}

export interface FileDestinationsOptions {
  /** By dst_type (file_type2dirpath, file_recv_config). */
  readonly byType: ReadonlyMap<string, FileDestination>;
  readonly sizeMaxBytes: number;
  readonly random: Randomness;
  readonly space: DiskSpace;
  readonly quotas?: PeerQuotas;
}

/** Where a file goes. */
export interface DestinationPlace extends TargetPlace {
  /** Why it does not get the name that was asked for. */
  readonly renamed?: string;
}

/**
 * Stores received files where the configuration says (PROTOCOL §3), and nowhere else: names are taken literally, and
 * links in a target directory are not followed.
 */
export class FileDestinations {
  readonly #options: FileDestinationsOptions;

  constructor(options: FileDestinationsOptions) {
    this.#options = options;
  }

  /** @param onProblem called at most once, if the file is not stored or gets another name */
  async receive(frame: Frame, sizeBytes: number, onProblem: (problem: string) => void): Promise<ByteSink> {
    const refuse = (error: unknown): void => {
      onProblem(`the file of a message was not stored: ${toAiocError(error, 'AIOC_FILE_WRITE').message}`);
    };
    try {
      const { random, space } = this.#options;
      const place = await this.placeFor(frame.header, sizeBytes);
      const onEnd = await this.#admit(frame.header, sizeBytes, place);
      const file = await beginFile({ ...place, sizeBytes, random, space, onEnd });
      if (place.renamed !== undefined)
        onProblem(`the name of a message's file ${place.renamed}: it is stored as ${shownName(place.name)}`);
      return keeping(file, place.taken, refuse);
    } catch (error) {
      refuse(error);
      return DISCARD;
    }
  }

  /**
   * Counts a file in the quotas of its peer.
   * @returns call it when the file is complete, or deleted
   */
  async #admit(
    header: JsonObject,
    sizeBytes: number,
    { directory, madeParts }: TargetPlace,
  ): Promise<() => void> {
    const { quotas, random } = this.#options;
    // The session's (engine/peers/source-identity.ts).
    const peer = String(header['source_id']);
    const key = random.bytes(12).toString('hex');
    try {
      quotas?.hold(key, { peer, files: 1, bytes: sizeBytes });
      quotas?.spend(peer, { files: 1, bytes: sizeBytes });
      return () => quotas?.release(key);
    } catch (error) {
      quotas?.release(key);
      await directory.close();
      await removeMade(directory.path, madeParts);
      throw error;
    }
  }

  /**
   * Where the file of a message goes. Creates its directory if that is missing.
   * @param sizeBytes undefined: not known yet
   * @throws AiocError AIOC_FILE_WRITE, AIOC_FILE_NAME_BAD; AIOC_DIRECTORY and AIOC_CONFIG with paths of this machine
   */
  async placeFor(header: JsonObject, sizeBytes: number | undefined): Promise<DestinationPlace> {
    const { dst_type: type, dst_name: path = '' } = header['with_file'] as JsonObject;
    // An array with one string would print like that string.
    const destination = typeof type === 'string' ? this.#options.byType.get(type) : undefined;
    if (destination === undefined) {
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `no directory is configured for the dst_type ${typeof type === 'string' ? type : JSON.stringify(type)}`,
      );
    }
    if (typeof path !== 'string') throw new AiocError('AIOC_FILE_NAME_BAD', 'its dst_name is not a string');
    if (sizeBytes !== undefined && sizeBytes > this.#options.sizeMaxBytes) {
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `it has ${sizeBytes} bytes, but max_size_file_upload_recv allows only ${this.#options.sizeMaxBytes}`,
      );
    }
    const readable = incomingName(path);
    const segments = readable.split('/').map((segment) => plainName(checkFileName(segment)));
    const base = resolve(filledIn(destination.targetDirectory, header));
    const name = segments.at(-1) ?? '';
    const taken = destination.overrideExisting ? 'replace' : 'refuse';
    const inside = await directoryInside(base, segments.slice(0, -1));
    try {
      if (taken === 'refuse' && (await inside.directory.find(name)) !== undefined)
        throw new AiocError('AIOC_FILE_WRITE', `${name} already exists, and override_existing is not set`);
      const renamed = whyRenamed(path, readable, segments);
      return { ...inside, name, taken, ...(renamed !== undefined && { renamed }) };
    } catch (error) {
      await inside.directory.close();
      await removeMade(inside.directory.path, inside.madeParts);
      throw writeError(name, error);
    }
  }
}

function keeping(file: IncomingFile, taken: WhenTaken, refuse: (error: unknown) => void): ByteSink {
  let failed = false;
  const attempt = async (action: () => Promise<unknown>): Promise<void> => {
    if (failed) return;
    try {
      await action();
    } catch (error) {
      failed = true;
      refuse(error);
    }
  };
  return {
    write: (bytes) => attempt(() => file.write(bytes)),
    end: () => attempt(() => file.finish(taken)),
    abort: () => void file.abort(),
  };
}

function whyRenamed(path: string, readable: string, segments: readonly string[]): string | undefined {
  if (readable !== path) return 'is not UTF-8';
  return segments.join('/') === readable ? undefined : 'is hidden, or looks like an option';
}

/** Each header value becomes exactly one path segment. */
function filledIn(template: string, header: JsonObject): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = header[key];
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new AiocError('AIOC_FILE_NAME_BAD', `the header has no ${key} for ${template}`);
    }
    return checkFileName(String(value));
  });
}

/**
 * Opens the directory segment by segment, and creates what is missing. A link among the segments is rejected before
 * anything is created behind it.
 */
async function directoryInside(
  base: string,
  segments: readonly string[],
): Promise<{ directory: HeldDirectory; madeParts: number }> {
  const path = await ensureDirectory({ path: base, key: 'file_recv_config', mode: PRIVATE_DIRECTORY });
  let directory = await HeldDirectory.open(path).catch((error: unknown) => {
    throw writeError(path, error);
  });
  let madeParts = 0;
  for (const segment of segments) {
    const above = directory;
    try {
      const below = await above.make(segment, MADE_DIRECTORY);
      directory = below.directory;
      madeParts = below.isNew ? madeParts + 1 : 0;
    } catch (error) {
      await removeMade(above.path, madeParts);
      if (['ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? ''))
        throw new AiocError(
          'AIOC_FILE_NAME_BAD',
          `${shownName(segment)} is not a directory there, or is a link`,
        );
      throw writeError(segment, error);
    } finally {
      await above.close();
    }
  }
  return { directory, madeParts };
}
