import type { EngineDoor } from '../contract/door.ts';
import type { ConnectorDoor } from './connector-door.ts';

/** The door as it is for a screen in another process: with it everything can be done but to end the connector's own. */
export function doorForAttached(door: ConnectorDoor): EngineDoor {
  return {
    open: (view, onUpdate) => door.open(view, onUpdate),
    query: (logId) => door.query(logId),
    execute: async (command) =>
      command.kind === 'engine.stop' ? NOT_FROM_HERE : door.execute(command, 'an attached screen'),
  };
}

const NOT_FROM_HERE = {
  ok: false,
  code: 'AIOC_COMMAND',
  message:
    'a screen that is attached cannot end the connector’s program: "connector.stop" stops the connector, "aioc cli" ends it with shutdown',
} as const;
