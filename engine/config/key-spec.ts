import type { Shape } from './shapes.ts';

/** The reader of a configuration: a connector (`manager`), or a program that uses a connector (`api`). */
export type ConfigRole = 'manager' | 'api';

/**
 * - `works`: supported.
 * - `later`: not supported yet. Ignoring it is harmless; a value other than the default causes a warning.
 * - `refused`: not supported yet. Ignoring it would lose messages or weaken security, so aioc refuses to start.
 */
type KeyState = 'works' | 'later' | 'refused';

/** The description of a key. `Value` is the type of its parsed value. */
export interface KeySpec<Value = unknown, Default = unknown> {
  readonly shape: Shape<Value>;
  /** The value when the key is absent or null. */
  readonly default: Default;
  /** Another key, whose value is the default of this one if it is set. */
  readonly follows?: string;
  /** The templates that contain it. */
  readonly templates: readonly ConfigRole[];
  /** The default as Python's templates write it, if that differs. */
  readonly inTemplate?: unknown;
  /** In no template, since a file cannot contain its value. */
  readonly isHidden?: true;
  /** The meaning of 0, false, "", [] and {} for keys whose truth value Python tests. If absent, they are ordinary values. */
  readonly falsy?: Value | null;
  /** Set if the key affects only servers or only clients. */
  readonly side?: 'server' | 'client';
  /** A boolean key that must be on for this one to have an effect. */
  readonly onlyWith?: string;
  readonly state: KeyState;
  /** For a refused key: the consequence of ignoring it. If absent: weaker security. */
  readonly without?: string;
  /** What aioc does instead. */
  readonly instead?: string;
  /** Documentation, in one to three short sentences. */
  readonly help: string;
}

/** The type of a key's value in `ConnectorConfig`: null only if null is the default. */
export type ValueOf<Spec> =
  Spec extends KeySpec<infer Value, infer Default> ? Value | Extract<Default, null> : never;

/** Declares a key; the compiler checks that its default has the type of its shape. */
export function defineKey<Value, const Default extends Value | null>(
  spec: KeySpec<Value, Default>,
): KeySpec<Value, Default> {
  return spec;
}
