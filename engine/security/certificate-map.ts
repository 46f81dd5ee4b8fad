import stableStringify from 'fast-json-stable-stringify';
import { LIMITS } from '../base/limits.ts';
import type { Randomness } from '../base/ports.ts';
import { certificatesError } from './certificate-places.ts';
import { PUBLIC_MODE, readSmallFile, replaceDurably } from './small-files.ts';

/** Which names have a certificate, with its serial number: source_id_2_cert.json without its second, reversed half. */
export type CertificateMap = Map<string, string>;

/**
 * Reads the map; a missing file is an empty one, as Python leaves it until the first client comes.
 *
 * @throws AiocError AIOC_CERTIFICATES when it is damaged: to go on without it would give names away a second time
 */
export async function readMap(path: string): Promise<CertificateMap> {
  const file = await readSmallFile(path, LIMITS.certificateMapBytes);
  if (file === undefined) return new Map();
  if (file === 'too-large') throw certificatesError(`${path} is larger than any list of clients`);
  try {
    const { source_id_2_cert: names } = JSON.parse(file.text) as { source_id_2_cert?: unknown };
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

/** Replaces the file atomically, both halves of it in stable order. */
export async function writeMap(path: string, map: CertificateMap, random: Randomness): Promise<void> {
  const text = stableStringify({
    source_id_2_cert: Object.fromEntries(map),
    cert_2_source_id: Object.fromEntries([...map].map(([name, serial]) => [serial, name])),
  });
  await replaceDurably(path, text, { mode: PUBLIC_MODE, random });
}
