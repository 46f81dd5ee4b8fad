import type { ConfigRole, KeySpec, ValueOf } from './key-spec.ts';
import { CONNECTION_KEYS } from './keys-connection.ts';
import { DIRECTORY_KEYS } from './keys-directories.ts';
import { HOOK_KEYS } from './keys-hooks.ts';
import { STORAGE_KEYS } from './keys-storage.ts';
import { TRUST_KEYS } from './keys-trust.ts';

/** Every key that a configuration may have: those of the first aioconnectors, of 1.6.3, and of aioc. */
export const CONFIG_KEYS = {
  ...CONNECTION_KEYS,
  ...TRUST_KEYS,
  ...DIRECTORY_KEYS,
  ...STORAGE_KEYS,
  ...HOOK_KEYS,
};

export type ConfigKey = keyof typeof CONFIG_KEYS;

/** The keys that say who may do what: to overlook one of them would leave something open. */
export const SECURITY_KEYS: readonly ConfigKey[] = [
  ...(Object.keys({ ...TRUST_KEYS, ...HOOK_KEYS }) as ConfigKey[]),
  'everybody_can_send_messages',
  'receive_from_any_connector_owner',
];

/** A configuration in which each key has a checked value: what was set, or the default. Paths are absolute. */
export type ConnectorConfig = { readonly [Key in ConfigKey]: ValueOf<(typeof CONFIG_KEYS)[Key]> };

/** The table, in alphabetical order. */
export function configKeys(role?: ConfigRole): readonly (readonly [ConfigKey, KeySpec])[] {
  const all = Object.entries(CONFIG_KEYS) as [ConfigKey, KeySpec][];
  return all
    .filter(([, spec]) => role === undefined || spec.templates.includes(role))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
