import type { ConfigRole, KeySpec, ValueOf } from './key-spec.ts';
import { CONNECTION_KEYS } from './keys-connection.ts';
import { DIRECTORY_KEYS } from './keys-directories.ts';
import { HOOK_KEYS } from './keys-hooks.ts';
import { STORAGE_KEYS } from './keys-storage.ts';
import { TRUST_KEYS } from './keys-trust.ts';

/** Every configuration key: those of Python's aioconnectors, from its first version to 1.6.3, and those of aioc. */
export const CONFIG_KEYS = {
  ...CONNECTION_KEYS,
  ...TRUST_KEYS,
  ...DIRECTORY_KEYS,
  ...STORAGE_KEYS,
  ...HOOK_KEYS,
};

export type ConfigKey = keyof typeof CONFIG_KEYS;

/** Keys that restrict access: ignoring one of them would weaken security. */
export const SECURITY_KEYS: readonly ConfigKey[] = [
  ...(Object.keys({ ...TRUST_KEYS, ...HOOK_KEYS }) as ConfigKey[]),
  'everybody_can_send_messages',
  'receive_from_any_connector_owner',
];

/** A checked configuration: each key has the value that was set, or its default. Paths are absolute. */
export type ConnectorConfig = { readonly [Key in ConfigKey]: ValueOf<(typeof CONFIG_KEYS)[Key]> };

/** The keys in alphabetical order; with `role`, only those of its template. */
export function configKeys(role?: ConfigRole): readonly (readonly [ConfigKey, KeySpec])[] {
  const all = Object.entries(CONFIG_KEYS) as [ConfigKey, KeySpec][];
  return all
    .filter(([, spec]) => role === undefined || spec.templates.includes(role))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
