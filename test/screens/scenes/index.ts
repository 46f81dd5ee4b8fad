import { CHAT_SCENES } from './chat.ts';
import { DIALOGS_SCENES } from './dialogs.ts';
import { LOG_SCENES } from './log.ts';
import { PEERS_SCENES } from './peers.ts';
import { QUEUES_SCENES } from './queues.ts';
import type { Scene } from './scene.ts';
import { START_SCENES } from './start.ts';

export const SCENES: readonly Scene[] = [
  ...START_SCENES,
  ...CHAT_SCENES,
  ...PEERS_SCENES,
  ...QUEUES_SCENES,
  ...LOG_SCENES,
  ...DIALOGS_SCENES,
];
