import type { ConfigRole } from './key-spec.ts';
import { configKeys } from './keys.ts';

/** The role that a configuration is for: `api` if it has a key that only programs have, and none that only connectors have. */
export function roleOfConfig(value: Readonly<Record<string, unknown>>): ConfigRole {
  const given = configKeys().filter(([name]) => Object.hasOwn(value, name));
  const lacks = (role: ConfigRole): boolean => given.some(([, { templates }]) => !templates.includes(role));
  return lacks('manager') && !lacks('api') ? 'api' : 'manager';
}
