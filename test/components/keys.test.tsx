import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine, type FakeEngineData } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, sampleJoinRequest, samplePeer } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen, type TestScreenOptions } from '../helpers/screen.tsx';

interface Opened {
  readonly screen: TestScreen;
  readonly engine: FakeEngine;
}

async function opened(
  t: { after(action: () => void): void },
  data: FakeEngineData,
  options: Partial<TestScreenOptions> = {},
): Promise<Opened> {
  const engine = new FakeEngine(data);
  const screen = await openScreen({ engine, ...options });
  t.after(() => screen.close());
  return { screen, engine };
}

/** The title of the pane that has the focus is where commands act; its footer tells which pane that is. */
const focusOf = (screen: TestScreen): string => screen.rows().at(-1) ?? '';

test('the first peer to come gets the chat; the line is entered by 4 or Enter there, and by nothing else', async (t) => {
  for (const way of ['4', 'enter', 'alt-4']) {
    const { screen } = await opened(t, busyEngine());
    assert.match(screen.text(), /› Press Enter to write to client1/);
    await screen.press('g', 'G', 'tab', 'shift-tab');
    assert.doesNotMatch(focusOf(screen), /Enter send/);
    await screen.press(way);
    assert.match(focusOf(screen), /Enter send/);
  }
});

test('neither a new peer nor a chosen peer puts the keys into the line', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine());
  await screen.press('j');
  engine.change((data) => {
    data.peers.push(samplePeer('ben'), samplePeer('eve'));
  });
  await screen.settle();
  assert.match(focusOf(screen), /i ignore/, 'a key was pressed before: the focus stays');
  await screen.press('j', 't', 'q');
  assert.match(screen.text(), /4 Chat · eve/);
  assert.deepEqual(screen.quits, [0]);
  await screen.press('1', 'tab', 'tab', 'tab', 'q');
  assert.deepEqual(screen.quits, [0, 0]);
});

test('Enter opens the row: a peer, a queue, a message and an event that is cut', async (t) => {
  const { screen } = await opened(t, busyEngine());
  for (const [pane, title] of [
    ['1', /╭ client1 ─/],
    ['2', /╭ Why\? client3 · events ─/],
    ['3', /╭ warning ─/],
  ] as const) {
    await screen.press(pane, 'enter');
    assert.match(screen.text(), title);
    await screen.press('escape');
  }
  await screen.press('3', 'k', 'k', 'enter');
  assert.match(screen.text(), /╭ any to client1 ─/);
});

test('in the line keys are text, at the place of the cursor', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('4');
  await screen.type('hello');
  assert.match(screen.text(), /› hello/);
  const row = screen.rows().findIndex((line) => line.includes('› hello'));
  assert.equal(screen.cursor.row, row);
  assert.equal(screen.cursor.column, (screen.rows()[row] ?? '').indexOf('› hello') + '› hello'.length);
});

test('typing "did 1 quit?" in the chat changes nothing but the line', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('4');
  const before = screen.rows();
  await screen.type('did 1 quit?');
  const changed = screen.rows().filter((line, index) => line !== before[index]);
  const [line, ...others] = changed.filter((row) => !row.includes('Enter send'));
  assert.match(line ?? '', /› did 1 quit\?/);
  assert.deepEqual(others, []);
  assert.deepEqual(screen.quits, []);
  await screen.press('enter');
  assert.deepEqual(engine.commands('chat.say'), [{ kind: 'chat.say', peer: 'client1', text: 'did 1 quit?' }]);
});

test('digits, Alt and Tab move the focus; while writing digits are text', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('alt-1');
  assert.match(focusOf(screen), /i ignore/);
  await screen.press('2');
  assert.match(focusOf(screen), /w why/);
  await screen.press('tab');
  assert.match(focusOf(screen), /Enter open|filter/);
  await screen.press('tab');
  assert.match(focusOf(screen), /Enter write/);
  await screen.press('4');
  assert.match(focusOf(screen), /Enter send/);
  await screen.press('1');
  assert.match(screen.text(), /› 1/);
  await screen.press('shift-tab');
  assert.doesNotMatch(focusOf(screen), /Enter send/);
});

test('Esc leaves the line, and Enter goes back to it', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('4');
  await screen.type('draft');
  await screen.press('escape');
  assert.match(focusOf(screen), /Enter write/);
  await screen.press('enter');
  assert.match(focusOf(screen), /Enter send/);
  assert.match(screen.text(), /› draft/);
});

test('each conversation keeps the line that was begun in it', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('4');
  await screen.type('for client1');
  await screen.press('alt-1', 'j', 't', 'enter');
  assert.doesNotMatch(screen.text(), /for client1/);
  await screen.type('for client2');
  await screen.press('enter', 'alt-1', 'k', 't');
  assert.match(screen.text(), /› for client1/);
  assert.deepEqual(engine.commands('chat.say'), [{ kind: 'chat.say', peer: 'client2', text: 'for client2' }]);
});

test('i ignores the selected peer and names it; the selection follows the peer, not its place', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-1', 'j');
  engine.change((data) => {
    data.peers.unshift(samplePeer('aaa'));
  });
  await screen.settle();
  await screen.press('i', 'enter');
  assert.deepEqual(engine.commands('peer.ignore'), [{ kind: 'peer.ignore', peer: 'client2', on: true }]);
  assert.match(screen.text(), /Ignoring client2/);
});

test('the same key stops ignoring a peer', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-1', 'j', 'j', 'j', 'i');
  assert.deepEqual(engine.commands('peer.ignore'), [{ kind: 'peer.ignore', peer: 'client4', on: false }]);
});

test('ignoring all peers, and disconnecting one, can be taken back for five seconds', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  for (const [key, kind] of [
    ['I', 'all.ignore'],
    ['x', 'peer.disconnect'],
  ] as const) {
    await screen.press('alt-1', key, 'escape');
    assert.match(focusOf(screen), /Cancelled: /);
    assert.deepEqual(engine.commands(kind), []);
    await screen.press(key, 'enter');
    assert.equal(engine.commands(kind).length, 1);
  }
});

test('a connection request is shown, refused by default, and accepted only by choosing so', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine());
  engine.setStatus({ joinRequests: [sampleJoinRequest(7), sampleJoinRequest(8, { name: 'phone' })] });
  await screen.settle();
  assert.match(screen.text(), /Connection request/);
  assert.match(screen.text(), /1 of 2/);
  assert.match(screen.text(), /words there: +octopus-unicorn-crystal-spinach-/);
  await screen.press('enter');
  assert.deepEqual(engine.commands('newcomer.refuse'), [{ kind: 'newcomer.refuse', joinRequest: 7 }]);
  engine.setStatus({ joinRequests: [sampleJoinRequest(8, { name: 'phone' })] });
  await screen.settle();
  assert.match(screen.text(), /“phone”/);
  await screen.press('a', 'enter');
  assert.deepEqual(engine.commands('newcomer.accept'), [{ kind: 'newcomer.accept', joinRequest: 8 }]);
});

test('a connection request closed with Esc stays in the list, and a asks again', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine({ joinRequests: [sampleJoinRequest(7)] }));
  await screen.press('escape');
  assert.doesNotMatch(screen.text(), /Connection request/);
  assert.match(screen.text(), /\? laptop/);
  await screen.press('a');
  assert.match(screen.text(), /Connection request/);
  assert.deepEqual(engine.executed, []);
});

test('a connection request takes no key from somebody who is writing', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.type('4abc');
  engine.setStatus({ joinRequests: [sampleJoinRequest(7)] });
  await screen.settle();
  await screen.type('def');
  assert.match(screen.text(), /› abcdef/);
  assert.match(focusOf(screen), /laptop.*asks to connect.*Alt-A/);
  await screen.press('alt-a');
  assert.match(screen.text(), /Connection request/);
});

test('the dialog closes when the client gives up', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine({ joinRequests: [sampleJoinRequest(7)] }));
  engine.setStatus({ joinRequests: [] });
  await screen.settle();
  assert.doesNotMatch(screen.text(), /Connection request/);
  assert.match(screen.text(), /no longer pending/);
});

test('/ filters the pane with the focus and says how many pass', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('alt-1', '/');
  await screen.type('client2');
  assert.match(screen.text(), /1 Peers \/ client2 .* 1 of 5/);
  await screen.press('enter');
  assert.match(screen.text(), /1 Peers \/ client2/);
  await screen.press('escape');
  assert.match(screen.text(), /5 of 5/);
});

test('s sorts by the next column and S the other way, and the title says so', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-2', 's', 'S');
  assert.match(screen.text(), /by size ▲/);
  const view = engine.openViews.find(({ pane }) => pane === 'queues');
  assert.deepEqual(view, {
    pane: 'queues',
    filter: '',
    sort: 'size',
    descending: false,
    offset: 0,
    rows: view?.pane === 'queues' ? view.rows : 0,
  });
});

test('quitting asks, says what stops, and Cancel has the focus', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('alt-1', 'q');
  assert.match(screen.text(), /This disconnects 3 peers/);
  assert.match(screen.text(), /site\.zip \(62 %\) will be aborted/);
  assert.match(screen.text(), /12,483 messages have no ack yet and may be lost/);
  await screen.press('enter');
  assert.deepEqual(screen.quits, []);
  await screen.press('q', 'right', 'enter');
  assert.deepEqual(screen.quits, [0]);
});

test('in the question whether to quit, Ctrl-C quits at once, also after q and after a while', async (t) => {
  for (const key of ['ctrl-c', 'q'] as const) {
    const { screen } = await opened(t, busyEngine());
    await screen.press('alt-1', key);
    assert.match(screen.text(), /Ctrl-C quit now/);
    screen.clock.advance(5_000);
    await screen.press('ctrl-c');
    assert.deepEqual(screen.quits, [0], key);
  }
});

test('a key that can do nothing now says why', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-1', 'j', 'j', 'p');
  assert.match(screen.text(), /not connected/);
  assert.deepEqual(engine.commands('peer.ping'), []);
});

test('the help lists the keys, typing filters it, and Enter does what is chosen', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('alt-1', '?');
  await screen.type('zoom');
  assert.match(screen.text(), /3 of \d+/);
  await screen.press('down');
  await screen.press('enter');
  assert.doesNotMatch(screen.text(), /2 Queues/);
});

test('the palette completes a name and runs it', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-1', ':');
  await screen.type('pin');
  await screen.press('tab', 'enter');
  assert.deepEqual(engine.commands('peer.ping'), [{ kind: 'peer.ping', peer: 'client1' }]);
});

test('Enter on a row of the log opens its message', async (t) => {
  const data = busyEngine();
  data.log.splice(1);
  const { screen } = await opened(t, data);
  await screen.press('alt-3', 'enter');
  assert.match(screen.text(), /source_id: client1/);
  await screen.press('escape');
  assert.doesNotMatch(screen.text(), /source_id/);
});

test('a client that was refused asks again with r', async (t) => {
  const { screen, engine } = await opened(
    t,
    emptyEngine({
      role: 'client',
      phase: { kind: 'refused', reason: 'its user said no', cause: 'refused-there' },
    }),
  );
  assert.match(screen.text(), /refused the connection: its user said no/);
  await screen.press('r');
  assert.deepEqual(engine.commands('dial.now'), [{ kind: 'dial.now' }]);
});

test('another port is part of the line for the other side', async (t) => {
  const { screen } = await opened(t, emptyEngine({ port: 4711, address: '0.0.0.0:4711' }));
  assert.match(screen.text(), /aioc --target 192\.168\.1\.20 --port 4711/);
  assert.match(screen.text(), /aioconnectors chat --target 192\.168\.1\.20 --port 4711/);
});

test('every size down to 10x3 draws, and growing again brings everything back', async (t) => {
  const { screen } = await opened(t, busyEngine());
  const before = screen.rows();
  for (const [columns, rows] of [
    [80, 24],
    [41, 11],
    [40, 10],
    [39, 9],
    [10, 3],
    [1, 1],
    [200, 60],
    [120, 40],
  ] as const) {
    await screen.resize(columns, rows);
    for (const line of screen.rows()) assert.ok(line.length <= columns, `${line.length} cells at ${columns}`);
  }
  assert.deepEqual(screen.rows(), before);
});

test('only what is seen is asked for, and panes that are hidden are closed', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-3', 'z');
  assert.deepEqual(engine.openViews.map(({ pane }) => pane).sort(), ['log', 'peers', 'status']);
  for (const view of engine.openViews)
    if ('rows' in view) assert.ok(view.rows <= 36, `${view.pane} ${view.rows}`);
});

test('the log stops following when it is scrolled, counts what is new below, and End follows again', async (t) => {
  const data = busyEngine();
  data.log = Array.from({ length: 200 }, (_, index) => ({
    ...(data.log[0] as (typeof data.log)[0]),
    id: index + 1,
    text: `entry ${index + 1}`,
  }));
  const { screen, engine } = await opened(t, data);
  await screen.press('alt-3', 'z', 'pageup', 'pageup');
  const shown = screen.rows().filter((line) => line.includes('entry'));
  engine.change((engine) => {
    for (let id = 201; id <= 205; id += 1)
      engine.log.push({ ...(engine.log[0] as (typeof data.log)[0]), id, text: `entry ${id}` });
  });
  await screen.settle();
  assert.deepEqual(
    screen.rows().filter((line) => line.includes('entry')),
    shown,
  );
  assert.match(screen.text(), /▼ \d+ new below/);
  await screen.press('end');
  assert.match(screen.text(), /entry 205/);
  assert.match(screen.text(), /following/);
});

test('k and j walk through a long log one entry at a time, over the edge of the window and back', async (t) => {
  const data = busyEngine();
  data.log = Array.from({ length: 60 }, (_, index) => ({
    ...(data.log[0] as (typeof data.log)[0]),
    id: index + 1,
    text: `entry ${index + 1}.`,
  }));
  data.bodies = Object.fromEntries(
    data.log.map(({ id, text }) => [
      id,
      { id, headerLines: [`body of ${text}`], text: '', base64: '', omittedBytes: 0, binaryBytes: 0 },
    ]),
  );
  const { screen } = await opened(t, data);
  await screen.press('alt-3');
  for (let count = 0; count < 40; count += 8) await screen.type('k'.repeat(8));
  await screen.press('enter');
  assert.match(screen.text(), /body of entry 20\./);
  await screen.press('escape');
  for (let count = 0; count < 40; count += 8) await screen.type('j'.repeat(8));
  assert.match(screen.text(), /following/);
});
