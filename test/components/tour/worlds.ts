import { FakeEngine, type FakeEngineData } from '../../helpers/fake-engine.ts';
import { FakeLocal } from '../../helpers/fake-local.ts';
import {
  busyEngine,
  emptyEngine,
  NOW_MS,
  sampleChat,
  sampleJoinRequest,
  samplePeer,
} from '../../helpers/sample-data.ts';

const MUTUAL = {
  configured: true,
  canDeleteCertificates: true,
  security: 'mutual-tls',
  logLastId: 8,
} as const;
const RETRYING = {
  kind: 'retrying',
  reason: 'refused',
  cause: 'nothing-listens',
  attempt: 2,
  retryAtMs: 0,
} as const;
const LONG_BODY = Array.from({ length: 90 }, (_, at) => `row ${at + 1}.`);

/** Where the stops of the tour are: each a connector in a state of its own. */
export type World = 'server' | 'nobody' | 'asked' | 'client' | 'stopped';

interface Place {
  readonly engine: FakeEngine;
  readonly local: FakeLocal;
}

export const WORLDS: Readonly<Record<World, () => Place>> = {
  /** A configured server in the middle of its day. */
  server: () => {
    const data = busyEngine();
    data.status = { ...data.status, ...MUTUAL };
    data.chats['client1']?.push(sampleChat(8, { from: 'me', text: 'not arrived', mark: 'failed' }));
    data.log.push({ ...(data.log[0] as (typeof data.log)[0]), id: 9, text: 'long' });
    const long = { headerLines: [], text: LONG_BODY.join('\n'), base64: '', omittedBytes: 0, binaryBytes: 0 };
    data.bodies[9] = { id: 9, ...long };
    return placed(data);
  },
  /** Somebody who waits for the first peer. */
  nobody: () => placed(emptyEngine()),
  asked: () =>
    placed({
      ...emptyEngine({ joinRequests: [sampleJoinRequest(7)] }),
      peers: [samplePeer('client1'), samplePeer('client2')],
    }),
  client: () => placed(emptyEngine({ role: 'client', phase: RETRYING })),
  stopped: () => placed(emptyEngine({ ...MUTUAL, phase: { kind: 'stopped' } })),
};

function placed(data: FakeEngineData): Place {
  const engine = new FakeEngine(data);
  engine.peeks.set('q1', {
    ...{ depth: 1, end: 'e', hasMore: false },
    rows: [{ place: '1', atMs: NOW_MS, sizeBytes: 4, text: 'peeked at', isSent: false }],
  });
  engine.answers.set('client.invite', { ok: true, value: 'aioc1code' });
  engine.answers.set('files.list', { ok: true, value: ['photo.jpg'] });
  const local = new FakeLocal();
  local.history = ['one', 'two'];
  local.paths = ['a1/', 'a2/', 'a3/'];
  local.invitations.set('aioc1code', {
    ...{
      name: 'bob',
      address: 'server.example:1',
      serverWords: 'crane-otter',
      configFile: '/home/ann/bob.json',
    },
  });
  return { engine, local };
}
