import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backText } from '../../source/screen/run-attach.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

interface Opened {
  readonly screen: TestScreen;
  readonly engine: FakeEngine;
}

async function attachedTo(t: { after(action: () => void): void }, data = busyEngine()): Promise<Opened> {
  const engine = new FakeEngine(data);
  const screen = await openScreen({ engine, attached: 'here' });
  t.after(() => screen.close());
  return { screen, engine };
}

test('a screen that is attached says so, and q leaves at once: nothing is lost by it', async (t) => {
  const { screen, engine } = await attachedTo(t);
  engine.setStatus({ waitingCount: 7, transfersInFlight: 1 });
  await screen.press('alt-1');
  assert.match(screen.rows()[0] ?? '', /· attached/);
  assert.match(screen.text(), /q detach/);
  assert.doesNotMatch(screen.text(), /q quit/);
  await screen.press('q');
  assert.deepEqual(screen.quits, [0]);
  assert.doesNotMatch(screen.text(), /Quit aioc|Detach\?/);
  assert.deepEqual(engine.executed, []);
});

test('a screen of its own engine says nothing of it, and asks as ever', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  await screen.press('alt-1', 'q');
  assert.doesNotMatch(screen.text(), /attached|detach/i);
  assert.match(screen.text(), /Quit aioc\?/);
});

test('a line that is being written, or a command that runs here, is asked about before leaving', async (t) => {
  const { screen } = await attachedTo(t);
  await screen.press('4');
  await screen.type('half a line');
  await screen.press('ctrl-c');
  assert.match(screen.text(), /Detach\?/);
  assert.match(screen.text(), /The connector keeps running\./);
  assert.match(screen.text(), /\[ Cancel ]/);
  await screen.press('escape');
  await screen.press('ctrl-u');
  await screen.type('!sleep 9\r');
  await screen.press('alt-1', 'q');
  assert.match(screen.text(), /Detach\?/);
  assert.deepEqual(screen.quits, []);
  await screen.press('right', 'enter');
  assert.deepEqual(screen.quits, [0]);
});

test('!exit and Ctrl-C detach, too', async (t) => {
  for (const leave of [
    (screen: TestScreen) => screen.type('4!exit\r'),
    (screen: TestScreen) => screen.press('ctrl-c'),
  ]) {
    const { screen, engine } = await attachedTo(t);
    engine.setStatus({ waitingCount: 3 });
    await leave(screen);
    assert.deepEqual(screen.quits, [0]);
  }
});

test('a connector that is gone is a state: nothing is asked of it, a line is kept, and q still leaves', async (t) => {
  const { screen, engine } = await attachedTo(t, { ...emptyEngine(), peers: [samplePeer('client1')] });
  await screen.lose();
  assert.match(screen.rows()[0] ?? '', /✕ server .*connector not reachable, waiting/);
  assert.doesNotMatch(screen.rows()[0] ?? '', /● server/);
  assert.match(screen.rows().at(-1) ?? '', /showing its last state\. +q detach/);
  await screen.type('4are you there?\r');
  assert.match(screen.text(), /Connector not reachable\. Your line is kept\./);
  assert.match(screen.text(), /› are you there\?/);
  await screen.press('alt-1', 'i');
  assert.match(screen.text(), /Not sent: the connector is not reachable/);
  assert.deepEqual(
    engine.executed.filter(({ kind }) => kind !== 'chat.read'),
    [],
  );
  await screen.press('q');
  assert.match(screen.text(), /The line that you have begun is lost/);
  await screen.press('right', 'enter');
  assert.deepEqual(screen.quits, [0]);
});

test('a read-only screen says so, and shows why a key changes nothing', async (t) => {
  const { screen, engine } = await attachedTo(t);
  engine.setStatus({ isReadOnly: true });
  engine.answers.set('peer.ignore', {
    ok: false,
    code: 'AIOC_READ_ONLY',
    message: 'this screen is read-only',
  });
  await screen.press('1', 'i');
  assert.match(screen.rows()[0] ?? '', /· attached · read-only/);
  assert.match(screen.text(), /✕ this screen is read-only/);
  await screen.press('4', 'escape');
  assert.deepEqual(engine.commands('chat.read'), []);
});

test('a connector that does not answer is told from one that is gone, second by second, and gets no command', async (t) => {
  const { screen, engine } = await attachedTo(t);
  await screen.press('alt-1', 'i');
  await screen.attachedNow('silent');
  assert.match(screen.text(), /Cancelled: Ignore client1 \(the connector is not reachable\)/);
  for (const seconds of [12, 13]) {
    screen.clock.advance(seconds === 12 ? 10_000 : 1_000);
    await screen.settle();
    assert.match(screen.rows()[0] ?? '', /✕ server .*· not answering for \d+ s/);
  }
  assert.match(screen.text(), /●.*client2/);
  await screen.press('j', 'p');
  assert.match(screen.rows().at(-1) ?? '', /Not sent: the connector does not answer\./);
  assert.deepEqual(
    engine.executed.filter(({ kind }) => kind !== 'chat.read'),
    [],
  );
  await screen.attachedNow('here');
  assert.match(screen.rows().at(-1) ?? '', /The connector answers again\./);
  assert.match(screen.rows()[0] ?? '', /● server/);
  assert.match(screen.text(), /›● client2/);
});

test('a connector that comes back as another release says so', async (t) => {
  const { screen } = await attachedTo(t);
  await screen.lose();
  await screen.restarted(new FakeEngine(busyEngine()), backText('0.1.0', '0.2.0'));
  assert.match(screen.rows().at(-1) ?? '', /✓ The connector is back as aioc 0\.2\.0, before 0\.1\.0\./);
  assert.doesNotMatch(backText('0.1.0', '0.1.0'), /as aioc/);
});
