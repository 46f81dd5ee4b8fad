import type { ConfigRole } from './key-spec.ts';
import { configKeys } from './keys.ts';

/** Who a configuration was written for: one that has only keys of programs, and one that no connector knows, is theirs. */
export function roleOfConfig(value: Readonly<Record<string, unknown>>): ConfigRole {
  const given = configKeys().filter(([name]) => Object.hasOwn(value, name));
  const lacks = (role: ConfigRole): boolean => given.some(([, { templates }]) => !templates.includes(role));
  return lacks('manager') && !lacks('api') ? 'api' : 'manager';
}
