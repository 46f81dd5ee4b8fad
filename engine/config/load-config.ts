import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { printable } from './faults.ts';
import type { ConfigRole } from './key-spec.ts';
import { configError, type ParsedConfig, parseConfig } from './parse-config.ts';
import { parseStrictJson } from './strict-json.ts';

export interface LoadConfigOptions {
  /** The path of a JSON file. If absent, only the arguments are used. */
  readonly file?: string | undefined;
  /** Values from the program, by key. undefined means absent. */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** If true, the arguments take precedence over the file. Default: the file does, as in Python. */
  readonly argumentsWin?: boolean;
  readonly role: ConfigRole;
}

/**
 * Loads the configuration from a file and a program's arguments.
 *
 * @throws AiocError AIOC_CONFIG if the file cannot be read, or with every fault of the configuration
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
 * @throws AiocError AIOC_CONFIG if the file is missing, unreadable, larger than LIMITS.configFileBytes, not JSON (with
 * line and column), has a duplicate key (with the lines) or does not contain an object
 */
export async function readConfigFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  return parsedConfigText(file, await readText(file));
}

/**
 * Parses the text of a configuration file.
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
    `contains ${printable(value)}; a configuration is an object, for example {"is_server": true}`,
  ]);
}

async function readText(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const info = await handle.stat();
    if (info.isDirectory()) throw configError(file, ['it is a directory; name a file']);
    if (!info.isFile()) throw configError(file, ['it is not a regular file']);
    if (info.size > LIMITS.configFileBytes) {
      throw configError(file, [
        `it has ${info.size} bytes; a configuration has at most ${LIMITS.configFileBytes}`,
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
    return 'no such file; create one from the templates that "aioc print_config_templates" prints';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied; let this user read it';
  return `it cannot be read (${code})`;
}
