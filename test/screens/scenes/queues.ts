import { busyEngine } from '../../helpers/sample-data.ts';
import type { Scene } from './scene.ts';

export const QUEUES_SCENES: readonly Scene[] = [
  {
    name: 'why',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-2', 'w');
    },
  },
];
