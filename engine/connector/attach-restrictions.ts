import type { EngineApi } from '../contract/engine-api.ts';
import type { EngineService } from './engine-service.ts';

/** The door as it is for a screen in another process: with it everything can be done but to end the connector's own. */
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
    'a screen that is attached cannot end the connector’s program: "connector.stop" stops the connector, "aioc cli" ends it with shutdown',
} as const;
