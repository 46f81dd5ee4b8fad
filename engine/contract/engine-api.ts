import type { Command, CommandResult } from './commands.ts';
import type { Body, Update, View } from './views.ts';

/** Raised whenever a type of the contract changes its meaning. Both sides compare it before anything else. */
export const CONTRACT_VERSION = 2;

/** A view that is being shown. */
export interface ViewSubscription {
  /** Shows another window, filter or order in the same place. */
  change(view: View): void;
  close(): void;
}

/**
 * The only door between an engine and whatever shows it.
 *
 * `open` delivers an update at once and then at most 10 a second, only when something it shows has changed.
 */
export interface EngineApi {
  open(view: View, onUpdate: (update: Update) => void): ViewSubscription;
  query(logId: number): Promise<Body | undefined>;
  execute(command: Command): Promise<CommandResult>;
}
