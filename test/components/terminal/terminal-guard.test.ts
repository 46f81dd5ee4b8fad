import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import {
  ENTER_BYTES,
  RESTORE_BYTES,
  TerminalGuard,
  type TerminalGuardOptions,
} from '../../../components/terminal/terminal-guard.ts';
import { ManualClock } from '../../helpers/terminal-clock.ts';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  readonly kills: [number, string][] = [];

  exit(code: number): void {
    this.exits.push(code);
  }

  kill(pid: number, signal: string): void {
    this.kills.push([pid, signal]);
  }
}

function setUp(options: Partial<TerminalGuardOptions> = {}) {
  const fakeProcess = new FakeProcess();
  const clock = new ManualClock();
  const written: [number, string][] = [];
  const modes: boolean[] = [];
  const guard = new TerminalGuard({
    clock,
    process: fakeProcess,
    input: { isTTY: true, setRawMode: (raw) => modes.push(raw) },
    writeNow: (fd, text) => written.push([fd, text]),
    ...options,
  });
  guard.enter();
  return { guard, fakeProcess, clock, written, modes };
}

test('entering and restoring are each one write, and every mode entered is left', () => {
  const { guard, fakeProcess, written, modes } = setUp();
  guard.restore();
  guard.restore();
  assert.deepEqual(written, [
    [1, ENTER_BYTES],
    [1, RESTORE_BYTES],
  ]);
  assert.deepEqual(modes, [true, false]);
  assert.deepEqual(fakeProcess.eventNames(), []);
  for (const mode of [1049, 2004]) {
    assert.ok(ENTER_BYTES.includes(`\x1b[?${mode}h`));
    assert.ok(RESTORE_BYTES.includes(`\x1b[?${mode}l`));
  }
  for (const mode of [7, 25]) {
    assert.ok(ENTER_BYTES.includes(`\x1b[?${mode}l`));
    assert.ok(RESTORE_BYTES.includes(`\x1b[?${mode}h`));
  }
  for (const mode of [1000, 1002, 1003, 1006, 1004, 2026])
    assert.ok(RESTORE_BYTES.includes(`\x1b[?${mode}l`));
});

test('an error is printed after the terminal is back, without its escape sequences, and the code is 70', () => {
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    const { fakeProcess, written } = setUp();
    fakeProcess.emit(event, new Error('bad \x1b[2J thing'));
    assert.deepEqual(written[1], [1, RESTORE_BYTES]);
    assert.equal(written[2]?.[0], 2);
    assert.match(written[2]?.[1] ?? '', /^Error: bad \\x1b\[2J thing\n/);
    assert.deepEqual(fakeProcess.exits, [70]);
  }
});

test('a signal restores and exits at once when nobody wants to quit in order', () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    const { fakeProcess, written } = setUp();
    fakeProcess.emit(signal);
    assert.deepEqual(written.at(-1), [1, RESTORE_BYTES]);
    assert.deepEqual(fakeProcess.exits, [code]);
  }
});

test('an orderly quit is given its time, and no more; a second signal ends it', () => {
  const asked: string[] = [];
  const first = setUp({ onSignal: (signal) => asked.push(signal), quitTimeoutMs: 1000 });
  first.fakeProcess.emit('SIGTERM');
  assert.deepEqual(asked, ['SIGTERM']);
  first.clock.run(999);
  assert.deepEqual(first.fakeProcess.exits, []);
  first.clock.run(1);
  assert.deepEqual(first.fakeProcess.exits, [143]);
  const second = setUp({ onSignal: (signal) => asked.push(signal) });
  second.fakeProcess.emit('SIGINT');
  second.fakeProcess.emit('SIGINT');
  assert.deepEqual(second.fakeProcess.exits, [130]);
});

test('Ctrl-Z gives the terminal to the shell, and SIGCONT takes it again', () => {
  let resumed = 0;
  const { guard, fakeProcess, clock, written, modes } = setUp({ onResume: () => (resumed += 1) });
  guard.suspend();
  assert.deepEqual(fakeProcess.kills, [[0, 'SIGTSTP']]);
  assert.deepEqual(written.at(-1), [1, RESTORE_BYTES]);
  fakeProcess.emit('SIGCONT');
  clock.run(1000);
  assert.equal(resumed, 1);
  assert.deepEqual(written.at(-1), [1, ENTER_BYTES]);
  assert.deepEqual(modes, [true, false, true]);
  fakeProcess.emit('SIGTSTP');
  assert.equal(fakeProcess.kills.length, 2);
});

test('where nobody could continue it, a stop that did not happen is undone', () => {
  const { guard, clock, written } = setUp();
  guard.suspend();
  clock.run(100);
  assert.deepEqual(written.at(-1), [1, ENTER_BYTES]);
});

test('a terminal that is gone does not stop the restoring', () => {
  const { guard, fakeProcess } = setUp({
    writeNow: () => {
      throw new Error('EIO');
    },
  });
  guard.crash(new Error('x'));
  assert.deepEqual(fakeProcess.exits, [70]);
});
