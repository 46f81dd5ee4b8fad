import type { Command, CommandValue } from '../../engine/contract/commands.ts';
import type { EngineApi } from '../../engine/contract/engine-api.ts';
import type { Host } from '../host.ts';
import type { KeyContext } from '../keys/key-context.ts';
import type { LocalActions } from '../local-actions.ts';
import type { EngineData } from '../state/safe-rows.ts';
import type { UiAction } from '../state/ui-reducer.ts';
import type { Toast, UiState } from '../state/ui-state.ts';
import type { SafeText } from '../terminal/sanitize.ts';
import type { Prompt } from '../widgets/prompt.ts';
import type { Countdown, PendingAction } from './countdown.ts';

/** What the key handlers share. They read the state for each key and never keep it: one read may hold many keys. */
export interface UiContext {
  readonly engine: EngineApi;
  readonly local: LocalActions;
  readonly host: Host;
  /** The one-line input of a filter or a dialog. */
  readonly prompt: Prompt;
  ui(): UiState;
  data(): EngineData;
  context(): KeyContext;
  change(action: UiAction): void;
  /** `isStale`: the toast goes when this says so of newer data. */
  toast(tone: Toast['tone'], text: SafeText, isStale?: (data: EngineData) => boolean): void;
  /** Executes after five seconds in which the user can take it back. */
  later(action: PendingAction): void;
  readonly countdown: Pick<Countdown, 'cancel' | 'now'>;
  /** Sends a command; a failure becomes a toast unless `onFail` handles it. */
  execute(command: Command, reactions?: Reactions): void;
  /** Quits or detaches, after a question when something would be lost. */
  quit(): void;
}

export interface Reactions {
  readonly onOk?: (value: CommandValue) => void;
  readonly onFail?: (message: SafeText) => void;
}
