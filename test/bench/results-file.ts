import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CaseResult } from './case.ts';

/** A case as it was measured last. */
export interface Measured extends CaseResult {
  readonly about: string;
  readonly notes: readonly string[];
  readonly at: string;
  readonly commit: string;
  readonly machine: string;
  readonly rounds: number;
  readonly seconds: number;
}

export type Results = Readonly<Record<string, Measured>>;

/** All cases that have been measured so far, by their names. */
export function readResults(path: string): Results {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : {};
}

/** Takes the place of what the case had before; the others stay. */
export function keepResult(path: string, name: string, measured: Measured): void {
  writeFileSync(path, `${JSON.stringify({ ...readResults(path), [name]: measured }, null, 1)}\n`);
}
