import type { Bench } from '../case.ts';
import type { Processes } from '../processes.ts';
import type { Driven } from '../workshop.ts';

/** A program that sends and one that listens, and what lies between them, each a process of its own. */
export interface System {
  readonly sender: Driven;
  readonly receiver: Driven;
  /** In the order of a message's path. */
  readonly processes: Processes;
}

/** A system that a case measures. */
export interface Contender {
  readonly name: string;
  /** Why it cannot be had here; undefined where it can. */
  missing?(bench: Bench): string | undefined;
  start(bench: Bench): Promise<System>;
  /** Besides count and size, for the program that sends. */
  readonly manner?: Readonly<Record<string, unknown>>;
}
