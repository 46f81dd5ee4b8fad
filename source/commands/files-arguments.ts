import { LIMITS } from '../../engine/base/limits.ts';
import { text, unexpected, usage, type Values, where } from './send-arguments.ts';

/** `aioc files`. */
export interface FilesOptions {
  readonly connector?: string;
  readonly directories: readonly string[];
  readonly json: boolean;
  /** Default: lists. */
  readonly action?:
    | { readonly kind: 'cancel'; readonly id: string }
    | { readonly kind: 'clean'; readonly choice: { readonly id: string } | { readonly idleMs: number } };
}

const HOUR_MS = 3_600_000;

/** @throws AiocError AIOC_USAGE */
export function filesOptions([connector, id, extra]: readonly string[], values: Values): FilesOptions {
  if (extra !== undefined) throw unexpected(extra);
  const cancelled = text(values, 'cancel');
  const hours = text(values, 'older');
  const isCleaning = values['clean'] === true;
  if (cancelled !== undefined && isCleaning) throw usage('--cancel and --clean cannot be used together');
  if (hours !== undefined && !isCleaning) throw usage('--older needs --clean');
  if (hours !== undefined && !(Number(hours) >= 0))
    throw usage(`--older takes a number of hours, not "${hours}"`);
  if (id !== undefined && (!isCleaning || hours !== undefined)) throw unexpected(id);
  const common = { ...where(connector, values), json: values['json'] === true };
  if (cancelled !== undefined) return { ...common, action: { kind: 'cancel', id: cancelled } };
  if (!isCleaning) return common;
  const idleMs = hours === undefined ? LIMITS.stalePartialMs : Number(hours) * HOUR_MS;
  return { ...common, action: { kind: 'clean', choice: id === undefined ? { idleMs } : { id } } };
}
