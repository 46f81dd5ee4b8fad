import { busyEngine, emptyEngine, sampleJoinRequest } from '../../helpers/sample-data.ts';
import { MUTUAL_TLS, type Scene } from './scene.ts';

export const DIALOGS_SCENES: readonly Scene[] = [
  {
    name: 'join-request',
    engine: () =>
      emptyEngine({ joinRequests: [sampleJoinRequest(1), sampleJoinRequest(2, { name: 'phone' })] }),
  },
  {
    name: 'join-request-warning',
    engine: () =>
      emptyEngine({
        joinRequests: [
          sampleJoinRequest(1, {
            warning: 'another machine was admitted as "laptop" before; this one has different words',
          }),
        ],
      }),
    moreSizes: [[40, 10]],
    act: async (screen) => {
      await screen.press('pagedown');
    },
  },
  {
    name: 'help',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-1', '?');
    },
  },
  {
    name: 'quit',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('ctrl-c');
    },
  },
  {
    name: 'palette',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-1', ':');
      await screen.type('ig');
    },
  },
  {
    name: 'delete-certificate',
    engine: () => ({ ...busyEngine(), status: { ...busyEngine().status, ...MUTUAL_TLS } }),
    act: async (screen) => {
      await screen.press('alt-1', 'j', 'd');
      await screen.type('clie');
    },
  },
  {
    name: 'attached-leaving',
    engine: busyEngine,
    isAttached: true,
    act: async (screen) => {
      await screen.type('4half a line');
      await screen.press('ctrl-c');
    },
  },
];
