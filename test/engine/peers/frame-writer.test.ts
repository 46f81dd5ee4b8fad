import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../../../engine/base/ports.ts';
import { FrameWriter } from '../../../engine/peers/frame-writer.ts';

test('a frame counts as written when the connection has passed it to the system, also if it never was full', () => {
  const passed: (() => void)[] = [];
  const connection = {
    write: (_bytes: readonly Buffer[], onWritten: () => void = () => undefined) => {
      passed.push(onWritten);
      return true;
    },
  };
  const writer = new FrameWriter(connection as unknown as Connection, () => undefined);
  const written: string[] = [];
  const send = (name: string): void => {
    const data = Buffer.alloc(1_000_000);
    writer.send({ header: { message_type: '_aioc' }, data, onWritten: () => void written.push(name) });
    writer.flush();
  };
  send('first');
  send('second');
  assert.deepEqual(written, []);
  passed[0]?.();
  assert.deepEqual(written, ['first']);
  passed[1]?.();
  assert.deepEqual(written, ['first', 'second']);
});
