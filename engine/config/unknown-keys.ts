import { LIMITS } from '../base/limits.ts';
import { printable } from './faults.ts';
import { configKeys, SECURITY_KEYS } from './keys.ts';
import { nameTwoLettersOff, nearestName } from './nearest-key.ts';
import { isOlderName } from './older-names.ts';
import { DESTINATION_KEYS } from './shapes.ts';

export interface UnknownKeys {
  readonly keys: readonly string[];
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Sorts unknown keys into warnings and faults. Most are warnings, since files contain keys for other versions and
 * comments for people. Two kinds are faults: a key that differs from a security key by at most two letters, and a key
 * among the program's arguments.
 */
export function judgeUnknownKeys(value: object, isFromProgram: (name: string) => boolean): UnknownKeys {
  const given = Object.keys(value);
  const known: readonly string[] = configKeys().map(([name]) => name);
  const isKnown = new Set(known);
  const keys = given.filter((name) => !isKnown.has(name) && !isOlderName(name));
  const faults: string[] = [];
  const warnings: string[] = [];
  for (const key of keys) {
    const misspelled = nameTwoLettersOff(key, SECURITY_KEYS);
    const name = plain(key);
    if (misspelled !== undefined)
      faults.push(`${name}: unknown key; did you mean ${misspelled}? aioc refuses misspelled security keys`);
    else if (isFromProgram(key)) faults.push(`${name}: ${wordsFor(key, known, faults.length)}`);
    else warnings.push(`${name}: ${wordsFor(key, known, warnings.length)}`);
  }
  const inner = keysInDestinations(new Map(Object.entries(value)).get('file_recv_config'));
  warnings.push(...inner.map((key) => `${key}: unknown key; the keys are ${DESTINATION_KEYS.join(', ')}`));
  return { keys: [...keys, ...inner], faults, warnings: shortened(warnings) };
}

function keysInDestinations(table: unknown): string[] {
  return entriesOf(table).flatMap(([type, destination]) =>
    entriesOf(destination)
      .filter(([name]) => !DESTINATION_KEYS.includes(name))
      .map(([name]) => `file_recv_config.${plain(type)}.${plain(name)}`),
  );
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function plain(name: string): string {
  return /^\w+$/.test(name) && name.length < 80 ? name : printable(name);
}

/** @param listed how many are listed before it; beyond those that are shown, the search for the nearest key is skipped */
function wordsFor(key: string, known: readonly string[], listed: number): string {
  const near = listed < LIMITS.configFaults ? nearestName(key, known) : undefined;
  return `unknown key; ${near === undefined ? '"aioc print_config_templates" lists all keys' : `did you mean ${near}?`}`;
}

function shortened(warnings: readonly string[]): readonly string[] {
  const rest = warnings.length - LIMITS.configFaults;
  if (rest <= 0) return warnings;
  return [...warnings.slice(0, LIMITS.configFaults), `… and ${rest} more unknown keys`];
}
