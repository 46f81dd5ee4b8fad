import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRow, LogRow, Outcome, PeerRow, Phase } from '../../engine/contract/views.ts';
import { FakeEngine, type FakeEngineData } from '../helpers/fake-engine.ts';
import {
  busyEngine,
  emptyEngine,
  sampleChat,
  sampleJoinRequest,
  sampleLog,
  samplePeer,
  sampleQueue,
} from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

interface Cleanup {
  after(action: () => void): void;
}

async function opened(t: Cleanup, engine: FakeEngineData, unicode: boolean): Promise<TestScreen> {
  const screen = await openScreen({
    engine: new FakeEngine(engine),
    ...{ columns: 160, rows: 40 },
    appearance: { colour: false, unicode },
  });
  t.after(() => screen.close());
  return screen;
}

/** The rows with these names, which are all that may tell them apart besides the state. */
function rowsOf(screen: TestScreen, names: readonly string[], pane = 0): string[] {
  return names.map((name) => {
    const found = screen
      .rows()
      .map((row) => row.split(/[│|]/).slice(1)[pane] ?? '')
      .find((row) => row.includes(name));
    assert.ok(found !== undefined, `${name} is not shown`);
    return found.replace(name, 'NAME').replaceAll(/[›>]/g, ' ').trim();
  });
}

function assertAllDifferent(rows: readonly string[]): void {
  assert.equal(new Set(rows).size, rows.length, rows.join('\n'));
}

for (const unicode of [true, false]) {
  const how = unicode ? 'without colours' : 'without colours and in ASCII';

  test(`each state of a peer has its word or glyph: ${how}`, async (t) => {
    const states: readonly Partial<PeerRow>[] = [
      { state: 'connected' },
      { state: 'away' },
      { state: 'connecting' },
      { state: 'waiting' },
      { state: 'refused' },
      { ignored: true },
      { ignored: true, state: 'away' },
    ];
    const names = states.map((_, index) => `peer-${index}`);
    const peers = states.map((changes, index) => samplePeer(names[index] ?? '', changes));
    const screen = await opened(t, { ...busyEngine(), peers }, unicode);
    await screen.press('alt-1', 'z');
    assertAllDifferent(rowsOf(screen, names));
  });

  test(`a queue says that it is stuck, and which way its messages go: ${how}`, async (t) => {
    const blocked = { code: 'away', text: 'client1 is away since 13:58' } as const;
    const queues = [
      sampleQueue('a', { type: 'type-a', depth: 5 }),
      sampleQueue('b', { type: 'type-b', depth: 5, blocked }),
      sampleQueue('c', { type: 'type-c', depth: 5, direction: 'in' }),
    ];
    const screen = await opened(t, { ...busyEngine(), queues }, unicode);
    await screen.press('alt-2', 'z');
    assertAllDifferent(rowsOf(screen, ['type-a', 'type-b', 'type-c']));
  });

  test(`each outcome of a message has its word, each event its mark, in both directions: ${how}`, async (t) => {
    const outcomes: readonly Outcome[] = [
      ...(['queued', 'sent', 'peer has it', 'received by Python', 'arrived', 'stored'] as const),
      ...(['in memory', 'taken', 'handed over', 'dropped', 'refused', 'failed'] as const),
    ];
    const { direction: _none, ...event } = sampleLog(99, { kind: 'event', atMs: 0, hasBody: false });
    const rows: readonly LogRow[] = [
      ...outcomes.map((outcome, index) => sampleLog(index + 1, { outcome, atMs: 0 })),
      sampleLog(90, { outcome: 'failed', direction: 'out', atMs: 0 }),
      { ...event, id: 91, outcome: 'info' },
      { ...event, id: 92, outcome: 'warning' },
    ];
    const log = rows.map((row) => ({ ...row, text: `text-${row.id}.` }));
    const screen = await opened(t, { ...busyEngine(), log }, unicode);
    await screen.press('alt-3', 'z');
    assertAllDifferent(
      rowsOf(
        screen,
        log.map(({ text }) => text),
      ),
    );
  });

  test(`each mark and each transfer of a conversation has its word or glyph: ${how}`, async (t) => {
    const transfer = { doneBytes: 5, totalBytes: 10, bytesPerSecond: 1 };
    const rows: readonly Partial<ChatRow>[] = [
      { mark: 'waiting' },
      { mark: 'sent' },
      { mark: 'received' },
      { mark: 'dropped' },
      { mark: 'failed' },
      { from: 'peer' },
      ...(['preparing', 'waiting', 'running', 'done', 'refused', 'failed', 'cancelled'] as const).map(
        (phase) => ({ transfer: { ...transfer, phase } }),
      ),
      { from: 'here', tone: 'good' },
      { from: 'here', tone: 'bad' },
      { from: 'here', tone: 'info' },
      { from: 'here', shell: { running: true, lines: [], droppedLines: 0 } },
      { from: 'here', shell: { running: false, exitCode: 0, lines: [], droppedLines: 0 } },
      { from: 'here', shell: { running: false, exitCode: 1, lines: [], droppedLines: 0 } },
    ];
    const names = rows.map((_, index) => `text-${index}.`);
    const chat = rows.map((row, index) =>
      sampleChat(index + 1, { from: 'me', ...row, text: names[index] ?? '' }),
    );
    const screen = await opened(t, { ...busyEngine(), chats: { client1: chat } }, unicode);
    await screen.press('alt-4', 'escape', 'z');
    assertAllDifferent(rowsOf(screen, names));
  });

  test(`the first line says in words what is wrong with a connection: ${how}`, async (t) => {
    const phases: readonly Phase[] = [
      { kind: 'starting' },
      { kind: 'listening' },
      { kind: 'connecting' },
      { kind: 'waiting-to-be-let-in' },
      { kind: 'retrying', reason: 'x', cause: 'lost', attempt: 1, retryAtMs: 0 },
      { kind: 'refused', reason: 'x', cause: 'refused-there' },
      { kind: 'failed', code: 'AIOC_INTERNAL', reason: 'x' },
      { kind: 'stopped' },
    ];
    const headers: string[] = [];
    for (const phase of phases) {
      const screen = await opened(t, emptyEngine({ role: 'client', phase }), unicode);
      headers.push(screen.rows()[0] ?? '');
    }
    assertAllDifferent(headers);
    const asked = emptyEngine({ joinRequests: [sampleJoinRequest(1)] });
    const screen = await opened(t, asked, unicode);
    await screen.press('escape');
    assert.match(screen.text(), /\? laptop from 10\.0\.0\.9 asks to connect/);
  });
}
