import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageLog } from '../../../engine/connector/message-log.ts';
import type { LogLine } from '../../../engine/log-files/log-file.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function opened() {
  const clock = new FakeClock(1_000);
  const lines: LogLine[] = [];
  const log = new MessageLog({ clock, onChange: () => undefined, onLine: (line) => lines.push(line) });
  const rows = () => Array.from({ length: log.length }, (_, index) => log.at(index));
  return { clock, log, lines, rows };
}

test('a warning that comes again is counted in its row, with the last time; the log file has every line', () => {
  const { clock, log, lines, rows } = opened();
  for (let at = 0; at < 7; at += 1) {
    log.event('not connected: nothing listens there', { warning: true });
    clock.advance(1_000);
  }
  log.event('the disk is full', { warning: true });
  assert.equal(lines.length, 8);
  assert.deepEqual(
    rows().map((row) => [row?.text, row?.repeats, row?.atMs, row?.lastAtMs]),
    [
      ['not connected: nothing listens there', 7, 1_000, 7_000],
      ['the disk is full', undefined, 8_000, undefined],
    ],
  );
});

test('what is no warning, of another peer, or long ago has a row of its own', () => {
  const { log, rows } = opened();
  log.event('connected');
  log.event('connected');
  log.event('slow', { warning: true, peerName: 'a' });
  log.event('slow', { warning: true, peerName: 'b' });
  assert.equal(rows().length, 4);
  for (let at = 0; at < 200; at += 1) log.event(`line ${at}`);
  log.event('slow', { warning: true, peerName: 'a' });
  assert.equal(rows().length, 205);
  assert.equal(rows().at(-1)?.repeats, undefined);
});
