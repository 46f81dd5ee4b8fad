import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { faultsAcross, hasEffect, warningsAcross } from './cross-checks.ts';
import { describeFaults, printable } from './faults.ts';
import type { ConfigRole, KeySpec } from './key-spec.ts';
import type { ConfigKey, ConnectorConfig } from './keys.ts';
import { configKeys } from './keys.ts';
import { withNewNames } from './older-names.ts';
import { judgeUnknownKeys } from './unknown-keys.ts';

export interface ParseConfigOptions {
  /** Where the values come from, for error messages: a file's path, or "arguments". */
  readonly source: string;
  readonly role: ConfigRole;
  /** Keys whose values come from the program's arguments. */
  readonly fromArguments?: ReadonlySet<string>;
  /** True if there is no file: all values come from the program. */
  readonly isAllFromProgram?: boolean;
}

export interface ParsedConfig {
  readonly config: ConnectorConfig;
  /** Settings that do not have the requested effect, one line each. */
  readonly warnings: readonly string[];
  /** Unknown keys; each also causes a warning. */
  readonly unknownKeys: readonly string[];
  /** The keys that were set to a value other than null. */
  readonly given: ReadonlySet<string>;
}

/**
 * Checks a configuration and fills in the defaults. null means the default of any key. Falsy values mean what they mean in
 * Python. An unknown key causes a warning; it is a fault if it is probably a misspelled security key, or if it comes from
 * the program's arguments. A key that has no effect on this side (server or client) is never a fault.
 *
 * @throws AiocError AIOC_CONFIG with every fault: the key, its value, the values it takes, and for an unknown key the
 * nearest one
 */
export function parseConfig(value: unknown, options: ParseConfigOptions): ParsedConfig {
  const { source, role, fromArguments, isAllFromProgram = false } = options;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw configError(source, [
      `got ${printable(value)}; a configuration is an object, for example {"is_server": true}`,
    ]);
  }
  const entries = withNewNames(new Map(Object.entries(value).filter(([, held]) => held != null)));
  const { values, wrong } = checkKeys(entries);
  const config = withDefaults(values);
  const checked = { config, role, given: new Set(entries.keys()) };
  // Faults of keys of the other side do not matter.
  const isSideKnown = values.has('is_server') || !entries.has('is_server');
  const matters = ({ spec }: WrongKey): boolean => !isSideKnown || hasEffect(spec, config);
  const faults = wrong.filter(matters).flatMap(({ words }) => words);
  if (isSideKnown) faults.push(...faultsAcross(checked));
  const isFromProgram = (name: string): boolean => isAllFromProgram || fromArguments?.has(name) === true;
  const unknown = judgeUnknownKeys(value, isFromProgram);
  faults.push(...unknown.faults);
  if (faults.length > 0) {
    throw configError(
      source,
      faults.map((fault) => withOrigin(fault, fromArguments)),
    );
  }
  const idle = wrong.flatMap(({ words }) => words).map((words) => `${words} (this key has no effect here)`);
  const warnings = [...warningsAcross(checked), ...idle, ...nullSwitches(value, role), ...unknown.warnings];
  return { config, warnings, unknownKeys: unknown.keys, given: checked.given };
}

/** An error that lists the faults of a configuration. */
export function configError(source: string, faults: readonly string[]): AiocError {
  if (faults.length === 1) return new AiocError('AIOC_CONFIG', `${source}: ${faults[0]}`);
  const listed = faults.slice(0, LIMITS.configFaults).map((fault) => `\n  - ${fault}`);
  const rest = faults.length - listed.length;
  const more = rest > 0 ? `\n  … and ${rest} more` : '';
  return new AiocError('AIOC_CONFIG', `${source} has ${faults.length} faults:${listed.join('')}${more}`);
}

interface WrongKey {
  readonly spec: KeySpec;
  readonly words: readonly string[];
}

function checkKeys(entries: ReadonlyMap<string, unknown>): {
  values: Map<string, unknown>;
  wrong: WrongKey[];
} {
  const values = new Map<string, unknown>();
  const wrong: WrongKey[] = [];
  for (const [name, spec] of configKeys()) {
    if (!entries.has(name)) continue;
    const value = entries.get(name);
    const { shape, falsy } = spec;
    if (falsy !== undefined && isFalsyInPython(value)) {
      values.set(name, falsy);
      continue;
    }
    const result = shape.schema.safeParse(value);
    if (result.success) values.set(name, result.data);
    else wrong.push({ spec, words: describeFaults({ name, value, shape, issues: result.error.issues }) });
  }
  return { values, wrong };
}

function isFalsyInPython(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return !value;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** Warns about null for a switch: aioc reads it as the default, Python as false. */
function nullSwitches(value: object, role: ConfigRole): string[] {
  if (role !== 'manager') return [];
  const given = new Map<string, unknown>(Object.entries(value));
  return configKeys(role)
    .filter(([name, spec]) => spec.default === true && given.get(name) === null)
    .map(([name]) => `${name}: null means true here but false in Python; write true or false`);
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
