import type { PeekRow } from '../engine/contract/queue-peek.ts';
import type { ShellState } from '../engine/contract/views.ts';

/** A shell command: its last lines of output and its exit status. */
export type ShellRow = ShellState;

export interface RunningShell {
  /** Interrupts the command and everything it started. */
  cancel(): void;
}

/** A client that has just been made: see `aioc join`. */
export interface JoinedClient {
  readonly name: string;
  /** The server's address and the words of its fingerprint. */
  readonly address: string;
  readonly serverWords: string;
  readonly configFile: string;
}

/** A new file that messages are written to. */
export interface QueueExport {
  readonly path: string;
  /** @param rows with whole bodies @throws Error with the reason for the user */
  append(rows: readonly PeekRow[]): Promise<void>;
  close(): Promise<void>;
}

/** Actions on this machine that do not need the engine. */
export interface LocalActions {
  /** Where local commands run. */
  readonly workingDirectory: string;
  /** The same, with `~` for the home directory. */
  readonly shownDirectory: string;
  /**
   * Changes the working directory; `-` is the one before, undefined is home.
   *
   * @throws Error with the reason for the user
   */
  changeDirectory(to: string | undefined): Promise<void>;
  /** How this program was started, before its options: `aioc`, `npm start --` or `npx aioc`. */
  readonly startCommand: string;
  /** Runs a line in the user's shell. `onUpdate` comes at most 10 times a second, and once more at the end. */
  runShell(line: string, onUpdate: (row: ShellRow) => void): RunningShell;
  /** Paths that begin with `prefix` and may replace it; directories end with a slash. Never rejects. */
  completePath(prefix: string): Promise<readonly string[]>;
  /** The absolute path that the user means by `path` (relative to the working directory; `~` is home). */
  resolvePath(path: string): string;
  /** True if there is something at this path, which is resolved first. Never rejects. */
  exists(path: string): Promise<boolean>;
  /** Earlier lines of the chat, oldest first. Never rejects. */
  loadHistory(): Promise<readonly string[]>;
  saveHistory(line: string): void;
  /** What the screen remembers between runs; undefined when there is nothing. Never rejects. */
  loadPreferences(): Promise<unknown>;
  savePreferences(preferences: unknown): void;
  /**
   * Writes a new text file, only for this user, into the working directory.
   *
   * @returns its path
   * @throws Error with the reason for the user
   */
  saveText(text: string, what: 'screen' | 'text'): Promise<string>;
  /**
   * Creates a file for messages of a queue in the working directory, only for this user: one line of JSON each.
   *
   * @throws Error with the reason for the user
   */
  createExport(queue: string): Promise<QueueExport>;
  /**
   * Joins a server with the code of an invitation, in a new directory of the working directory. The code is a secret: it
   * is neither logged nor stored.
   *
   * @throws Error with the reason for the user
   */
  joinServer(code: string): Promise<JoinedClient>;
}
