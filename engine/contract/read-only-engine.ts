import type { EngineApi } from './engine-api.ts';

/**
 * The engine for a read-only screen: its views and log entries, and no command. Every command is refused with
 * AIOC_READ_ONLY, whatever it is, so that a new kind of command is refused too.
 */
export function readOnlyEngine(engine: EngineApi): EngineApi {
  return {
    open: (view, onUpdate) =>
      engine.open(view, (update) =>
        onUpdate(
          update.pane === 'status' ? { ...update, status: { ...update.status, isReadOnly: true } } : update,
        ),
      ),
    query: (logId) => engine.query(logId),
    peek: (question) => engine.peek(question),
    execute: async () => REFUSED,
  };
}

const REFUSED = {
  ok: false,
  code: 'AIOC_READ_ONLY',
  message: 'this screen is read-only: open it without --read-only to change something',
} as const;
