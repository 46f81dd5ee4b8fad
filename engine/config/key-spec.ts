import type { Shape } from './shapes.ts';

/** Who reads a file: the connector itself (`manager`), or a program that talks through one (`api`). */
export type ConfigRole = 'manager' | 'api';

/**
 * - `works`: it has its effect.
 * - `later`: not in this version, and nothing is lost or open without it; named in a warning when it is set away from its
 *   default.
 * - `refused`: not in this version, and to start without it would lose messages or be less safe; no start when it is set.
 */
type KeyState = 'works' | 'later' | 'refused';

/** A key as it is written in the table; `Value` is what its shape gives, `Default` is one of these or null. */
export interface KeySpec<Value = unknown, Default = unknown> {
  readonly shape: Shape<Value>;
  /** What holds when the key is absent or null. */
  readonly default: Default;
  /** The key whose value is the default of this one, when that key is set. */
  readonly follows?: string;
  /** The templates that it stands in. */
  readonly templates: readonly ConfigRole[];
  /** How the default is written in a template, where JSON has no other way to say it than Python's. */
  readonly inTemplate?: unknown;
  /** Stands in no template, since no file can hold what it takes. */
  readonly isHidden?: true;
  /**
   * What 0, false, "", [] and {} stand for, where Python asks for the truth of a value and not for its type. Absent, they
   * are values like others.
   */
  readonly falsy?: Value | null;
  /** The only side on which it has an effect. */
  readonly side?: 'server' | 'client';
  /** A switch without which it has no effect. */
  readonly onlyWith?: string;
  readonly state: KeyState;
  /** Of a refused key, what would become of a connector that is started without it; absent, it would be less safe. */
  readonly without?: string;
  /** What aioc does instead of what the key asks for. */
  readonly instead?: string;
  /** One sentence for the documentation. */
  readonly help: string;
}

/** What the typed configuration holds for a key: null only where null is the default. */
export type ValueOf<Spec> =
  Spec extends KeySpec<infer Value, infer Default> ? Value | Extract<Default, null> : never;

/** Writes a key into the table, and checks that its default is of its shape. */
export function defineKey<Value, const Default extends Value | null>(
  spec: KeySpec<Value, Default>,
): KeySpec<Value, Default> {
  return spec;
}
