import { busyEngine } from '../../helpers/sample-data.ts';
import type { Scene } from './scene.ts';

export const PEERS_SCENES: readonly Scene[] = [
  {
    name: 'busy-peers',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-1', 'j');
    },
  },
  {
    name: 'zoomed-peers',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-1', 'z');
    },
  },
  {
    name: 'who',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-1', 'v');
    },
  },
  {
    name: 'who-python',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-1', 'j', 'v');
    },
  },
];
