import { LIMITS } from '../../base/limits.ts';
import type { Command } from '../../contract/commands.ts';
import type { EngineApi } from '../../contract/engine-api.ts';

type LocalCommand = Extract<Command, { readonly kind: 'chat.local' }>;

/** Shell commands that run in a screen's process and appear in conversations here. They end when the screen detaches. */
export class ShownCommands {
  readonly #running = new Map<string, LocalCommand>();

  note(command: Command): void {
    if (command.kind !== 'chat.local') return;
    const key = JSON.stringify([command.peer, command.row.key]);
    this.#running.delete(key);
    if (command.row.shell?.running !== true) return;
    if (this.#running.size < LIMITS.screenCommands) this.#running.set(key, command);
  }

  /** The screen has detached: marks its running commands as ended. */
  end(engine: EngineApi): void {
    for (const { row, ...command } of this.#running.values()) {
      const { lines = [], droppedLines = 0 } = row.shell ?? {};
      const shell = { running: false, signal: 'SIGHUP', lines, droppedLines };
      void engine.execute({ ...command, row: { ...row, shell } });
    }
    this.#running.clear();
  }
}
