import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatRow } from '../../../engine/contract/views.ts';
import { FakeEngine, type FakeEngineData } from '../../helpers/fake-engine.ts';
import { openLines, type TestLines } from '../../helpers/lines.tsx';
import {
  busyEngine,
  emptyEngine,
  sampleChat,
  sampleJoinRequest,
  sampleLog,
  samplePeer,
  sampleQueue,
} from '../../helpers/sample-data.ts';

interface Opened {
  readonly engine: FakeEngine;
  readonly lines: TestLines;
}

async function opened(t: { after(action: () => void): void }, data = busyEngine()): Promise<Opened> {
  const engine = new FakeEngine(data);
  const lines = await openLines({ engine });
  t.after(() => lines.close());
  return { engine, lines };
}

/** What a change of the data makes it say. */
function told({ engine, lines }: Opened, change: (data: FakeEngineData) => void): Promise<string> {
  return lines.after(() => engine.change(change));
}

function withChat(data: FakeEngineData, ...rows: readonly ChatRow[]): void {
  const before = data.chats['client1'] ?? [];
  const ids = new Set(rows.map(({ id }) => id));
  data.chats = { ...data.chats, client1: [...before.filter(({ id }) => !ids.has(id)), ...rows] };
}

test('at the start it says how the connector is, what there is, why a queue is stuck, and how to read', async (t) => {
  const { lines } = await opened(t);
  assert.match(lines.bytes, /^aioc running server 0\.0\.0\.0:10673, TLS.* waiting 12,483 out, 1 stuck/);
  assert.match(
    lines.bytes,
    /client3 · events is stuck, 12,480 messages: client3 is away since 13:58\. To do: /,
  );
  assert.match(lines.bytes, /R reads this pane, W all of it/);
  const { lines: alone } = await opened(t, emptyEngine());
  assert.match(alone.bytes, /No peers yet\. On the other machine:\n *aioc --target 192\.168\.1\.20\n/);
});

test('it never moves the cursor, changes the screen or sends a control character but line ends and backspaces', async (t) => {
  const { lines } = await opened(t);
  await lines.press('4');
  await lines.type('half a linn');
  await lines.press('backspace', 'left', 'x', 'escape', '?', 'escape', ':', 'i', 'escape', 'T', 'z', 'q');
  assert.doesNotMatch(lines.bytes, /[\x00-\x07\x0b-\x1f\x7f-\x9f]/);
});

test('peers that come, go or are refused are told, and unread lines of other conversations', async (t) => {
  const screen = await opened(t);
  assert.match(await told(screen, (data) => data.peers.push(samplePeer('zebra'))), /zebra is connected\./);
  const gone = await told(screen, (data) => {
    data.peers = data.peers.map((peer) => (peer.id === 'client2' ? { ...peer, state: 'away' } : peer));
  });
  assert.equal(gone, 'client2 is away.\n');
  const unread = await told(screen, (data) => {
    data.peers = data.peers.map((peer) => (peer.id === 'zebra' ? { ...peer, unread: 3 } : peer));
  });
  assert.equal(unread, 'zebra: 3 unread.\n');
});

test('lines of the conversation are told; of one’s own, only that they arrived or failed', async (t) => {
  const screen = await opened(t);
  const said = await told(screen, (data) => withChat(data, sampleChat(20, { text: 'good morning' })));
  assert.equal(said, 'client1 14:01 good morning\n');
  const mine = { from: 'me', author: 'server', text: 'hello' } as const;
  const sent = await told(screen, (data) => withChat(data, sampleChat(21, { ...mine, mark: 'sent' })));
  assert.equal(sent, '');
  const got = await told(screen, (data) => withChat(data, sampleChat(21, { ...mine, mark: 'received' })));
  assert.equal(got, 'received: hello\n');
  const lost = await told(screen, (data) => withChat(data, sampleChat(22, { ...mine, mark: 'failed' })));
  assert.equal(lost, 'failed: hello\n');
});

test('a transfer is told at its ends and at each quarter', async (t) => {
  const screen = await opened(t);
  const at = (doneBytes: number, phase: 'running' | 'done' | 'failed' = 'running') =>
    told(screen, (data) =>
      withChat(
        data,
        sampleChat(30, {
          ...{ from: 'peer', text: 'big.iso' },
          transfer: { phase, doneBytes, totalBytes: 1000, bytesPerSecond: 10 },
        }),
      ),
    );
  assert.match(await at(0), /receiving big\.iso 1\.0 kB 0 %/);
  assert.equal(await at(100), '');
  assert.match(await at(260), /big\.iso 1\.0 kB 26 %/);
  assert.equal(await at(400), '');
  assert.match(await at(760), /76 %/);
  assert.match(await at(1000, 'done'), /receiving big\.iso 1\.0 kB done/);
});

test('the output of a command is told as it comes, and how it ended', async (t) => {
  const screen = await opened(t);
  const at = (lines: readonly string[], running: boolean) =>
    told(screen, (data) =>
      withChat(
        data,
        sampleChat(31, {
          ...{ from: 'here', text: 'make' },
          shell: { running, lines, droppedLines: 0, ...(!running && { exitCode: 2 }) },
        }),
      ),
    );
  assert.equal(await at(['one'], true), 'one\n');
  assert.equal(await at(['one', 'two'], true), 'two\n');
  assert.equal(await at(['one', 'two'], false), 'make: exit 2\n');
});

test('a newcomer is told with its words and the keys; the answers say which is chosen', async (t) => {
  const screen = await opened(t);
  const asked = await screen.lines.after(() =>
    screen.engine.setStatus({ joinRequests: [sampleJoinRequest(1)] }),
  );
  assert.match(asked, /^Connection request 60 s left\n“laptop” from 10\.0\.0\.9 at 14:02\n/);
  assert.match(asked, /words there: octopus-unicorn-crystal-spinach-\nbicycle-giraffe-lantern-saffron\n/);
  assert.match(asked, /Refuse \(chosen\) Accept\n← → choose Enter confirm Esc decide later\n$/);
  assert.equal(await screen.lines.after(() => screen.lines.press('right')), 'Refuse Accept (chosen)\n');
  assert.equal(await screen.lines.after(() => screen.lines.press('escape')), 'Closed.\n');
});

test('a queue that gets stuck is told with its reason, and that it is no longer stuck', async (t) => {
  const screen = await opened(t);
  const blocked = { code: 'no-listener', text: 'no program here listens' } as const;
  const change = (more: object) => (data: FakeEngineData) => {
    data.queues = [sampleQueue('q9', { type: 'order', depth: 5, ...more })];
  };
  await told(screen, change({}));
  const stuck = await told(screen, change({ blocked }));
  assert.equal(stuck, 'client1 · order is stuck, 5 messages: no program here listens.\n');
  assert.equal(await told(screen, change({})), 'client1 · order is no longer stuck.\n');
});

test('events of the log are told; a busy one is counted', async (t) => {
  const screen = await opened(t);
  const event = (id: number) => {
    const { direction: _none, ...row } = sampleLog(id, { kind: 'event', outcome: 'info', peerName: '' });
    return { ...row, text: `event ${id}` };
  };
  const one = await told(screen, (data) => data.log.push(event(100)));
  assert.match(one, /^14:0\d:\d\d event event 100\n$/);
  await told(screen, (data) =>
    data.log.push(...Array.from({ length: 200 }, (_, index) => event(101 + index))),
  );
  const many = await screen.lines.after(() => screen.lines.clock.advance(3_000));
  assert.ok(many.split('\n').length <= 5, many);
});

test('when the connection or the connector is lost, the first line is told', async (t) => {
  const { lines } = await opened(t);
  assert.match(await lines.after(() => lines.lose()), /not reachable, waiting/);
});

test('what is typed stays on its line; news come above it', async (t) => {
  const screen = await opened(t);
  const { lines } = screen;
  assert.match(
    await lines.after(() => lines.press('4')),
    /Write to client1\. Enter sends, Esc stops\.\nclient1> $/,
  );
  assert.equal(await lines.after(() => lines.type('hallo')), 'hallo');
  assert.equal(await lines.after(() => lines.press('backspace')), '\b \b');
  const news = await told(screen, (data) => withChat(data, sampleChat(20, { text: 'you there?' })));
  assert.equal(news, '\nclient1 14:01 you there?\nclient1> hall');
  assert.equal(await lines.after(() => lines.press('left', 'x')), '\nclient1> halxl');
  const sent = await lines.after(() => lines.press('enter'));
  assert.match(sent, /^\nclient1> /);
  assert.ok(screen.engine.commands('chat.say').length > 0);
});

test('R reads the pane with the focus or the dialog, W all; the same keys with Alt work while writing', async (t) => {
  const { lines } = await opened(t);
  await lines.press('1');
  const pane = await lines.after(() => lines.press('R'));
  assert.match(pane, /^1 Peers, by name ascending, 5 of 5\n/);
  assert.match(pane, /\nselected: connected client1 \(2\), 10\.0\.0\.7/);
  assert.doesNotMatch(pane, /2 Queues/);
  await lines.press('4');
  const all = await lines.after(() => lines.press('alt-w'));
  for (const part of ['aioc running server', '1 Peers', '2 Queues', '3 Log', '4 Chat'])
    assert.ok(all.includes(`\n${part}`), part);
  await lines.press('escape', '?');
  assert.match(await lines.after(() => lines.press('alt-r')), /^\nHelp: keys/);
});
