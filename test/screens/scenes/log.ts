import { busyEngine } from '../../helpers/sample-data.ts';
import type { Scene } from './scene.ts';

export const LOG_SCENES: readonly Scene[] = [
  {
    name: 'log',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-3');
    },
  },
  {
    name: 'zoomed-log',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-3', 'z', '/');
      await screen.type('o');
    },
  },
];
