import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StdioCapture } from '../../../components/terminal/stdio-capture.ts';

class FakeStream {
  readonly written: string[] = [];
  readonly columns = 80;
  readonly rows = 24;

  write(text: string | Uint8Array): boolean {
    this.written.push(String(text));
    return true;
  }
}

function setUp() {
  const stdout = new FakeStream();
  const stderr = new FakeStream();
  const capture = new StdioCapture({
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
  });
  const lines: [string, string][] = [];
  capture.start();
  const listen = () => capture.onLine((text, stream) => lines.push([text, stream]));
  return { stdout, stderr, capture, lines, listen };
}

test('what is printed becomes lines, however it is cut, and none of it reaches the terminal', () => {
  const { stdout, stderr, capture, lines, listen } = setUp();
  stdout.write('early\n');
  listen();
  stdout.write('one\ntw');
  stdout.write('o\r\n');
  const euro = Buffer.from('€\n');
  stderr.write(euro.subarray(0, 1));
  stderr.write(euro.subarray(1));
  assert.deepEqual(lines, [
    ['early', 'stdout'],
    ['one', 'stdout'],
    ['two', 'stdout'],
    ['€', 'stderr'],
  ]);
  assert.deepEqual([...stdout.written, ...stderr.written], []);
  capture.screenOutput().write('frame');
  assert.deepEqual(stdout.written, ['frame']);
  capture.restore();
});

test('warnings of Node become lines, and their own listeners come back', async () => {
  const { capture, lines, listen } = setUp();
  listen();
  process.emitWarning('look out');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(lines, [['Warning: look out', 'stderr']]);
  capture.restore();
  assert.ok(process.listenerCount('warning') >= 1);
});

test('lines and what waits for a listener are bounded', () => {
  const { stdout, capture, lines, listen } = setUp();
  for (let count = 0; count < 2000; count += 1) stdout.write('x'.repeat(10_000));
  stdout.write('\n');
  for (let count = 0; count < 1500; count += 1) stdout.write(`${count}\n`);
  listen();
  assert.equal(lines.length, 1000);
  assert.equal(lines.at(-1)?.[0], '1499');
  assert.equal(capture.dropped, 501);
  stdout.write(`${'y'.repeat(5000)}\n`);
  assert.equal(lines.at(-1)?.[0].length, 4000);
  assert.ok(lines.at(-1)?.[0].endsWith('…'));
  capture.restore();
});

test('a listener that prints does not call itself for ever', () => {
  const { stdout, capture } = setUp();
  let calls = 0;
  capture.onLine(() => {
    calls += 1;
    stdout.write('again\n');
  });
  stdout.write('first\n');
  assert.equal(calls, 1);
  capture.restore();
});

test('restoring prints what no listener took, and lets everything through again', () => {
  const { stdout, stderr, capture } = setUp();
  stdout.write('kept\nhalf');
  stderr.write('reason\n');
  capture.restore();
  stdout.write('after');
  assert.deepEqual(stdout.written, ['kept\n', 'half\n', 'after']);
  assert.deepEqual(stderr.written, ['reason\n']);
});
