import { busyEngine, emptyEngine, ITS_WORDS, samplePeer } from '../../helpers/sample-data.ts';
import { configuredStatus, MUTUAL_TLS, type Scene } from './scene.ts';

export const START_SCENES: readonly Scene[] = [
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
        phase: {
          kind: 'retrying',
          reason: 'connection refused',
          cause: 'nothing-listens',
          attempt: 3,
          retryAtMs: 0,
        },
        ownWords: ITS_WORDS,
      }),
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
    name: 'configured-server',
    engine: () => emptyEngine(MUTUAL_TLS),
  },
  { name: 'ascii', engine: busyEngine, isPlain: true },
  {
    name: 'too-small',
    engine: busyEngine,
    onlySizes: [
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
];
