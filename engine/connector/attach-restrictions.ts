import type { EngineApi } from '../contract/engine-api.ts';
import type { EngineService } from './engine-service.ts';

/** The engine for an attached screen: it can do everything except end the connector's process. */
export function restrictForAttach(engine: EngineService): EngineApi {
  return {
    open: (view, onUpdate) => engine.open(view, onUpdate),
    query: (logId) => engine.query(logId),
    execute: async (command) =>
      command.kind === 'engine.stop' ? NOT_FROM_HERE : engine.execute(command, 'an attached screen'),
  };
}

const NOT_FROM_HERE = {
  ok: false,
  code: 'AIOC_COMMAND',
  message:
    'an attached screen cannot end the connector’s process: use connector.stop to stop the connector, or "aioc cli" with shutdown to end the process',
} as const;
