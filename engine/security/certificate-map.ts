import { stat } from 'node:fs/promises';
import stableStringify from 'fast-json-stable-stringify';
import { PUBLIC_MODE, replaceDurably } from '../base/atomic-file.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { parseStrictJson } from '../config/strict-json.ts';
import { certificatesError } from './certificate-paths.ts';
import { readTrusted } from './stored-certificates.ts';

/**
 * The serial number of each client's certificate by name: the first half of source_id_2_cert.json. The second half is
 * its inverse.
 */
export type CertificateMap = Map<string, string>;

export interface MapFile {
  readonly path: string;
  readonly random: Randomness;
  readonly clock: Clock;
}

/**
 * Reads the map; a missing file is an empty map, as before Python's first client. A Python server truncates the file
 * before it writes it, so a damaged file is read again.
 *
 * @throws AiocError AIOC_CERTIFICATES if it is damaged: an empty map would give names away a second time
 */
export async function readMap(file: MapFile): Promise<CertificateMap> {
  for (let reads = 1; ; reads += 1) {
    try {
      return parsed(file.path, await textOf(file.path));
    } catch (error) {
      if (reads >= LIMITS.incompleteReads) throw error;
    }
    await new Promise<void>((resolve) => file.clock.after(LIMITS.lockRetryMs, resolve));
  }
}

/**
 * Whether a Python server wrote the file. Such a server writes what it knew at its start and its own changes, without
 * the changes of other servers. No editor writes this exact format.
 */
export async function isWrittenByPython({ path }: MapFile): Promise<boolean> {
  const text = await textOf(path);
  return text !== undefined && PYTHONS_HAND.test(text);
}

const PYTHONS_OBJECT = String.raw`\{(?:"[^"\\]+": "[^"\\]+"(?:, "[^"\\]+": "[^"\\]+")*)?\}`;
const PYTHONS_HAND = new RegExp(
  `^\\{"(?:source_id_2_cert|cert_2_source_id)": ${PYTHONS_OBJECT}, "(?:source_id_2_cert|cert_2_source_id)": ${PYTHONS_OBJECT}\\}$`,
);

/** The text of the file; undefined if it does not exist. */
async function textOf(path: string): Promise<string | undefined> {
  const text = await readTrusted(path, LIMITS.certificateMapBytes);
  if (text === undefined || typeof text === 'string') return text;
  throw certificatesError(`${path} is too large for a list of clients`);
}

function parsed(path: string, text: string | undefined): CertificateMap {
  if (text === undefined) return new Map();
  try {
    const { source_id_2_cert: names } = jsonOf(text) as { source_id_2_cert?: unknown };
    if (typeof names !== 'object' || names === null || Array.isArray(names))
      throw new Error('the object "source_id_2_cert" is missing');
    // A Map, since a client's name may be `constructor` or `__proto__`.
    return new Map(
      Object.entries(names).map(([name, serial]) => {
        if (typeof serial !== 'string') throw new Error(`the serial number of "${name}" is not a string`);
        return [name, serial] as const;
      }),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw certificatesError(`${path} is damaged: ${reason}. Restore it from a backup`, error);
  }
}

/** Reports line and column of an error, since operators edit this file by hand. */
function jsonOf(text: string): unknown {
  // Some editors write a byte order mark.
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json);
  } catch {
    throw new Error(parseStrictJson(json).faults[0]);
  }
}

/**
 * Checks that no key is repeated, since readers silently use the last one.
 *
 * @throws AiocError AIOC_CERTIFICATES with the key and its lines
 */
export async function checkMapOnce({ path }: MapFile): Promise<void> {
  const text = await textOf(path);
  const [fault] = text === undefined ? [] : parseStrictJson(text).faults;
  if (fault !== undefined) throw certificatesError(`${path} is damaged: ${fault}`);
}

/**
 * Replaces the file atomically, with sorted keys. aioc servers use a lock. A Python server does not, so if the file
 * changes meanwhile, the change is repeated on the new contents.
 *
 * @param change modifies the map; false if there is nothing to change
 * @throws AiocError AIOC_CERTIFICATES
 */
export async function changeMap(file: MapFile, change: (map: CertificateMap) => boolean): Promise<void> {
  const { path, random } = file;
  for (let tries = 1; ; tries += 1) {
    const before = await stampOf(path);
    const map = await readMap(file);
    if (!change(map)) return;
    const text = stableStringify({
      source_id_2_cert: Object.fromEntries(map),
      cert_2_source_id: Object.fromEntries([...map].map(([name, serial]) => [serial, name])),
    });
    const unless = async (): Promise<boolean> =>
      tries < LIMITS.incompleteReads && (await stampOf(path)) !== before;
    if (await replaceDurably(path, text, { mode: PUBLIC_MODE, random, unless })) return;
  }
}

/** A value that differs after each write of the file. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? '' : `${found.ino} ${found.mtimeNs} ${found.size}`;
}
