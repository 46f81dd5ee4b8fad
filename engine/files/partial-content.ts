import type { PlacingAttempt, WhenTaken } from './free-name.ts';
import type { NotPlaced } from './transfer-target.ts';

export interface HowToPlace {
  readonly name: string;
  readonly taken: WhenTaken;
  /** Called before each attempt with a name that was free. */
  readonly onAttempt: (attempt: PlacingAttempt) => Promise<void>;
}

/** The content of a target under a hidden name, a file or a tree. Errors are the system's, or an AiocError. */
export interface PartialContent {
  /** Of the stream. */
  readonly doneBytes: number;
  /** How many files and directories it has. */
  readonly files: number;
  /** Of a tree that is complete. */
  readonly leftOut: NotPlaced | undefined;
  existing(): AsyncIterable<Buffer>;
  truncate(atBytes: number): Promise<void>;
  write(bytes: Buffer): Promise<void>;
  skip(zeroBytes: number): Promise<void>;
  /** Complete and synced. */
  finish(): Promise<void>;
  close(): Promise<void>;
  /** Gives it a name, and returns which. */
  place(how: HowToPlace): Promise<string>;
  /** Whether an attempt of an earlier run succeeded; brings one to its end that was interrupted. */
  isPlacedAs(name: string, isClaimed: boolean): Promise<boolean>;
  /** Does what is left to do in its place. Can be repeated. */
  afterPlacing(name: string): Promise<void>;
  /** Closes and deletes it. */
  discard(): Promise<void>;
}
