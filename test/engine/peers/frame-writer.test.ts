import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../../../engine/base/ports.ts';
import { FrameWriter } from '../../../engine/peers/frame-writer.ts';

test('a frame counts as written when all that was passed to the connection has drained, not before', () => {
  const passed: number[] = [];
  const connection = {
    write: (bytes: readonly Buffer[]) => {
      passed.push(bytes.length);
      return false;
    },
  };
  const writer = new FrameWriter(connection as unknown as Connection, () => undefined);
  const written: string[] = [];
  const send = (name: string): void => {
    const data = Buffer.alloc(1_000_000);
    writer.send({ header: { message_type: '_aioc' }, data, onWritten: () => void written.push(name) });
  };
  send('first');
  writer.flush();
  send('second');
  assert.equal(passed.length, 2);
  assert.deepEqual(written, []);
  writer.onDrain();
  assert.deepEqual(written, ['first', 'second']);
  send('lost with the connection');
  writer.close();
  writer.onDrain();
  assert.equal(written.length, 2);
});
