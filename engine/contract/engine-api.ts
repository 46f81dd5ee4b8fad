import type { Command, CommandResult } from './commands.ts';
import type { PeekAnswer, PeekQuestion } from './queue-peek.ts';
import type { Body, Update, View } from './views.ts';

/** Increased whenever a type of the contract changes its meaning. Both ends compare it first. */
export const CONTRACT_VERSION = 5;

/** An open view. */
export interface ViewSubscription {
  /** Changes the window, filter or order of the view. */
  change(view: View): void;
  close(): void;
}

/**
 * The only interface between an engine and a screen.
 *
 * `open` delivers an update at once, then after changes, at most 10 a second.
 */
export interface EngineApi {
  open(view: View, onUpdate: (update: Update) => void): ViewSubscription;
  query(logId: number): Promise<Body | undefined>;
  /** Shows messages of a queue, which stay where they are. */
  peek(question: PeekQuestion): Promise<PeekAnswer>;
  execute(command: Command): Promise<CommandResult>;
}
