import type { ShellState } from '../engine/contract/views.ts';

/** A shell command: its last lines of output and its exit status. */
export type ShellRow = ShellState;

export interface RunningShell {
  /** Interrupts the command and everything it started. */
  cancel(): void;
}

/** Actions of the chat on this machine that do not need the engine. */
export interface LocalActions {
  readonly workingDirectory: string;
  /** Runs a line in the user's shell. `onUpdate` comes at most 10 times a second, and once more at the end. */
  runShell(line: string, onUpdate: (row: ShellRow) => void): RunningShell;
  /** Paths that begin with `prefix` and may replace it; directories end with a slash. Never rejects. */
  completePath(prefix: string): Promise<readonly string[]>;
  /** The absolute path that the user means by `path` (relative to the working directory; `~` is home). */
  resolvePath(path: string): string;
  /** Earlier lines of the chat, oldest first. Never rejects. */
  loadHistory(): Promise<readonly string[]>;
  saveHistory(line: string): void;
}
