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
 * What becomes of keys that nobody knows. Files have them for other versions and for people, so they are warned of, as
 * they have no effect. Two kinds are refused: one that is at most two letters off a key about security, which then would
 * not be what its writer believes, and one of the program's arguments, which nobody but the program's author writes.
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
      faults.push(
        `${name}: there is no such key; the nearest one is ${misspelled}, which must not be overlooked`,
      );
    else if (isFromProgram(key)) faults.push(`${name}: ${wordsFor(key, known, faults.length)}`);
    else warnings.push(`${name}: ${wordsFor(key, known, warnings.length)}`);
  }
  const inner = keysInDestinations(new Map(Object.entries(value)).get('file_recv_config'));
  warnings.push(...inner.map((key) => `${key}: there is no such key; ${DESTINATION_KEYS.join(', ')} are`));
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

/** @param listed how many stand before it: the search takes time, and nobody sees its result beyond those that are shown */
function wordsFor(key: string, known: readonly string[], listed: number): string {
  const near = listed < LIMITS.configFaults ? nearestName(key, known) : undefined;
  return `there is no such key; ${near === undefined ? '"aioc print_config_templates" lists all keys' : `the nearest one is ${near}`}`;
}

function shortened(warnings: readonly string[]): readonly string[] {
  const rest = warnings.length - LIMITS.configFaults;
  if (rest <= 0) return warnings;
  return [...warnings.slice(0, LIMITS.configFaults), `… and ${rest} more keys that there are not`];
}
