import { stat } from 'node:fs/promises';
import stableStringify from 'fast-json-stable-stringify';
import { PUBLIC_MODE, replaceDurably } from '../base/atomic-file.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { readSmallFile } from '../base/read-small-file.ts';
import { parseStrictJson } from '../config/strict-json.ts';
import { certificatesError } from './certificate-paths.ts';

/** Which names have a certificate, with its serial number: source_id_2_cert.json without its second, reversed half. */
export type CertificateMap = Map<string, string>;

export interface MapFile {
  readonly path: string;
  readonly random: Randomness;
  readonly clock: Clock;
}

/**
 * Reads the map; a missing file is an empty one, as Python leaves it until the first client comes. A Python server that
 * shares the directory empties the file before it writes it, so what looks damaged is looked at again.
 *
 * @throws AiocError AIOC_CERTIFICATES when it is damaged: to go on without it would give names away a second time
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
 * Whether the file stands there as a Python server has written it: with what that server knew when it started and has
 * done since, and without what others of the directory have added. Nobody's editor writes it like this.
 */
export async function isWrittenByPython({ path }: MapFile): Promise<boolean> {
  const text = await textOf(path);
  return text !== undefined && PYTHONS_HAND.test(text);
}

const PYTHONS_OBJECT = String.raw`\{(?:"[^"\\]+": "[^"\\]+"(?:, "[^"\\]+": "[^"\\]+")*)?\}`;
const PYTHONS_HAND = new RegExp(
  `^\\{"(?:source_id_2_cert|cert_2_source_id)": ${PYTHONS_OBJECT}, "(?:source_id_2_cert|cert_2_source_id)": ${PYTHONS_OBJECT}\\}$`,
);

/** The file's text; undefined when there is none. */
async function textOf(path: string): Promise<string | undefined> {
  const file = await readSmallFile(path, LIMITS.certificateMapBytes);
  if (file === 'too-large') throw certificatesError(`${path} is larger than any list of clients`);
  return file?.text;
}

function parsed(path: string, text: string | undefined): CertificateMap {
  if (text === undefined) return new Map();
  try {
    const { source_id_2_cert: names } = jsonOf(text) as { source_id_2_cert?: unknown };
    if (typeof names !== 'object' || names === null || Array.isArray(names))
      throw new Error('it has no object "source_id_2_cert"');
    // A Map, because a client may well be called `constructor` or `__proto__`.
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

/** With line and column, should it be none: people do restore this file by hand. */
function jsonOf(text: string): unknown {
  // A byte order mark, as some editors write it, says nothing.
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json);
  } catch {
    throw new Error(parseStrictJson(json).faults[0]);
  }
}

/**
 * Whether the file says a thing twice, of which every reader would take what stands last.
 *
 * @throws AiocError AIOC_CERTIFICATES naming it with its lines
 */
export async function checkMapOnce({ path }: MapFile): Promise<void> {
  const text = await textOf(path);
  const [fault] = text === undefined ? [] : parseStrictJson(text).faults;
  if (fault !== undefined) throw certificatesError(`${path} is damaged: ${fault}`);
}

/**
 * Replaces the file atomically, both halves of it in stable order. Servers of aioc take turns by a lock; a Python server
 * knows of none, so a change of the file during ours begins ours again, on what is there then.
 *
 * @param change makes the change in the map; false when there is nothing to change
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

/** What changes with every writing of a file. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? '' : `${found.ino} ${found.mtimeNs} ${found.size}`;
}
