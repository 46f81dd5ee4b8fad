import type { Binding } from '../binding.ts';
import { CHAT_KEYS } from './chat.ts';
import { GENERAL_KEYS } from './general.ts';
import { LOG_KEYS } from './log.ts';
import { PEERS_KEYS } from './peers.ts';
import { QUEUES_KEYS } from './queues.ts';
import { WRITING_KEYS } from './writing.ts';

/** The one table of keys. The dispatcher, the footer, the help, the palette and the README use it. */
export const BINDINGS: readonly Binding[] = [
  ...PEERS_KEYS,
  ...QUEUES_KEYS,
  ...LOG_KEYS,
  ...CHAT_KEYS,
  ...WRITING_KEYS,
  ...GENERAL_KEYS,
];
