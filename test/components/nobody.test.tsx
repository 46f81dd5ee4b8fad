import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine, type FakeEngineData } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, samplePeer, sampleShellRows } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen, type TestScreenOptions } from '../helpers/screen.tsx';

async function opened(
  t: { after(action: () => void): void },
  data: FakeEngineData,
  options: Partial<TestScreenOptions> = {},
): Promise<{ screen: TestScreen; engine: FakeEngine }> {
  const engine = new FakeEngine(data);
  const screen = await openScreen({ engine, ...options });
  t.after(() => screen.close());
  return { screen, engine };
}

const FAILED = {
  kind: 'failed',
  code: 'AIOC_PORT_TAKEN',
  reason: 'port 10673 is used by another program: choose another with --port',
} as const;

test('with nobody there !commands run, and their output is kept under the first screen', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine());
  await screen.press('4');
  await screen.type('!ls');
  await screen.press('enter');
  assert.deepEqual(
    screen.local.shells.map(({ line }) => line),
    ['ls'],
  );
  screen.local.shells[0]?.update({ running: false, exitCode: 0, lines: ['site.zip'], droppedLines: 0 });
  const [row] = engine.commands('chat.local');
  assert.equal(row?.peer, '');
  engine.change((data) => {
    data.chats[''] = sampleShellRows();
  });
  await screen.settle();
  assert.match(screen.text(), /\$ ls +exit 0/);
  assert.match(screen.text(), /aioc --target 192\.168\.1\.20/, 'the first screen is still there');
});

test('with nobody there !import works and says where to', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine());
  engine.answers.set('files.import', { ok: true, value: '/home/ann/a.txt' });
  await screen.press('4');
  await screen.type('!import a.txt');
  await screen.press('enter');
  assert.deepEqual(engine.commands('files.import'), [
    { kind: 'files.import', name: 'a.txt', directory: '/home/ann', unzip: false },
  ]);
  const [remark] = engine.commands('chat.local');
  assert.deepEqual([remark?.peer, remark?.row.text], ['', 'a.txt copied to /home/ann/a.txt']);
});

test('with nobody there a line or an upload stays where it is, and goes to whoever comes', async (t) => {
  const { screen, engine } = await opened(t, emptyEngine());
  await screen.press('4');
  for (const line of ['!upload site.zip', 'hello']) {
    await screen.type(line);
    await screen.press('enter');
    assert.match(screen.text(), /No peers yet. Your line is kept/);
    if (line !== 'hello') await screen.press('ctrl-u');
  }
  assert.deepEqual(engine.executed, []);
  engine.change((data) => {
    data.peers.push(samplePeer('ben'));
  });
  await screen.settle();
  assert.match(screen.text(), /4 Chat · ben/);
  await screen.press('enter');
  assert.deepEqual(engine.commands('chat.say'), [{ kind: 'chat.say', peer: 'ben', text: 'hello' }]);
});

test('a running command is stopped by Ctrl-C with nobody there too', async (t) => {
  const { screen } = await opened(t, emptyEngine());
  await screen.press('4');
  await screen.type('!sleep 100');
  await screen.press('enter', 'ctrl-c');
  assert.equal(screen.local.shells[0]?.isCancelled, true);
  assert.doesNotMatch(screen.text(), /Quit aioc\?/);
});

test('a server that could not listen says why and what to do, and r tries again', async (t) => {
  for (const columns of [120, 80, 40]) {
    const { screen, engine } = await opened(t, emptyEngine({ phase: FAILED }), { columns, rows: 24 });
    const words = screen
      .rows()
      .flatMap((row) => row.split(/[│\s]+/))
      .join(' ');
    assert.ok(words.includes('port 10673 is used by another'), screen.text());
    assert.match(screen.text(), /r retry/);
    assert.match(screen.text(), /q quit/);
    assert.match(screen.text(), /not listening/);
    assert.doesNotMatch(screen.text(), /--target/);
    await screen.press('r');
    assert.deepEqual(engine.commands('dial.now'), [{ kind: 'dial.now' }]);
    engine.setStatus({ phase: { kind: 'listening' } });
    await screen.settle();
    assert.match(screen.text(), /--target/);
    assert.doesNotMatch(screen.text(), /not listening/);
    await screen.press('r');
    assert.equal(engine.commands('dial.now').length, 1, 'r means something else now');
  }
});

test('while a file of ours is on its way the footer says how to cancel it, and Esc c does', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('4');
  assert.match(screen.rows().at(-1) ?? '', /Esc c cancel the transfer/);
  await screen.press('escape');
  assert.match(screen.rows().at(-1) ?? '', /(^|[^c]) c cancel the transfer/);
  await screen.press('c');
  assert.deepEqual(engine.commands('chat.cancel'), [{ kind: 'chat.cancel', peer: 'client1', row: 3 }]);
  engine.change((data) => {
    data.chats = {};
  });
  await screen.settle();
  screen.clock.advance(10_000);
  await screen.settle();
  assert.doesNotMatch(screen.rows().at(-1) ?? '', /cancel/);
});

test(':cancel is in the palette', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-1', ':');
  await screen.type('cancel');
  await screen.press('enter');
  assert.deepEqual(engine.commands('chat.cancel'), [{ kind: 'chat.cancel', peer: 'client1', row: 3 }]);
});

test('c also cancels a transfer from the other side, if none of ours is under way', async (t) => {
  const data = busyEngine();
  data.chats['client1'] = (data.chats['client1'] ?? []).map((row) =>
    row.transfer === undefined ? row : { ...row, from: 'peer' as const },
  );
  const { screen, engine } = await opened(t, data);
  assert.match(screen.rows().at(-1) ?? '', /c cancel the transfer/);
  await screen.press('c');
  assert.deepEqual(engine.commands('chat.cancel'), [{ kind: 'chat.cancel', peer: 'client1', row: 3 }]);
});

test('the question whether to quit names the transfer, also when the chat is not to be seen', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('ctrl-c');
  assert.match(screen.text(), /site\.zip \(62 %\) will be aborted/);
  await screen.press('escape', 'alt-1', 'z', 'q');
  assert.match(screen.text(), /site\.zip \(62 %\) will be aborted/);
});

test('transfers of other conversations are counted in the question whether to quit', async (t) => {
  const data = busyEngine();
  data.status = { ...data.status, transfersInFlight: 3, waitingCount: 1 };
  const { screen } = await opened(t, data);
  await screen.press('ctrl-c');
  assert.match(screen.text(), /site\.zip \(62 %\) and 2 other transfers will be aborted/);
  assert.match(screen.text(), /1 message has no ack yet/);
});
