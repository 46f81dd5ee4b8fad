import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import tls from 'node:tls';
import { accept, chatSays, chatShows, enterLine, startClient, startServer } from '../helpers/aioc-session.ts';
import { freePort } from '../helpers/free-port.ts';
import type { PtySession } from '../helpers/pty-session.ts';
import { realSide } from '../helpers/real-connectors.ts';

const SLOW = { timeoutMs: 30_000 };
const WIDE = { columns: 120, rows: 40 };

/** Sets the title, asks for the cursor, scrolls a region, leaves the alternate screen, and more; none is our writer's. */
const ESCAPES =
  '\x1b]0;pwned\x07\x1b[6n\x1b[2;7r\x1b[?1047l\x1b[38;5;201m\x9b6n\x1b]52;c;cHduZWQ=\x1b\\\x08\u202e';

/** All that the program itself sends: modes, places, looks, erasing, and the question for the background. */
const OWN_SEQUENCES =
  /\x1b\[(?:\?(?:25|7|1000|1002|1003|1004|1006|1049|2004|2026)[hl]|[\d;]*[HmKJCGX])|\x1b\]11;\?\x1b\\/g;

/** Nothing reached the terminal but what the program's own writer writes. */
function onlyOwnSequences(session: PtySession): void {
  const raw = session.rawSince(0);
  const rest = raw.replace(OWN_SEQUENCES, '');
  const foreign = /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e].{0,20}/u.exec(rest)?.[0];
  assert.equal(foreign, undefined, JSON.stringify(foreign));
  assert.ok(!raw.includes('\x1b[38;5;201m'), 'a colour that we never use');
  assert.equal(session.modes().alternateScreen, true);
}

test('escape sequences as certificate name, name, text and file name are drawn, not obeyed', async (t) => {
  const port = await freePort();
  await using ada = startServer(port, WIDE);
  await ada.waitFor('● server', SLOW);
  const mallory = await realSide(t, { role: 'client', port, displayName: `mal${ESCAPES}` });
  await mallory.engine.start();
  await accept(ada);
  await chatSays(ada, /mal\\x1b]0;pwned.* is connected/);
  const peer = mallory.engine.serverPeer ?? '';
  await mallory.do({ kind: 'chat.say', peer, text: `hello${ESCAPES}\x1b[2J\nworld` });
  await chatShows(ada, /hello\\x1b]0;pwned/);
  const file = join(mallory.home, `evil${ESCAPES.replaceAll('/', '')}.txt`);
  writeFileSync(file, 'evil');
  const sent = await mallory.do({ kind: 'chat.upload', peer, path: file });
  assert.deepEqual(sent, { ok: true, value: 'refused' });
  await chatShows(ada, /evil\\x1b]0;pwned/);
  await enterLine(ada, 'still here');
  ada.press('escape');
  await ada.waitFor(/to write to mal/);
  ada.press('3', 'z');
  await ada.waitFor((screen) => !screen.join('\n').includes('4 Chat'), { what: 'the log alone' });
  assert.match(ada.screenText(), /hello\\x1b]0;pwned/);
  ada.press('enter');
  await ada.waitFor((screen) => screen.join('\n').includes('source_id'), { what: 'the message' });
  onlyOwnSequences(ada);
});

test('a server that is hostile is no better off', async (t) => {
  const mallory = await realSide(t, { role: 'server', displayName: `mal${ESCAPES}` });
  await mallory.engine.start();
  await using ben = startClient(mallory.status().port, WIDE);
  await chatSays(ben, /mal\\x1b]0;pwned.* is connected/);
  await mallory.do({ kind: 'chat.say', peer: mallory.peers()[0]?.id ?? '', text: `hello${ESCAPES}` });
  await chatShows(ben, /hello\\x1b]0;pwned/);
  onlyOwnSequences(ben);
});

/** A server that says the same to everybody. */
async function serverThatSays(t: TestContext, bytes: Buffer): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** Says something to a server and waits until that has hung up. */
async function tell(socket: net.Socket, bytes: Buffer): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await closed;
}

/** Frames that are too large, too small, or not JSON, and noise. */
const GARBAGE: readonly Buffer[] = [
  Buffer.from('GET / HTTP/1.1\r\nHost: here\r\n\r\n'),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from([8, 0, 0, 0, 2, 0, 0x7b, 0x7d, 0, 0, 0, 0]),
  Buffer.from([8, 0, 0, 0, 2, 0, 0x1b, 0x5b, 0, 0, 0, 0]),
  randomBytes(200_000),
];

test('garbage from clients closes them, and nobody else notices', async () => {
  const port = await freePort();
  await using ada = startServer(port, WIDE);
  await ada.waitFor('● server', SLOW);
  for (const bytes of GARBAGE) await tell(net.connect(port, '127.0.0.1'), bytes);
  for (const bytes of GARBAGE)
    await tell(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }), bytes);
  await using ben = startClient(port, WIDE);
  await accept(ada);
  await chatShows(ben, 'ada is connected');
  await enterLine(ben, 'am I the first?');
  await chatShows(ada, 'am I the first?');
  onlyOwnSequences(ada);
});

test('a server that talks garbage is named as such, and called again', async (t) => {
  const port = await serverThatSays(t, Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'));
  await using encrypted = startClient(port, WIDE);
  await chatSays(encrypted, 'the peer does not use TLS here: enable or disable TLS on both sides');
  const noise = await serverThatSays(
    t,
    Buffer.concat([Buffer.from([100, 0, 0, 0, 50, 0]), randomBytes(1000)]),
  );
  await using plain = startClient(noise, { ...WIDE, args: ['--no_tls'] });
  await plain.waitFor(/try \d/, SLOW);
  for (const session of [encrypted, plain]) {
    onlyOwnSequences(session);
    session.press('q');
    assert.deepEqual(await session.waitForExit(SLOW), { exitCode: 0, signal: 0 });
  }
});
