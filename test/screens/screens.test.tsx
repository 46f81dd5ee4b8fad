import { test } from 'node:test';
import type { Status } from '../../engine/contract/views.ts';
import type { FakeEngineData } from '../helpers/fake-engine.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { assertGolden } from '../helpers/golden.ts';
import {
  busyEngine,
  emptyEngine,
  ITS_WORDS,
  sampleJoinRequest,
  samplePeer,
  sampleShellRows,
} from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const SIZES = [
  [120, 40],
  [80, 24],
  [40, 12],
] as const;

interface Scene {
  readonly name: string;
  readonly engine: () => FakeEngineData;
  readonly act?: (screen: TestScreen) => Promise<void>;
  /** A terminal with neither colours nor Unicode. */
  readonly isPlain?: true;
  /** To a connector in another process. */
  readonly isAttached?: true;
  /** By default all three. */
  readonly sizes?: readonly (readonly [columns: number, rows: number])[];
}

const MUTUAL_TLS = { configured: true, canDeleteCertificates: true, security: 'mutual-tls' } as const;

const configuredStatus = (): Status => emptyEngine({ ...MUTUAL_TLS, peersConnected: 2 }).status;

const SCENES: readonly Scene[] = [
  { name: 'first-run-server', engine: () => emptyEngine() },
  {
    name: 'client-waiting',
    engine: () => ({
      ...emptyEngine({
        role: 'client',
        address: '192.168.1.20:10673',
        phase: { kind: 'waiting-to-be-let-in' },
      }),
      peers: [
        samplePeer('192.168.1.20', { state: 'waiting', kind: 'unknown', address: '192.168.1.20:10673' }),
      ],
    }),
  },
  {
    name: 'client-retrying',
    engine: () =>
      emptyEngine({
        role: 'client',
        address: '192.168.1.20:10673',
        phase: { kind: 'retrying', reason: 'connection refused', retryAtMs: 0 },
        ownWords: ITS_WORDS,
      }),
  },
  {
    name: 'join-request',
    engine: () =>
      emptyEngine({ joinRequests: [sampleJoinRequest(1), sampleJoinRequest(2, { name: 'phone' })] }),
  },
  {
    name: 'server-failed',
    engine: () =>
      emptyEngine({
        phase: {
          kind: 'failed',
          code: 'AIOC_PORT_TAKEN',
          reason:
            'port 10673 is taken by aioc “server”, process 4711, started at 11:48: quit that one, or choose another with --port',
        },
      }),
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
    sizes: [
      [80, 24],
      [40, 10],
    ],
    act: async (screen) => {
      await screen.press('pagedown');
    },
  },
  {
    name: 'nobody-shell',
    engine: () => ({ ...emptyEngine(), chats: { '': sampleShellRows() } }),
    sizes: [
      [120, 40],
      [40, 12],
    ],
    act: async (screen) => {
      await screen.press('4');
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
    sizes: [[80, 24]],
    act: async (screen) => {
      await screen.press('alt-1', 'j', 'v');
    },
  },
  {
    name: 'log',
    engine: busyEngine,
    sizes: [
      [80, 24],
      [40, 12],
    ],
    act: async (screen) => {
      await screen.press('alt-3');
    },
  },
  {
    name: 'busy',
    engine: busyEngine,
    act: async (screen) => {
      await screen.type('4!zimport site.zip');
    },
  },
  {
    name: 'busy-peers',
    engine: busyEngine,
    act: async (screen) => {
      await screen.press('alt-1', 'j');
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
    name: 'zoomed-peers',
    engine: busyEngine,
    sizes: [[120, 40]],
    act: async (screen) => {
      await screen.press('alt-1', 'z');
    },
  },
  {
    name: 'zoomed-log',
    engine: busyEngine,
    sizes: [[120, 40]],
    act: async (screen) => {
      await screen.press('alt-3', 'z', '/');
      await screen.type('o');
    },
  },
  {
    name: 'why',
    engine: busyEngine,
    sizes: [[80, 24]],
    act: async (screen) => {
      await screen.press('alt-2', 'w');
    },
  },
  {
    name: 'palette',
    engine: busyEngine,
    sizes: [[80, 24]],
    act: async (screen) => {
      await screen.press('alt-1', ':');
      await screen.type('ig');
    },
  },
  {
    name: 'configured-server',
    engine: () => emptyEngine(MUTUAL_TLS),
    sizes: [
      [120, 40],
      [80, 24],
    ],
  },
  {
    name: 'delete-certificate',
    engine: () => ({ ...busyEngine(), status: { ...busyEngine().status, ...MUTUAL_TLS } }),
    sizes: [[80, 24]],
    act: async (screen) => {
      await screen.press('alt-1', 'j', 'd');
      await screen.type('clie');
    },
  },
  { name: 'ascii', engine: busyEngine, isPlain: true, sizes: [[80, 24]] },
  {
    name: 'too-small',
    engine: busyEngine,
    sizes: [
      [39, 12],
      [10, 3],
    ],
  },
  {
    name: 'attached',
    engine: () => ({ ...busyEngine(), ...{ status: configuredStatus() } }),
    isAttached: true,
    act: (screen) => screen.press('alt-1'),
  },
  {
    name: 'attached-away',
    engine: () => ({ ...busyEngine(), ...{ status: configuredStatus() } }),
    isAttached: true,
    act: (screen) => screen.press('alt-1').then(() => screen.lose()),
  },
  {
    name: 'attached-leaving',
    engine: busyEngine,
    isAttached: true,
    sizes: [[80, 24]],
    act: async (screen) => {
      await screen.type('4half a line');
      await screen.press('ctrl-c');
    },
  },
];

for (const { name, engine, act, isPlain, isAttached, sizes } of SCENES) {
  for (const [columns, rows] of sizes ?? SIZES) {
    test(`${name} at ${columns}x${rows} looks as it should`, async (t) => {
      const appearance = { colour: isPlain !== true, unicode: isPlain !== true };
      const screen = await openScreen({
        engine: new FakeEngine(engine()),
        columns,
        rows,
        appearance,
        ...(isAttached && { attached: 'here' }),
      });
      t.after(() => screen.close());
      await act?.(screen);
      assertGolden(screen.rows(), { from: import.meta.url, name: `${name}-${columns}x${rows}` });
    });
  }
}
