import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyContextOf } from '../../components/keys/key-context.ts';
import { layoutOf } from '../../components/layout.ts';
import { chatPane } from '../../components/panes/chat-pane.ts';
import { contentRows } from '../../components/panes/content-rows.ts';
import { footerLine } from '../../components/panes/footer.ts';
import { headerLine } from '../../components/panes/header.ts';
import { logPane } from '../../components/panes/log-pane.ts';
import type { PaneInput } from '../../components/panes/pane.ts';
import { peersPane } from '../../components/panes/peers-pane.ts';
import { queuesPane } from '../../components/panes/queues-pane.ts';
import { type EngineData, withUpdate } from '../../components/state/safe-rows.ts';
import { initialUiState, PANES, type PaneName, type UiState } from '../../components/state/ui-state.ts';
import { sanitize, trusted } from '../../components/terminal/sanitize.ts';
import type { Block } from '../../components/widgets/frame.ts';
import { lineWidth } from '../../components/widgets/line.ts';
import { LineEditor } from '../../components/widgets/line-editor.ts';
import { Prompt } from '../../components/widgets/prompt.ts';
import type { PeerRow, Status } from '../../engine/contract/views.ts';
import { runs } from '../helpers/runs.ts';
import {
  emptyEngine,
  NOW_MS,
  sampleChat,
  sampleLog,
  samplePeer,
  sampleQueue,
} from '../helpers/sample-data.ts';

/** Together a thousand states, and ten thousand in `npm run campaign:properties`. */
const DATA_SETS = 50;
const SCREENS_EACH = 20;

const DRAW: Readonly<Record<PaneName, (input: PaneInput) => Block>> = {
  ...{ peers: peersPane, queues: queuesPane, log: logPane, chat: chatPane },
};

/** Short, long, wide, joined, from right to left, and not printable. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '客户端一号',
    '👨‍👩‍👧‍👦 family',
    'مرحبا',
    '\x1b[2J\x1b]0;x\x07',
    '\u202eevil',
    'e\u0301'.repeat(9),
    '',
  ),
);
const count = fc.oneof(fc.constantFrom(0, 1, 999), fc.nat(2_000_000_000));
const atMs = fc.integer({ min: NOW_MS - 400 * 86_400_000, max: NOW_MS + 400 * 86_400_000 });

const peer: fc.Arbitrary<PeerRow> = fc
  .record({
    name: text,
    address: text,
    reason: text,
    state: fc.constantFrom('connecting', 'waiting', 'connected', 'away', 'refused'),
    ignored: fc.boolean(),
    unread: fc.nat(300),
    certificateEndsAtMs: atMs,
    ...{ ignoredIn: count, waitingCount: count, rate: count, ackLagMs: count, sinceMs: atMs },
  })
  .map(({ name, ...row }) => samplePeer(name, { ...row, name }) as PeerRow);

const queue = fc
  .record({
    ...{ peerName: text, type: text, depth: count, bytes: count, inRate: count, outRate: count },
    ...{ direction: fc.constantFrom('in', 'out'), stored: fc.boolean(), drainSeconds: count },
    ...{ oldestAtMs: atMs, ackLagMs: count, dropped: count },
    blocked: fc.option(
      fc.record({ text, remedy: fc.record({ text, command: text }) }).map((blocked) => ({
        ...blocked,
        code: 'away' as const,
      })),
      { nil: undefined },
    ),
  })
  .map(({ blocked, ...row }) =>
    sampleQueue('q', { ...row, ...(blocked !== undefined && { blocked }) } as never),
  );

const log = fc
  .record({
    ...{ peerName: text, type: text, text, sizeBytes: count },
    kind: fc.constantFrom('message', 'file', 'event'),
    direction: fc.constantFrom('in', 'out'),
    outcome: fc.constantFrom('queued', 'received by Python', 'dropped', 'taken', 'info', 'warning'),
  })
  .map((row) => sampleLog(1, row as never));

const status = fc
  .record({
    ...{ waitingCount: count, waitingInCount: count, stuckCount: fc.nat(300), unreadTotal: count },
    ...{ ignoringAll: fc.boolean(), isReadOnly: fc.boolean(), configured: fc.boolean(), address: text },
    ...{ ownCertificateEndsAtMs: atMs, security: fc.constantFrom('plain', 'tls-allow-all', 'mutual-tls') },
    phase: fc.constantFrom(
      { kind: 'listening' },
      { kind: 'refused', reason: '客户端', cause: 'refused-there' },
      { kind: 'retrying', reason: 'no', cause: 'lost', attempt: 3, retryAtMs: NOW_MS },
    ),
    disk: fc.record({ freeBytes: count, totalBytes: count, state: fc.constantFrom('ok', 'low', 'refusing') }),
  })
  .map((changes) => emptyEngine(changes as Partial<Status>).status);

const data: fc.Arbitrary<EngineData> = fc
  .record({
    ...{ status, peers: fc.array(peer, { maxLength: 4 }), queues: fc.array(queue, { maxLength: 4 }) },
    ...{ log: fc.array(log, { maxLength: 6 }), chat: fc.array(text, { maxLength: 4 }) },
  })
  .map(({ status: current, peers, queues, log: entries, chat }) => {
    const list = <Row>(rows: readonly Row[]) => ({ total: 9, matched: rows.length, offset: 0, rows });
    const tail = <Row>(rows: readonly Row[]) => ({
      ...{ total: 9, matched: rows.length, newer: 2, older: 0, forgotten: 0, rows },
    });
    const rows = peers.map((row, at) => ({ ...row, id: `p${at}` }));
    const said = chat.map((line, at) => sampleChat(at, { text: line, author: line }));
    return [
      { pane: 'status', status: current } as const,
      { pane: 'peers', ...list(rows) } as const,
      { pane: 'queues', ...list(queues.map((row, at) => ({ ...row, id: `q${at}` }))) } as const,
      { pane: 'log', ...tail(entries.map((row, at) => ({ ...row, id: at }))) } as const,
      { pane: 'chat', peer: 'p0', ...tail(said) } as const,
    ].reduce<EngineData>(withUpdate, {});
  });

const screen = fc.record({
  columns: fc.integer({ min: 40, max: 210 }),
  rows: fc.integer({ min: 10, max: 60 }),
  pane: fc.constantFrom(...PANES),
  filter: fc.oneof(fc.constant(''), text),
  ...{ zoom: fc.boolean(), isConnector: fc.boolean(), chatOpen: fc.boolean(), editing: fc.boolean() },
  ...{ isMarked: fc.boolean(), toast: fc.option(text, { nil: undefined }) },
  attached: fc.constantFrom('here', 'silent', 'away', undefined),
});

type SeenScreen = typeof screen extends fc.Arbitrary<infer Value> ? Value : never;

function stateOf(seen: EngineData, { columns, rows, pane, filter, ...chosen }: SeenScreen): UiState {
  const start = initialUiState({
    size: { columns, rows },
    nowMs: NOW_MS,
    attached: chosen.attached,
    startCommand: trusted('aioc'),
  });
  const { toast, isMarked, zoom, isConnector, chatOpen, editing } = chosen;
  const ui: UiState = {
    ...start,
    ...{ focus: pane, zoom, isConnector, chatOpen, editing: editing && pane === 'chat' },
    [pane]: { ...start[pane], filter },
    chatPeer: { id: 'p0', name: seen.peers?.rows[0]?.name ?? sanitize('') },
    ...(isMarked && { marks: { ...start.marks, peers: new Map([['p0', sanitize('a')]]) } }),
    ...(toast !== undefined && { toast: { tone: 'bad' as const, text: sanitize(toast) } }),
    ...(chosen.attached === 'silent' && { silentSinceMs: NOW_MS - 61_000 }),
  };
  return { ...ui, content: contentRows(ui, seen) };
}

test('in a thousand generated states, every row of every pane is exactly as wide as its place on the terminal', () => {
  const prompt = new Prompt({ feed: () => undefined, onChange: () => undefined, onReady: () => undefined });
  const chatLine = new LineEditor();
  const check = (seen: EngineData, chosen: SeenScreen): void => {
    const ui = stateOf(seen, chosen);
    const { columns: width } = ui.size;
    const context = keyContextOf(ui, seen, { isShellRunning: false, chatLine: '' });
    const { nowMs, attached, silentSinceMs } = ui;
    const header = headerLine(seen.status, { nowMs, width, attached, silentSinceMs });
    assert.equal(lineWidth(header), width, 'header');
    assert.ok(lineWidth(footerLine(context, width)) <= width, 'footer');
    for (const [name, box] of Object.entries(layoutOf(ui))) {
      const { lines } = DRAW[name as PaneName]({
        ui,
        data: seen,
        box,
        chatLine,
        directory: trusted('~/a'),
        search: undefined,
        prompt,
      });
      assert.equal(lines.length, box.height, name);
      for (const line of lines) assert.equal(lineWidth(line), box.width, name);
    }
  };
  fc.assert(
    fc.property(
      data,
      fc.array(screen, { minLength: SCREENS_EACH, maxLength: SCREENS_EACH }),
      (seen, screens) => {
        for (const chosen of screens) check(seen, chosen);
      },
    ),
    { numRuns: runs(DATA_SETS) },
  );
});
