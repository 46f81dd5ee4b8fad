import { busyEngine, emptyEngine, sampleShellRows } from '../../helpers/sample-data.ts';
import type { Scene } from './scene.ts';

export const CHAT_SCENES: readonly Scene[] = [
  {
    name: 'nobody-shell',
    engine: () => ({ ...emptyEngine(), chats: { '': sampleShellRows() } }),
    act: async (screen) => {
      await screen.press('4');
    },
  },
  {
    name: 'busy',
    engine: busyEngine,
    act: async (screen) => {
      await screen.type('4!zimport site.zip');
    },
  },
];
