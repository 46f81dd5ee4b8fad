import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { CONTRACT_VERSION } from '../../../engine/contract/engine-api.ts';
import type { EngineReply, Request } from '../../../engine/contract/engine-rpc.ts';
import type { View } from '../../../engine/contract/views.ts';
import { AttachSession } from '../../../engine/local/native/attach-session.ts';
import { encodePacket, jsonBody, type Packet, PacketReader } from '../../../engine/local/native/packets.ts';
import type { TrafficLog } from '../../../engine/peers/traffic-log.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeEngine } from '../../helpers/fake-engine.ts';
import { busyEngine } from '../../helpers/sample-data.ts';

const STATUS: View = { pane: 'status' };
const LOG: View = { pane: 'log', filter: '', rows: 100 };
const PING = { kind: 'peer.ping', peer: 'client1' } as const;

/** A socket whose other end reads only when the test says so. */
class SlowSocket {
  #unread: Buffer[] = [];
  readonly #reader = new PacketReader();
  isPaused = false;
  isDestroyed = false;

  get writableLength(): number {
    return this.#unread.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Buffer): boolean {
    this.#unread.push(bytes);
    return false;
  }

  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  /** What the other end reads of all that was written since. */
  read(): Packet[] {
    for (const bytes of this.#unread.splice(0)) this.#reader.push(bytes);
    const packets: Packet[] = [];
    for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next())
      packets.push(packet);
    return packets;
  }
}

/** A screen attached to a fake door, with the test at its end of the wire. */
class Screen {
  readonly socket = new SlowSocket();
  readonly clock = new FakeClock(0);
  readonly engine = new FakeEngine(busyEngine());
  readonly warnings: string[] = [];
  readonly conversation: AttachSession;

  constructor() {
    const log = { event: (text: string) => this.warnings.push(text) } as unknown as TrafficLog;
    const socket = this.socket as unknown as Socket;
    this.conversation = new AttachSession({
      socket,
      engine: this.engine,
      clock: this.clock,
      log,
      version: '0',
    });
  }

  static greeted(version = CONTRACT_VERSION): Screen {
    const screen = new Screen();
    screen.push('hello', { protocol: 1 });
    screen.ask({ kind: 'hello', version });
    return screen;
  }

  push(kind: Packet['kind'], body: Buffer | Readonly<Record<string, unknown>>): void {
    const bytes = Buffer.isBuffer(body) ? body : jsonBody(body);
    this.conversation.push(Buffer.concat(encodePacket({ kind, number: 0, body: bytes })));
  }

  ask(request: Request): void {
    this.push('engineRequest', { ...request });
  }

  /** What comes when the screen reads. */
  async read(): Promise<EngineReply[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const packets = this.socket.read().filter(({ kind }) => kind === 'engineReply');
    this.conversation.drained();
    return packets.map(({ body }) => JSON.parse(body.toString()) as EngineReply);
  }

  async readAll(): Promise<EngineReply[]> {
    const replies: EngineReply[] = [];
    for (let more = await this.read(); more.length > 0; more = await this.read()) replies.push(...more);
    return replies;
  }
}

test('views, changes of views, queries and commands go through as over any port', async () => {
  const screen = Screen.greeted();
  screen.ask({ kind: 'open', viewId: 1, view: LOG });
  screen.ask({ kind: 'change', viewId: 1, view: { ...LOG, rows: 1 } });
  screen.ask({ kind: 'query', callId: 2, logId: 404 });
  screen.ask({ kind: 'execute', callId: 3, command: PING });
  const [hello, first, second, ...answers] = await screen.readAll();
  assert.deepEqual(hello, { kind: 'hello', version: CONTRACT_VERSION });
  assert.ok(first?.kind === 'update' && first.viewId === 1);
  assert.ok(second?.kind === 'update' && second.update.pane === 'log' && second.update.rows.length === 1);
  assert.deepEqual(answers, [
    { kind: 'answer', callId: 2 },
    { kind: 'answer', callId: 3, value: { ok: true, value: null } },
  ]);
  assert.deepEqual(screen.engine.executed, [PING]);
});

const GARBAGE: readonly (readonly [string, (screen: Screen) => void])[] = [
  [
    'bytes of chance',
    (screen) => screen.conversation.push(Buffer.concat([Buffer.alloc(4), randomBytes(60)])),
  ],
  ['no hello first', (screen) => screen.ask({ kind: 'close', viewId: 1 })],
  ['a hello that is no JSON', (screen) => screen.push('hello', Buffer.from('{no'))],
  ['a send', (screen) => greeted(screen).push('send', Buffer.from('x'))],
  ['a welcome', (screen) => greeted(screen).push('welcome', {})],
  ['a request that is no JSON', (screen) => greeted(screen).push('engineRequest', Buffer.from('nothing'))],
  ['a request that is none', (screen) => greeted(screen).push('engineRequest', { kind: 'dance' })],
  ['a unit beyond the limit', (screen) => screen.conversation.push(Buffer.from([0, 0, 0, 1, 1]))],
  [
    'a view twice',
    (screen) => {
      greeted(screen).ask({ kind: 'open', viewId: 1, view: STATUS });
      screen.ask({ kind: 'open', viewId: 1, view: STATUS });
    },
  ],
  [
    'one view too many',
    (screen) => {
      greeted(screen);
      for (let viewId = 0; viewId <= LIMITS.viewsOpen; viewId += 1)
        screen.ask({ kind: 'open', viewId, view: STATUS });
    },
  ],
  [
    'a request of another version of the contract',
    (screen) => {
      screen.push('hello', { protocol: 1 });
      screen.ask({ kind: 'hello', version: CONTRACT_VERSION + 1 });
      screen.ask({ kind: 'execute', callId: 1, command: PING });
    },
  ],
  [
    'a request before the version of the contract',
    (screen) => {
      screen.push('hello', { protocol: 1 });
      screen.ask({ kind: 'execute', callId: 1, command: PING });
    },
  ],
];

function greeted(screen: Screen): Screen {
  screen.push('hello', { protocol: 1 });
  screen.ask({ kind: 'hello', version: CONTRACT_VERSION });
  return screen;
}

for (const [what, act] of GARBAGE) {
  test(`${what}: the conversation ends with a line in the log, its views close, and nothing is done`, () => {
    const screen = new Screen();
    act(screen);
    assert.equal(screen.socket.isDestroyed, true);
    assert.equal(screen.warnings.length, 1);
    assert.match(screen.warnings[0] ?? '', /detached a screen/);
    assert.deepEqual(screen.engine.openViews, []);
    assert.deepEqual(screen.engine.executed, []);
    // Whatever else is on its way does no harm.
    screen.push('engineRequest', { kind: 'execute', callId: 9, command: { kind: 'dial.now' } });
    screen.engine.setStatus({ inRate: 5 });
    assert.deepEqual([screen.warnings.length, screen.engine.executed.length], [1, 0]);
  });
}

test('who speaks another version is told ours, so that it can say so', async () => {
  const screen = Screen.greeted(CONTRACT_VERSION + 1);
  assert.deepEqual(await screen.read(), [{ kind: 'hello', version: CONTRACT_VERSION }]);
  assert.equal(screen.socket.isDestroyed, false);
});

test('the rest of a request follows within 10 s', () => {
  const screen = Screen.greeted();
  screen.conversation.push(Buffer.from([9, 0, 0]));
  screen.clock.advance(LIMITS.localFrameTimeoutMs - 1);
  assert.equal(screen.socket.isDestroyed, false);
  screen.clock.advance(1);
  assert.equal(screen.socket.isDestroyed, true);
});

test('the views close with the conversation, whoever ends it', () => {
  const screen = Screen.greeted();
  screen.ask({ kind: 'open', viewId: 1, view: STATUS });
  screen.ask({ kind: 'open', viewId: 2, view: LOG });
  screen.ask({ kind: 'close', viewId: 2 });
  assert.deepEqual(screen.engine.openViews, [STATUS]);
  screen.conversation.end();
  assert.deepEqual(screen.engine.openViews, []);
});

test('a screen that does not read costs no memory; when it does, it sees the newest of each view and every answer', async () => {
  const screen = Screen.greeted();
  screen.ask({ kind: 'open', viewId: 1, view: STATUS });
  screen.ask({ kind: 'open', viewId: 2, view: LOG });
  const mostBytes = 2 * LIMITS.screenBacklogBytes;
  for (let rate = 1; rate <= 2_000; rate += 1) {
    screen.engine.setStatus({ inRate: rate });
    if (rate % 200 === 0) screen.ask({ kind: 'execute', callId: rate, command: PING });
    if (rate % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(screen.socket.writableLength < mostBytes, `${screen.socket.writableLength} bytes wait`);
  }
  const replies = await screen.readAll();
  const updates = replies.filter((reply) => reply.kind === 'update');
  assert.ok(updates.length < 1_000, `${updates.length} updates`);
  for (const viewId of [1, 2]) assert.ok(updates.some((update) => update.viewId === viewId));
  const last = updates.findLast(({ viewId }) => viewId === 1);
  assert.ok(last?.update.pane === 'status' && last.update.status.inRate === 2_000);
  const answers = replies.filter((reply) => reply.kind === 'answer').map(({ callId }) => callId);
  assert.deepEqual(
    answers,
    Array.from({ length: 10 }, (_, index) => (index + 1) * 200),
  );
});

test('what was held back of a view that is closed meanwhile does not come', async () => {
  const screen = Screen.greeted();
  screen.ask({ kind: 'open', viewId: 1, view: STATUS });
  screen.ask({ kind: 'open', viewId: 2, view: LOG });
  while (screen.socket.writableLength <= LIMITS.screenBacklogBytes) {
    screen.engine.setStatus({ inRate: screen.socket.writableLength });
    await new Promise((resolve) => setImmediate(resolve));
  }
  screen.engine.setStatus({ inRate: -1 });
  screen.ask({ kind: 'close', viewId: 1 });
  const rates = (await screen.readAll()).map((reply) =>
    reply.kind === 'update' && reply.update.pane === 'status' ? reply.update.status.inRate : 0,
  );
  assert.ok(!rates.includes(-1));
});

test('of a screen with many unanswered commands no more is read until some are answered', async () => {
  const screen = Screen.greeted();
  const pending: (() => void)[] = [];
  screen.engine.execute = (command) => {
    screen.engine.executed.push(command);
    return new Promise((resolve) => pending.push(() => resolve({ ok: true, value: null })));
  };
  for (let callId = 1; callId <= LIMITS.screenCalls + 10; callId += 1)
    screen.ask({ kind: 'execute', callId, command: PING });
  assert.equal(screen.engine.executed.length, LIMITS.screenCalls);
  assert.equal(screen.socket.isPaused, true);
  for (const answer of pending.splice(0, 10)) answer();
  await screen.readAll();
  assert.equal(screen.engine.executed.length, LIMITS.screenCalls + 10);
  for (const answer of pending.splice(0)) answer();
  await screen.readAll();
  assert.equal(screen.socket.isPaused, false);
});
