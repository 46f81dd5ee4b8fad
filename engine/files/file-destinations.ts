import { lstat, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AiocError, systemCode, toAiocError } from '../base/errors.ts';
import { checkDirectory, PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { JsonObject } from '../protocol/header.ts';
import { type ByteSink, DISCARD } from './byte-sink.ts';
import { writeError } from './disk-errors.ts';
import { incomingName } from './lossy-path.ts';
import { ReceivedFolder } from './received-folder.ts';
import { checkFileName, shownName } from './safe-name.ts';

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
  readonly clock: Pick<Clock, 'wallNow'>;
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
      const withFile = frame.header['with_file'] as JsonObject;
      const place = await this.#placeFor(frame, withFile, sizeBytes);
      const { random, clock } = this.#options;
      const folder = new ReceivedFolder({ directory: place.directory, random, clock });
      const file = await folder.begin(place.name, sizeBytes);
      if (place.isRenamed)
        onProblem(`the name of a message's file is not UTF-8: it is stored as ${shownName(place.name)}`);
      return keeping(file, place.taken, refuse);
    } catch (error) {
      refuse(error);
      return DISCARD;
    }
  }

  async #placeFor(
    frame: Frame,
    withFile: JsonObject,
    sizeBytes: number,
  ): Promise<{ directory: string; name: string; isRenamed: boolean; taken: 'replace' | 'refuse' }> {
    const { dst_type: type, dst_name: path = '' } = withFile;
    // An array with one string would print like that string.
    const destination = typeof type === 'string' ? this.#options.byType.get(type) : undefined;
    if (destination === undefined) {
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `no directory is configured for the dst_type ${typeof type === 'string' ? type : JSON.stringify(type)}`,
      );
    }
    if (typeof path !== 'string') throw new AiocError('AIOC_FILE_NAME_BAD', 'its dst_name is not a string');
    if (sizeBytes > this.#options.sizeMaxBytes) {
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `it has ${sizeBytes} bytes, but max_size_file_upload_recv allows only ${this.#options.sizeMaxBytes}`,
      );
    }
    const readable = incomingName(path);
    const segments = readable.split('/');
    for (const segment of segments) checkFileName(segment);
    const base = resolve(filledIn(destination.targetDirectory, frame.header));
    await checkDirectory({ path: base, key: 'file_recv_config' });
    const directory = await madeInside(base, segments.slice(0, -1));
    const name = segments.at(-1) ?? '';
    if (!destination.overrideExisting && (await isThere(join(directory, name)))) {
      throw new AiocError('AIOC_FILE_WRITE', `${name} already exists, and override_existing is not set`);
    }
    const isRenamed = readable !== path;
    return { directory, name, isRenamed, taken: destination.overrideExisting ? 'replace' : 'refuse' };
  }
}

function keeping(
  file: Awaited<ReturnType<ReceivedFolder['begin']>>,
  taken: 'replace' | 'refuse',
  refuse: (error: unknown) => void,
): ByteSink {
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
 * Creates the directory segment by segment, so that a link in the path is rejected before anything is created behind
 * it.
 */
async function madeInside(base: string, segments: readonly string[]): Promise<string> {
  let path = base;
  try {
    await mkdir(base, { recursive: true, mode: PRIVATE_DIRECTORY });
    for (const segment of segments) {
      path = join(path, segment);
      await mkdir(path, { mode: PRIVATE_DIRECTORY }).catch((error: unknown) => {
        if (systemCode(error) !== 'EEXIST') throw error;
      });
      if (!(await lstat(path)).isDirectory()) {
        throw new AiocError('AIOC_FILE_NAME_BAD', `${segment} in ${base} is not a directory, or is a link`);
      }
    }
    return path;
  } catch (error) {
    throw error instanceof AiocError ? error : writeError(path, error);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw writeError(path, error);
  }
}
