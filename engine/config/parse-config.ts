import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { faultsAcross, warningsAcross } from './cross-checks.ts';
import { shown, wordsOf } from './faults.ts';
import type { ConfigRole, KeySpec } from './key-spec.ts';
import type { ConfigKey, ConnectorConfig } from './keys.ts';
import { configKeys } from './keys.ts';
import { nearestName } from './nearest-key.ts';
import { isOlderName, withNewNames } from './older-names.ts';

export interface ParseConfigOptions {
  /** What the values come from, as it is named in errors: a file's path, or "arguments". */
  readonly source: string;
  readonly role: ConfigRole;
  /** Keys whose values come from the program's arguments instead. */
  readonly fromArguments?: ReadonlySet<string>;
}

export interface ParsedConfig {
  readonly config: ConnectorConfig;
  /** What will not have the effect that was asked for, each a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Checks a configuration and fills in the defaults. null stands for the default of any key.
 *
 * @throws AiocError AIOC_CONFIG with every fault: the key, what it got, what it takes, and for a key that is not known
 * the nearest one
 */
export function parseConfig(value: unknown, options: ParseConfigOptions): ParsedConfig {
  const { source, role, fromArguments } = options;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configError(source, [
      `got ${shown(value)}; a configuration is an object, for example {"is_server": true}`,
    ]);
  }
  const entries = withNewNames(new Map(Object.entries(value).filter(([, held]) => held != null)));
  const { values, faults } = checkKeys(entries);
  const config = withDefaults(values);
  const checked = { config, role, given: new Set(entries.keys()) };
  // Which side it is decides what matters.
  if (values.has('is_server') || !entries.has('is_server')) faults.push(...faultsAcross(checked));
  faults.push(...unknownKeys(Object.keys(value)));
  if (faults.length > 0) {
    throw configError(
      source,
      faults.map((fault) => withOrigin(fault, fromArguments)),
    );
  }
  return { config, warnings: warningsAcross(checked) };
}

/** An error that lists what is wrong with a configuration. */
export function configError(source: string, faults: readonly string[]): AiocError {
  if (faults.length === 1) return new AiocError('AIOC_CONFIG', `${source}: ${faults[0]}`);
  const listed = faults.slice(0, LIMITS.configFaults).map((fault) => `\n  - ${fault}`);
  const rest = faults.length - listed.length;
  const more = rest > 0 ? `\n  … and ${rest} more` : '';
  return new AiocError('AIOC_CONFIG', `${source} has ${faults.length} faults:${listed.join('')}${more}`);
}

function checkKeys(entries: ReadonlyMap<string, unknown>): {
  values: Map<string, unknown>;
  faults: string[];
} {
  const values = new Map<string, unknown>();
  const faults: string[] = [];
  for (const [name, { shape }] of configKeys()) {
    if (!entries.has(name)) continue;
    const value = entries.get(name);
    const result = shape.schema.safeParse(value);
    if (result.success) values.set(name, result.data);
    else faults.push(...wordsOf({ name, value, shape, issues: result.error.issues }));
  }
  return { values, faults };
}

function unknownKeys(given: readonly string[]): string[] {
  const known = configKeys().map(([name]) => name);
  const unknown = given.filter((name) => !(known as string[]).includes(name) && !isOlderName(name));
  return unknown.map((name, index) => {
    // The search takes time, and nobody sees its result beyond the faults that are listed.
    const near = index < LIMITS.configFaults ? nearestName(name, known) : undefined;
    const advice =
      near === undefined ? '"aioc print_config_templates" lists all keys' : `the nearest one is ${near}`;
    return `${/^\w+$/.test(name) && name.length < 80 ? name : shown(name)}: there is no such key; ${advice}`;
  });
}

function withOrigin(fault: string, fromArguments: ReadonlySet<string> | undefined): string {
  const name = /^\w+/.exec(fault)?.[0] ?? '';
  return fromArguments?.has(name) ? `${fault} (it comes from the program's arguments)` : fault;
}

function withDefaults(values: ReadonlyMap<string, unknown>): ConnectorConfig {
  const heldBy = (name: string, spec: KeySpec): unknown =>
    values.get(name) ?? (spec.follows === undefined ? undefined : values.get(spec.follows)) ?? spec.default;
  const filled = configKeys().map(([name, spec]): [ConfigKey, unknown] => [name, heldBy(name, spec)]);
  return Object.fromEntries(filled) as unknown as ConnectorConfig;
}
