import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../engine/contract/views.ts';
import { FakeEngine, type FakeEngineData } from '../helpers/fake-engine.ts';
import {
  busyEngine,
  emptyEngine,
  NOW_MS,
  sampleChat,
  samplePeer,
  sampleQueue,
} from '../helpers/sample-data.ts';
import { openScreen, type TestScreen, type TestScreenOptions } from '../helpers/screen.tsx';

const MUTUAL_TLS: Partial<Status> = { configured: true, canDeleteCertificates: true, security: 'mutual-tls' };

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

function server(changes: Partial<Status> = {}): FakeEngineData {
  const peers = [samplePeer('client1'), samplePeer('client2')];
  return { ...emptyEngine({ ...MUTUAL_TLS, peersConnected: 2, ...changes }), peers };
}

test('d deletes a certificate when its name was typed and Delete chosen, and shows what the other side must do', async (t) => {
  const { screen, engine } = await opened(t, server());
  engine.answers.set('certificate.delete', { ok: true, value: 'deleted. There, it must say so, too.' });
  await screen.press('alt-1', 'j');
  assert.match(screen.text(), /d delete certificate/);
  assert.match(screen.text(), /mutual TLS/);
  await screen.press('d');
  assert.match(screen.text(), /Delete client2’s certificate\?/);
  assert.match(screen.text(), /It is cut off at once\. It comes back only when it/);
  assert.match(screen.text(), /Type client2 to confirm\./);
  assert.match(screen.text(), /\[ Cancel ]/);
  await screen.type('client');
  await screen.press('tab', 'enter');
  assert.match(screen.text(), /Type client2 first/);
  assert.deepEqual(engine.commands('certificate.delete'), []);
  await screen.type('2');
  await screen.press('enter');
  assert.deepEqual(engine.commands('certificate.delete'), [{ kind: 'certificate.delete', peer: 'client2' }]);
  assert.match(screen.text(), /deleted\. There, it must say so, too\./);
  await screen.press('escape');
  assert.doesNotMatch(screen.text(), /must say so/);
});

test(':invite asks for the name, and shows the code with what to do with it', async (t) => {
  const { screen, engine } = await opened(t, server());
  engine.answers.set('client.invite', { ok: true, value: 'aioc1abc' });
  await screen.press('alt-1', ':');
  await screen.type('invite');
  await screen.press('enter');
  assert.match(screen.text(), /Name of the new client/);
  await screen.press('enter');
  assert.deepEqual(engine.commands('client.invite'), []);
  await screen.type('bob');
  await screen.press('enter');
  assert.deepEqual(engine.commands('client.invite'), [{ kind: 'client.invite', name: 'bob' }]);
  assert.match(screen.text(), /Invitation for bob/);
  assert.match(screen.text(), /aioc1abc/);
  assert.match(screen.text(), /aioc join -/);
});

test('invite takes the name and the hours in the palette, too', async (t) => {
  const { screen, engine } = await opened(t, server());
  engine.answers.set('client.invite', { ok: true, value: 'aioc1abc' });
  await screen.press('alt-1', ':');
  await screen.type('invite bob 48');
  assert.match(screen.text(), /invite a new client: NAME \[HOURS\]/);
  await screen.press('enter');
  assert.deepEqual(engine.commands('client.invite'), [{ kind: 'client.invite', name: 'bob', hours: 48 }]);
  assert.match(screen.text(), /Invitation for bob/);
  await screen.press('escape', ':');
  await screen.type('invite bob for long');
  await screen.press('enter');
  assert.match(screen.text(), /Type a name, and perhaps a number of hours/);
  assert.equal(engine.commands('client.invite').length, 1);
});

test('the details of a peer say how long both certificates are valid, in mutual TLS', async (t) => {
  const endsAtMs = Date.now() + 1_000 * 86_400_000;
  const data = server();
  const { screen } = await opened(t, {
    ...data,
    status: { ...data.status, ownCertificateEndsAtMs: endsAtMs },
    peers: [{ ...samplePeer('client1'), certificateEndsAtMs: 0 }],
  });
  await screen.press('alt-1', 'v');
  assert.match(screen.text(), /valid for: +expired \(its certificate\), [\d,. ]+ days \(yours\)/);
});

test('a certificate that ends within 30 days is a warning: this side’s in the first line, a peer’s under the list and in its row', async (t) => {
  const day = 86_400_000;
  const seen = async (ownDays: number, itsDays: number): Promise<string> => {
    const data = server();
    const { screen } = await opened(t, {
      ...data,
      status: { ...data.status, ownCertificateEndsAtMs: NOW_MS + ownDays * day + 1_000 },
      peers: [{ ...samplePeer('client1'), certificateEndsAtMs: NOW_MS + itsDays * day + 1_000 }],
    });
    await screen.press('alt-1', 'z');
    return screen.text();
  };
  assert.doesNotMatch(await seen(31, 31), /certificate (ends|expired)/);
  const text = await seen(12, -1);
  assert.match(text.split('\n')[0] ?? '', /certificate ends in 12 days/);
  assert.match(text, /certificate expired/);
  assert.match(text, /dropped +cert .*\n.* ended /);
});

test('the details of a peer say when it was last connected; on a server in mutual TLS, and unknown when it is', async (t) => {
  const now = Date.now();
  const away = (name: string) => ({ ...samplePeer(name), state: 'away' as const });
  const peers = [
    { ...away('client1'), certificateLastUseMs: now - 3 * 3_600_000 },
    away('client2'),
    samplePeer('client3'),
  ];
  const { screen } = await opened(t, { ...server(), peers });
  await screen.press('alt-1', 'v');
  assert.match(screen.text(), /last use: +20\d\d-\d\d-\d\d \d\d:\d\d, .* ago/);
  await screen.press('escape', 'down', 'v');
  assert.match(screen.text(), /last use: +unknown/);
  await screen.press('escape', 'down', 'v');
  assert.match(screen.text(), /last use: +now/);
});

test('the name alone deletes nothing: Cancel has the focus; letters and a paste are text', async (t) => {
  const { screen, engine } = await opened(t, server());
  await screen.press('alt-1', 'd');
  await screen.type('hl');
  await screen.press('backspace', 'backspace');
  await screen.paste('client1\nmore');
  assert.match(screen.text(), /› client1 /);
  await screen.press('enter');
  assert.doesNotMatch(screen.text(), /Delete client1/);
  assert.deepEqual(engine.commands('certificate.delete'), []);
});

test('a name, Tab and Enter in a single read lose no key', async (t) => {
  const { screen, engine } = await opened(t, server());
  await screen.press('alt-1', 'd');
  await screen.type('client1\t\r');
  assert.equal(engine.commands('certificate.delete').length, 1);
});

test('on a client d is about its own certificate; one that has none says so', async (t) => {
  const client = { ...server(), peers: [samplePeer('127.0.0.1')] };
  const status = { ...MUTUAL_TLS, role: 'client', ownName: 'client7', phase: { kind: 'connected' } } as const;
  const { screen, engine } = await opened(t, { ...client, ...{ status: emptyEngine(status).status } });
  await screen.press('alt-1', 'd');
  await screen.type('client7');
  await screen.press('tab', 'enter');
  assert.deepEqual(engine.commands('certificate.delete'), [
    { kind: 'certificate.delete', peer: '127.0.0.1' },
  ]);
  engine.setStatus({ asksForCertificate: true });
  await screen.press('escape', 'd');
  assert.match(screen.text(), /This client has no certificate yet/);
  assert.doesNotMatch(screen.text(), /d delete certificate/);
});

test('without mutual TLS d does nothing and is not offered', async (t) => {
  const { screen } = await opened(t, busyEngine());
  await screen.press('alt-1');
  assert.doesNotMatch(screen.text(), /d delete certificate/);
  await screen.press('d');
  assert.match(screen.text(), /Certificates can only be deleted with mutual TLS/);
});

test('the palette has the commands of aioc cli, by its names too', async (t) => {
  const { screen, engine } = await opened(t, server());
  await screen.press('alt-1');
  for (const line of ['stop', 'stop hard', 'restart', 'restart hard']) {
    await screen.type(`:${line}\r`);
    assert.match(
      screen.rows().at(-1) ?? '',
      /(Stop|Restart) the connector.* in [45] s {2}u undo {2}Enter now/,
      line,
    );
    await screen.press('enter');
  }
  assert.deepEqual(
    engine.executed.filter(({ kind }) => kind.startsWith('connector.')),
    [
      { kind: 'connector.stop', hard: false },
      { kind: 'connector.stop', hard: true },
      { kind: 'connector.restart', hard: false },
      { kind: 'connector.restart', hard: true },
    ],
  );
  await screen.type(':start\r');
  assert.match(screen.text(), /is already running/);
  engine.setStatus({ phase: { kind: 'stopped' } });
  await screen.settle();
  assert.match(screen.text(), /stopped/);
  await screen.type(':start\r');
  assert.equal(engine.commands('connector.start').length, 1);
  await screen.type(':peek_queues\r');
  await screen.press('w');
  assert.match(screen.text(), /No queue is selected/);
  await screen.type(':show-connected-peers\r:delete_client_certificate\r');
  assert.match(screen.text(), /Delete client1’s certificate\?/);
});

test('a chat has no connector to stop', async (t) => {
  const { screen, engine } = await opened(t, busyEngine());
  await screen.press('alt-1');
  await screen.type(':stop\r');
  assert.match(screen.text(), /connector with a configuration file/);
  assert.deepEqual(engine.commands('connector.stop'), []);
});

test('a configured server says what a client’s configuration needs, and a client that it asks for a certificate', async (t) => {
  const { screen } = await opened(t, emptyEngine(MUTUAL_TLS));
  assert.match(screen.text(), /"server_sockaddr": \["192\.168\.1\.20", 10673]/);
  assert.match(screen.text(), /certificates\/client/);
  assert.doesNotMatch(screen.text(), /--target|No TLS/);
  const asking: Partial<Status> = { ...MUTUAL_TLS, role: 'client', asksForCertificate: true };
  const phase = { kind: 'waiting-to-be-let-in' } as const;
  const peers = [samplePeer('srv', { state: 'waiting' })];
  const { screen: client } = await opened(t, { ...emptyEngine({ ...asking, phase }), peers });
  assert.match(client.text(), /requesting a certificate/);
  assert.match(client.text(), /This client has no certificate yet/);
  assert.doesNotMatch(client.text(), /No TLS|accepted/);
});

test('an inbox to which nobody listens is a queue with its reason', async (t) => {
  const about = { direction: 'in', peerName: 'inbox', type: 'events', depth: 7 } as const;
  const command = 'aioc listen server.json --type events';
  const text = 'no program on this machine listens to events';
  const blocked = { code: 'no-listener', text, remedy: { text: 'start its program', command } } as const;
  const { peer: _none, ...row } = sampleQueue('in:events', { ...about, blocked });
  const { screen } = await opened(t, { ...server({ stuckCount: 1 }), queues: [row] });
  assert.match(screen.text(), /! inbox · events +7 /);
  assert.match(screen.text(), /stuck\? no program on this machine listens to events/);
  assert.match(screen.text(), /› aioc listen server\.json --type events/);
  await screen.press('2', 'w');
  assert.match(screen.text(), /What to do: start its program:/);
});

test('what a full queue has dropped is shown, also when nothing is stuck', async (t) => {
  const { screen } = await opened(t, {
    ...server(),
    queues: [
      sampleQueue('q1', { type: 'events', dropped: 12 }),
      sampleQueue('q2', { type: 'b', dropped: 1 }),
    ],
  });
  assert.match(screen.text(), /dropped \(full\): 12 in client1 · events, and in 1 more/);
});

test('!exit waits a moment for the acknowledgement of the last line, and asks only when it does not come', async (t) => {
  const { screen, engine } = await opened(t, { ...server() });
  engine.setStatus({ configured: false, waitingCount: 1 });
  await screen.type('4!exit\r');
  assert.doesNotMatch(screen.text(), /Quit aioc/);
  assert.deepEqual(screen.quits, []);
  engine.setStatus({ waitingCount: 0 });
  await screen.settle();
  assert.deepEqual(screen.quits, [0]);
  engine.setStatus({ waitingCount: 1 });
  await screen.type('!exit\r');
  screen.clock.advance(1_000);
  await screen.settle();
  assert.match(screen.text(), /1 message has no ack yet/);
  assert.deepEqual(screen.quits, [0]);
});

test('somebody who has said something and gone again is who is talked to', async (t) => {
  const gone = samplePeer('client9', { state: 'away', unread: 2 });
  const chats = { client9: [sampleChat(1, { author: 'client9', text: 'are you there?' })] };
  const { screen } = await opened(t, {
    ...emptyEngine(),
    peers: [samplePeer('client0', { state: 'away' }), gone],
    chats,
  });
  assert.match(screen.text(), /4 Chat · client9/);
  assert.match(screen.text(), /are you there\?/);
});

test('why a transfer was refused is shown whole', async (t) => {
  const detail =
    'the file has 900 MB and the other side takes at most 100 MB: send it in parts, or raise the limit there';
  const transfer = { phase: 'refused', doneBytes: 0, totalBytes: 9e8, bytesPerSecond: 0, detail } as const;
  const row = sampleChat(1, { from: 'me', text: 'big.iso', transfer });
  for (const columns of [120, 80, 40]) {
    const { screen } = await opened(t, { ...server(), chats: { client1: [row] } }, { columns, rows: 24 });
    await screen.press('4');
    const chat = screen.text().replace(/[│\s]+/g, ' ');
    if (columns < 120) assert.ok(chat.includes(`refused ${detail}`), screen.text());
    else for (const word of detail.split(' ')) assert.ok(chat.includes(word), word);
  }
});

test('what ignoring has cost is never cut', async (t) => {
  for (const [name, columns, shown] of [
    ['ben', 80, 'ignored, 12 dropped'],
    ['client4', 80, 'ignored, 12 dropped'],
    ['printer-in-the-hall', 80, '12 dropped'],
    ['printer-in-the-hall', 40, '12 dropped'],
    ['client4', 40, 'ignored, 12 dropped'],
  ] as const) {
    const data = { ...emptyEngine(), peers: [samplePeer(name, { ignored: true, ignoredIn: 12 })] };
    const { screen } = await opened(t, data, { columns, rows: 24 });
    await screen.press('alt-1');
    assert.ok(screen.text().includes(shown), screen.text());
  }
});

test('what waits on the disk is no reason to be asked at quitting', async (t) => {
  const { screen, engine } = await opened(t, { ...server() });
  engine.setStatus({ waitingCount: 12, storedCount: 12 });
  await screen.settle();
  assert.match(screen.rows()[0] ?? '', / waiting 12 out /);
  await screen.press('alt-1', 'q');
  assert.match(screen.text(), /12 messages are on disk and will be sent later\./);
  assert.doesNotMatch(screen.text(), /no ack yet/);
  engine.setStatus({ peersConnected: 0 });
  await screen.press('escape', '4');
  await screen.type('!exit\r');
  assert.deepEqual(screen.quits, [0]);
});

test('v shows TLS, the certificate with its issuer and dates, what admitted the client, and its program', async (t) => {
  const fingerprint = 'ab'.repeat(32);
  const peer = samplePeer('client1', {
    version: '0.1.0',
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    fingerprint,
    certificateIssuer: 'client1',
    certificateStartsAtMs: Date.UTC(2026, 0, 2),
    ackLagMs: 340,
  });
  const { screen } = await opened(t, { ...server(), peers: [peer] });
  await screen.press('1', 'v');
  const text = screen.text();
  assert.match(text, /program: +aioc 0\.1\.0/);
  assert.match(text, /TLS: +TLSv1\.3, TLS_AES_256_GCM_SHA384/);
  assert.match(text, /admitted: +by its certificate/);
  assert.match(text, /issuer: +client1/);
  assert.match(text, /valid from: +2026-01-02/);
  assert.match(text, /lag: +340 ms \(of acks\)/);
  assert.ok(text.includes(fingerprint), 'whole, to be copied');
});
