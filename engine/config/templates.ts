import type { ConfigRole, KeySpec } from './key-spec.ts';
import { configKeys } from './keys.ts';

/**
 * Configurations with every key at its default, as JSON text: for a connector (`manager`) and for programs that use one
 * (`api`). Keys are in alphabetical order.
 */
export function templates(): Readonly<Record<ConfigRole, string>> {
  return { manager: template('manager'), api: template('api') };
}

function template(role: ConfigRole): string {
  const entries = configKeys(role)
    .filter(([, spec]) => spec.isHidden !== true)
    .map(([name, spec]) => [name, inTemplate(spec)]);
  return JSON.stringify(Object.fromEntries(entries), undefined, 4);
}

function inTemplate(spec: KeySpec): unknown {
  if (spec.inTemplate !== undefined) return spec.inTemplate;
  return spec.default instanceof Map ? Object.fromEntries(spec.default) : spec.default;
}
