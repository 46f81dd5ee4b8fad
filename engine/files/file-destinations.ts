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
  /** May name keys of the header in braces: `/data/{message_type}/{source_id}`. */
  readonly targetDirectory: string;
  /** What is there may be replaced. */
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
 * Puts received files where the configuration says (PROTOCOL §3), and nowhere else: names are taken literally, and
 * no link inside a target is followed.
 */
export class FileDestinations {
  readonly #options: FileDestinationsOptions;

  constructor(options: FileDestinationsOptions) {
    this.#options = options;
  }

  /** @param onProblem told why the file is not kept, or under which other name, once */
  async receive(frame: Frame, sizeBytes: number, onProblem: (problem: string) => void): Promise<ByteSink> {
    const refuse = (error: unknown): void => {
      onProblem(`the file of a message was not kept: ${toAiocError(error, 'AIOC_FILE_WRITE').message}`);
    };
    try {
      const withFile = frame.header['with_file'] as JsonObject;
      const place = await this.#placeFor(frame, withFile, sizeBytes);
      const { random, clock } = this.#options;
      const folder = new ReceivedFolder({ directory: place.directory, random, clock });
      const file = await folder.begin(place.name, sizeBytes);
      if (place.isRenamed)
        onProblem(`the name of a message's file is not UTF-8: it is kept as ${shownName(place.name)}`);
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
    // A list of one text would read like that text.
    const destination = typeof type === 'string' ? this.#options.byType.get(type) : undefined;
    if (destination === undefined) {
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `no directory is configured for the dst_type ${typeof type === 'string' ? type : JSON.stringify(type)}`,
      );
    }
    if (typeof path !== 'string') throw new AiocError('AIOC_FILE_NAME_BAD', 'its dst_name is no text');
    if (sizeBytes > this.#options.sizeMaxBytes) {
      throw new AiocError(
        'AIOC_FILE_WRITE',
        `it has ${sizeBytes} bytes, max_size_file_upload_recv allows ${this.#options.sizeMaxBytes}`,
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
      throw new AiocError('AIOC_FILE_WRITE', `${name} exists already, and override_existing is not set`);
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

/** Values of the header stand for one segment each: none may climb or descend. */
function filledIn(template: string, header: JsonObject): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = header[key];
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new AiocError('AIOC_FILE_NAME_BAD', `the header has no ${key} for ${template}`);
    }
    return checkFileName(String(value));
  });
}

/** Makes the directory, one segment after another: a link on the way is refused before anything is made behind it. */
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
        throw new AiocError('AIOC_FILE_NAME_BAD', `${segment} in ${base} is not a directory of its own`);
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
