/** S11: what peers, strangers and programs write into the log is bounded: in length, per source, and in all. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../../engine/base/limits.ts';
import { MessageLog } from '../../engine/connector/message-log.ts';
import { LogFile, type LogLine } from '../../engine/log-files/log-file.ts';
import { configuredPair } from '../helpers/configured-connectors.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { SimulatedClock } from '../helpers/simulated-clock.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

function logged() {
  const clock = new SimulatedClock();
  const lines: LogLine[] = [];
  const log = new MessageLog({ clock, onChange: () => undefined, onLine: (line) => lines.push(line) });
  return { clock, lines, log };
}

test('a line about a peer has at most 200 characters, with its beginning and its end', () => {
  const { log } = logged();
  log.event(`a message of the type ${'x'.repeat(60_000)} was dropped: nobody takes it`, {
    peerName: 'mallory',
  });
  const text = log.at(0)?.text ?? '';
  assert.equal(text.length, LIMITS.logLineCharacters);
  assert.match(text, /^a message of the type x+…x+ was dropped: nobody takes it$/);
});

test('in the file it is as short, although control characters are escaped', async (t) => {
  const directory = tempDir(t);
  const clock = new SimulatedClock();
  const file = await LogFile.open({
    ...{ directory, level: 'INFO', rotateBytes: undefined, backups: 0 },
    ...{ wallNow: () => clock.wallNow(), now: () => clock.now(), onTrouble: assert.fail },
  });
  const log = new MessageLog({ clock, onChange: () => undefined, onLine: (line) => file.write(line) });
  log.event('\x1b]0;'.repeat(5_000), { peerName: 'm'.repeat(128) });
  log.event('\x1b'.repeat(5_000));
  await file.close();
  const [first = '', second = ''] = readFileSync(join(directory, 'aioconnectors.log'), 'utf8').split('\n');
  const headCharacters = '2026-01-02T14:02:00.000Z - WARNING - '.length;
  assert.ok(first.length <= LIMITS.logLineCharacters + headCharacters);
  assert.ok(second.length <= LIMITS.logOwnLineCharacters + headCharacters);
});

test('repeats are one line a second for each peer, with a count', async () => {
  const { clock, lines, log } = logged();
  for (let count = 0; count < 30_000; count += 1) {
    for (const peerName of ['mallory', 'trudy'])
      log.event(`type ${count} is unknown`, { peerName, repeats: 'unknown type' });
  }
  await clock.pass(1_000);
  assert.deepEqual(
    lines.map(({ text }) => text),
    [
      'mallory: type 0 is unknown',
      'trudy: type 0 is unknown',
      'mallory: type 29999 is unknown (the last of 29999)',
      'trudy: type 29999 is unknown (the last of 29999)',
    ],
  );
});

test('lines of all kinds about one source are bounded, and the log says how many are missing', async () => {
  const { clock, lines, log } = logged();
  for (let second = 0; second < 60; second += 1) {
    for (let count = 0; count < 100; count += 1) log.event(`line ${second} ${count}`, { about: '10.0.0.1' });
    log.event('hello', { peerName: `honest ${second}` });
    log.event('my own line');
    await clock.pass(1_000);
  }
  const texts = lines.map(({ text }) => text);
  const written = texts.filter((text) => text.startsWith('line')).length;
  assert.ok(written <= LIMITS.logBurstPerSource + 60, `${written} lines`);
  assert.equal(texts.filter((text) => /^honest \d+: hello$/.test(text)).length, 60);
  assert.equal(texts.filter((text) => text === 'my own line').length, 60);
  const missing = texts.flatMap(
    (text) => /(\d+) more lines were left out here about 10.0.0.1/.exec(text)?.[1] ?? [],
  );
  assert.equal(
    missing.reduce((sum, count) => sum + Number(count), written),
    6_000,
  );
});

test('a new name for each line does not help: all sources together are bounded, and own lines always come', async () => {
  const { clock, lines, log } = logged();
  for (let second = 0; second < 60; second += 1) {
    for (let count = 0; count < 2_000; count += 1)
      log.event('hello', { peerName: `made up ${second} ${count}` });
    log.event('my own line');
    await clock.pass(1_000);
  }
  const perSecond = 1_000 / LIMITS.logIntervalMs + 4 + 1;
  assert.ok(lines.length <= LIMITS.logBurst + 60 * perSecond, `${lines.length} lines`);
  assert.equal(lines.filter(({ text }) => text === 'my own line').length, 60);
});

test('a peer that sends 1,500 messages of unknown types, some with 60,000 letters, fills no log', async (t) => {
  const { server } = await configuredPair(t, 'plain');
  const mallory = await rawClient(t, { mode: 'plain', server, name: 'mallory', peerKind: 'python' });
  const letters = 'x'.repeat(60_000);
  for (let number = 0; number < 150; number += 1) mallory.send({ message_type: `${number}${letters}` });
  for (let number = 0; number < 1_350; number += 1) mallory.send({ message_type: `_${number}` });
  mallory.send({ transport_id: 7 }, 'the end');
  await waitFor(() => mallory.frames.some(({ header }) => header['transport_id'] === 7), { what: 'its ack' });
  const events = server.log().filter(({ kind, peerName }) => kind === 'event' && peerName === 'mallory');
  assert.ok(events.length > 0 && events.length < 20, `${events.length} lines`);
  for (const { text } of events) assert.ok(text.length <= LIMITS.logLineCharacters);
});
