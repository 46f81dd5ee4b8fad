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
  /** What the values come from, as it is named in errors: a file's path, or "arguments". */
  readonly source: string;
  readonly role: ConfigRole;
  /** Keys whose values come from the program's arguments instead. */
  readonly fromArguments?: ReadonlySet<string>;
  /** No file: a program's author has written all of it. */
  readonly isAllFromProgram?: boolean;
}

export interface ParsedConfig {
  readonly config: ConnectorConfig;
  /** What will not have the effect that was asked for, each a sentence. */
  readonly warnings: readonly string[];
  /** What was given and is no key; each is named in a warning, too. */
  readonly unknownKeys: readonly string[];
  /** The keys that were set to something else than null. */
  readonly given: ReadonlySet<string>;
}

/**
 * Checks a configuration and fills in the defaults. null stands for the default of any key. What Python takes for false is
 * taken as Python takes it. A key that nobody knows is warned of; one that is probably a misspelled key about security, or
 * comes from the program's arguments, is refused. A key that says nothing about this side is never refused.
 *
 * @throws AiocError AIOC_CONFIG with every fault: the key, what it got, what it takes, and for a key that is not known
 * the nearest one
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
  // Which side it is decides what matters.
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
  const idle = wrong.flatMap(({ words }) => words).map((words) => `${words} (it has no effect here)`);
  const warnings = [...warningsAcross(checked), ...idle, ...nullSwitches(value, role), ...unknown.warnings];
  return { config, warnings, unknownKeys: unknown.keys, given: checked.given };
}

/** An error that lists what is wrong with a configuration. */
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

/** null is no word of Python's for a default, but for what is not so. */
function nullSwitches(value: object, role: ConfigRole): string[] {
  if (role !== 'manager') return [];
  const given = new Map<string, unknown>(Object.entries(value));
  return configKeys(role)
    .filter(([name, spec]) => spec.default === true && given.get(name) === null)
    .map(
      ([name]) =>
        `${name}: null stands for the default, true, and for false in Python; write which one you mean`,
    );
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
