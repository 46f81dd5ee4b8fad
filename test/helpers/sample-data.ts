import type {
  Blocked,
  ChatRow,
  JoinRequest,
  LogRow,
  PeerRow,
  QueueRow,
  Status,
} from '../../engine/contract/views.ts';
import type { FakeEngineData } from './fake-engine.ts';

const MINUTE_MS = 60_000;
/** Fingerprints as long as they get: eight words of seven letters. */
export const OWN_WORDS = 'jukebox-library-thistle-volcano-blossom-blanket-gazelle-pumpkin';
export const ITS_WORDS = 'octopus-unicorn-crystal-spinach-bicycle-giraffe-lantern-saffron';
/** 2026-11-23 14:02:10 UTC. */
export const NOW_MS = Date.UTC(2026, 10, 23, 14, 2, 10);

const AWAY: Blocked = {
  code: 'away',
  text: 'client3 is away since 13:58',
  remedy: { text: 'start the connector of client3' },
};

function sampleStatus(changes: Partial<Status> = {}): Status {
  return {
    role: 'server',
    address: '0.0.0.0:10673',
    port: 10_673,
    ownAddresses: ['192.168.1.20', '10.8.0.3'],
    security: 'tls-allow-all',
    configured: false,
    isReadOnly: false,
    canDeleteCertificates: false,
    asksForCertificate: false,
    ownName: 'server',
    ownWords: OWN_WORDS,
    startedAtMs: NOW_MS - 134 * MINUTE_MS,
    phase: { kind: 'listening' },
    inRate: 0,
    outRate: 0,
    waitingCount: 0,
    waitingInCount: 0,
    stuckCount: 0,
    storedCount: 0,
    waitingBytes: 0,
    receivedDirectory: '/home/ann/aioc-received',
    acceptsAll: false,
    ignoringAll: false,
    ignoredDrops: 0,
    joinRequests: [],
    transfersInFlight: 0,
    filesRunning: 0,
    filesWaiting: 0,
    peersConnected: 0,
    unreadTotal: 0,
    logLastId: 0,
    ...changes,
  };
}

export function samplePeer(id: string, changes: Partial<PeerRow> = {}): PeerRow {
  return {
    id,
    name: id,
    wireName: id,
    address: '10.0.0.7',
    state: 'connected',
    sinceMs: NOW_MS - 5 * MINUTE_MS,
    kind: 'aioc',
    words: ITS_WORDS,
    lagMs: 2,
    rateHistory: [0, 0, 0, 0, 0, 0, 0, 0],
    rate: 0,
    inRate: 0,
    outRate: 0,
    ignored: false,
    ignoredIn: 0,
    ignoredOut: 0,
    waitingCount: 0,
    unread: 0,
    ...changes,
  };
}

/** Python's clients show no certificate. */
function samplePythonPeer(id: string, changes: Partial<PeerRow> = {}): PeerRow {
  const { words: _none, ...row } = samplePeer(id, { kind: 'python', wireName: 'chat_client', ...changes });
  return row;
}

export function sampleJoinRequest(id: number, changes: Partial<JoinRequest> = {}): JoinRequest {
  return {
    id,
    name: 'laptop',
    address: '10.0.0.9',
    words: ITS_WORDS,
    askedAtMs: NOW_MS - 5_000,
    expiresAtMs: NOW_MS + 55_000,
    ...changes,
  };
}

export function sampleQueue(id: string, changes: Partial<QueueRow> = {}): QueueRow {
  return {
    id,
    direction: 'out',
    peer: 'client1',
    peerName: 'client1',
    type: 'any',
    depth: 0,
    bytes: 0,
    inRate: 0,
    outRate: 0,
    rateHistory: [0, 0, 0, 0, 0, 0, 0, 0],
    ...changes,
  };
}

export function sampleLog(id: number, changes: Partial<LogRow> = {}): LogRow {
  return {
    id,
    atMs: NOW_MS - 60_000 + id * 1000,
    kind: 'message',
    direction: 'in',
    peerName: 'client1',
    type: 'any',
    sizeBytes: 40,
    outcome: 'stored',
    text: `message ${id}`,
    hasBody: true,
    ...changes,
  };
}

export function sampleChat(id: number, changes: Partial<ChatRow> = {}): ChatRow {
  return { id, atMs: NOW_MS - MINUTE_MS, from: 'peer', author: 'client1', text: `line ${id}`, ...changes };
}

export function emptyEngine(status: Partial<Status> = {}): FakeEngineData {
  return { status: sampleStatus(status), peers: [], queues: [], log: [], chats: {}, bodies: {} };
}

/** A server in the middle of its day. */
export function busyEngine(): FakeEngineData {
  return {
    status: sampleStatus({
      inRate: 3400,
      outRate: 1200,
      waitingCount: 12_483,
      stuckCount: 1,
      peersConnected: 3,
      unreadTotal: 2,
      transfersInFlight: 1,
    }),
    peers: [
      samplePeer('client1', { rateHistory: [1, 2, 4, 9, 7, 12, 9, 5], rate: 1100, unread: 2 }),
      samplePythonPeer('client2', {
        address: '10.0.0.8',
        rateHistory: [0, 0, 1, 0, 0, 2, 0, 0],
        rate: 12,
        lagMs: 3,
      }),
      samplePeer('client3', { state: 'away', sinceMs: NOW_MS - 4 * MINUTE_MS, waitingCount: 12_480 }),
      samplePeer('client4', { ignored: true, ignoredIn: 1200, ignoredOut: 4 }),
      samplePeer('printer-in-the-hall', {
        address: 'fe80::1ff:fe23:4567:890a',
        state: 'refused',
        reason: 'its user said no',
      }),
    ],
    queues: [
      sampleQueue('q1', {
        peer: 'client3',
        peerName: 'client3',
        type: 'events',
        depth: 12_480,
        bytes: 2_100_000,
        oldestAtMs: NOW_MS - 4 * MINUTE_MS,
        inRate: 120,
        blocked: AWAY,
      }),
      sampleQueue('q2', {
        depth: 3,
        bytes: 420,
        oldestAtMs: NOW_MS - 12,
        inRate: 1100,
        outRate: 1100,
        rateHistory: [900, 1000, 1200, 1100, 1150, 1000, 1100, 1100],
        ackLagMs: 12,
        credit: { unackedBytes: 140, maxBytes: 1_000_000 },
        drainSeconds: 0.2,
      }),
      {
        id: 'q3',
        direction: 'in',
        peerName: 'inbox',
        type: 'type1',
        depth: 0,
        bytes: 0,
        inRate: 340,
        outRate: 340,
        rateHistory: [340, 340, 340, 340, 340, 340, 340, 340],
      },
    ],
    log: busyLog(),
    chats: { client1: busyChat() },
    bodies: {
      1: {
        id: 1,
        headerLines: ['source_id: client1', 'type: any'],
        text: '{"temp": 21.4}',
        base64: 'eyJ0ZW1wIjogMjEuNH0=',
        omittedBytes: 0,
        binaryBytes: 0,
      },
    },
  };
}

function busyLog(): LogRow[] {
  return [
    sampleLog(1, { text: '{"temp": 21.4}', sizeBytes: 88_213 }),
    sampleLog(2, {
      direction: 'out',
      peerName: 'client3',
      type: 'events',
      outcome: 'queued',
      text: '{"door": "open"}',
      sizeBytes: 480,
    }),
    sampleLog(3, { peerName: 'client4', outcome: 'dropped', text: 'hello?' }),
    sampleLog(4, {
      kind: 'event',
      outcome: 'info',
      peerName: '',
      type: '',
      text: '10.0.0.9 asks to connect',
      hasBody: false,
      direction: undefined as never,
    }),
    sampleLog(5, {
      kind: 'file',
      direction: 'out',
      text: 'site.zip',
      sizeBytes: 148_000_000,
      outcome: 'sent',
    }),
    sampleLog(6, { direction: 'out', outcome: 'peer has it', text: 'sending it now' }),
    sampleLog(7, { kind: 'file', outcome: 'failed', text: 'big.iso: the disk is full', peerName: 'client2' }),
    sampleLog(8, {
      kind: 'event',
      outcome: 'warning',
      peerName: '',
      type: '',
      text: 'client3 was known as aioc and now answers as Python',
      hasBody: false,
      direction: undefined as never,
    }),
  ].map(({ direction, ...row }) => (direction === undefined ? row : { ...row, direction }));
}

function busyChat(): ChatRow[] {
  const at = NOW_MS - 70_000;
  return [
    sampleChat(1, { atMs: at, text: 'is the archive there yet?' }),
    sampleChat(2, { atMs: at, from: 'me', author: 'server', text: 'sending it now', mark: 'received' }),
    sampleChat(3, {
      atMs: at,
      from: 'me',
      author: 'server',
      text: 'site.zip',
      transfer: {
        phase: 'running',
        doneBytes: 92_000_000,
        totalBytes: 148_000_000,
        bytesPerSecond: 41_000_000,
      },
    }),
    sampleChat(4, {
      atMs: at,
      from: 'here',
      author: 'server',
      text: 'ls received',
      shell: { running: false, exitCode: 0, lines: ['photo.jpg  site.zip'], droppedLines: 0 },
    }),
    sampleChat(5, {
      atMs: at,
      from: 'me',
      author: 'server',
      text: 'and this one is still on its way',
      mark: 'waiting',
    }),
    sampleChat(6, { atMs: NOW_MS - 5000, text: 'got it, thanks', firstUnread: true }),
    sampleChat(7, {
      atMs: NOW_MS - 4000,
      text: 'a longer line, which says a lot about the weather in the mountains, and so it has to be wrapped somewhere',
    }),
  ];
}

/** What a user has done who had nobody to talk to yet. */
export function sampleShellRows(): ChatRow[] {
  return [
    sampleChat(1, {
      from: 'here',
      author: 'server',
      text: 'ls',
      shell: { running: false, exitCode: 0, lines: ['photo.jpg', 'site.zip'], droppedLines: 0 },
    }),
    sampleChat(2, {
      from: 'here',
      author: 'server',
      text: 'photo.jpg copied to /home/ann/photo.jpg',
      tone: 'good',
    }),
  ];
}
