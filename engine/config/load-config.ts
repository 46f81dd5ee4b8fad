import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { printable } from './faults.ts';
import type { ConfigRole } from './key-spec.ts';
import { configError, type ParsedConfig, parseConfig } from './parse-config.ts';
import { parseStrictJson } from './strict-json.ts';

export interface LoadConfigOptions {
  /** The path of a JSON file; without one only the arguments count. */
  readonly file?: string | undefined;
  /** What the program itself says, by the names of the keys. A key that is undefined says nothing. */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** Where both speak the file wins, as in Python; with this, the arguments. */
  readonly argumentsWin?: boolean;
  readonly role: ConfigRole;
}

/**
 * The configuration that a file and a program's arguments make together.
 *
 * @throws AiocError AIOC_CONFIG when the file cannot be read or the configuration has faults, all of which it lists
 */
export async function loadConfig(options: LoadConfigOptions): Promise<ParsedConfig> {
  const { file, argumentsWin = false, role } = options;
  const said = Object.entries(options.arguments ?? {}).filter(([, value]) => value !== undefined);
  const fromFile = new Map(file === undefined ? [] : Object.entries(await readConfigFile(file)));
  const fromArguments = new Map(said.filter(([name]) => argumentsWin || !fromFile.has(name)));
  const merged = Object.fromEntries([...fromFile, ...fromArguments]);
  if (file === undefined) return parseConfig(merged, { source: 'arguments', role, isAllFromProgram: true });
  return parseConfig(merged, { source: file, role, fromArguments: new Set(fromArguments.keys()) });
}

/**
 * Reads the object in a JSON file.
 *
 * @throws AiocError AIOC_CONFIG when the file is missing, unreadable, larger than any configuration, not JSON (with line
 * and column), names a key twice (with both lines) or holds something else than an object
 */
export async function readConfigFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  return parsedConfigText(file, await readText(file));
}

/**
 * The object that the text of a configuration file holds.
 *
 * @throws AiocError AIOC_CONFIG
 */
export function parsedConfigText(file: string, written: string): Readonly<Record<string, unknown>> {
  const { value, faults } = parseStrictJson(written);
  if (faults.length > 0) throw configError(file, faults);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw configError(file, [
    `holds ${printable(value)}; a configuration is an object, for example {"is_server": true}`,
  ]);
}

async function readText(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const info = await handle.stat();
    if (info.isDirectory()) throw configError(file, ['it is a directory; name the file in it']);
    if (!info.isFile()) throw configError(file, ['it is not a regular file']);
    if (info.size > LIMITS.configFileBytes) {
      throw configError(file, [
        `it has ${info.size} bytes, a configuration at most ${LIMITS.configFileBytes}`,
      ]);
    }
    return await handle.readFile('utf8');
  } catch (error) {
    if (systemCode(error) === undefined || systemCode(error) === 'AIOC_CONFIG') throw error;
    throw configError(file, [systemWords(error)]);
  } finally {
    await handle?.close();
  }
}

function systemWords(error: unknown): string {
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return 'there is no such file; "aioc print_config_templates" shows what one holds';
  if (code === 'EACCES' || code === 'EPERM') return 'it may not be read by this user';
  return `it cannot be read (${code})`;
}
