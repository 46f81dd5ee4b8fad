import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AckLag } from '../../../engine/base/ack-lag.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

test('the lag follows what acks take, and one slow ack among many hardly changes it', () => {
  const clock = new FakeClock(0);
  const lag = new AckLag(clock);
  assert.equal(lag.ms(1), undefined, 'no ack yet');
  lag.started();
  for (let at = 0; at < 50; at += 1) {
    clock.advance(100);
    lag.acked(clock.now() - 10);
  }
  assert.equal(lag.ms(0), 10);
  lag.acked(clock.now() - 200);
  assert.ok((lag.ms(0) ?? 0) < 30, `${lag.ms(0)}`);
  for (let at = 0; at < 200; at += 1) {
    clock.advance(100);
    lag.acked(clock.now() - 400);
  }
  assert.ok((lag.ms(0) ?? 0) > 350, `${lag.ms(0)}`);
});

test('a peer that acknowledges nothing is not called fast: the lag is at least its silence', () => {
  const clock = new FakeClock(0);
  const lag = new AckLag(clock);
  lag.started();
  clock.advance(10);
  lag.acked(clock.now() - 10);
  clock.advance(60_000);
  assert.deepEqual([lag.silentMs(0), lag.ms(0)], [0, 10], 'nothing is on its way');
  lag.started();
  clock.advance(8_000);
  assert.deepEqual([lag.silentMs(3), lag.ms(3)], [8_000, 8_000]);
  lag.reset();
  assert.equal(lag.ms(3), undefined, 'another connection');
});
