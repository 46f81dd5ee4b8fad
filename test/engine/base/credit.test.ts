import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Credit } from '../../../engine/base/credit.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const BATCH_BYTES = LIMITS.batchBytes;
const BOUNDS = {
  minBytes: LIMITS.streamLeastBytes,
  maxBytes: LIMITS.streamMaxBytes,
  probeBytes: BATCH_BYTES,
};

interface Way {
  /** From sending a batch to its ack, without waiting at the peer. */
  readonly roundTripMs: number;
  /** What the peer takes; the rest waits there. */
  readonly bytesPerMs: number;
}

/** A sender that always has more to send, on a way to a peer that takes one batch after the other. */
class Traffic {
  readonly clock = new FakeClock(0);
  readonly credit = new Credit(this.clock, BOUNDS);
  way: Way;
  unackedBytes = 0;
  ackedBytes = 0;
  mostUnackedBytes = 0;
  /** When the peer has taken what it has. */
  #busyUntilMs = 0;

  constructor(way: Way) {
    this.way = way;
  }

  run(ms: number): void {
    const untilMs = this.clock.now() + ms;
    this.ackedBytes = 0;
    this.mostUnackedBytes = 0;
    this.#send();
    while (this.clock.now() < untilMs) this.clock.advance(1);
  }

  /** Nothing is sent, and all that is on its way arrives. */
  idle(ms: number): void {
    const { credit } = this;
    const allows = credit.allows.bind(credit);
    credit.allows = () => false;
    for (let passed = 0; passed < ms; passed += 1) this.clock.advance(1);
    credit.allows = allows;
  }

  #send(): void {
    const { clock, credit } = this;
    while (credit.allows(BATCH_BYTES, this.unackedBytes)) {
      this.unackedBytes += BATCH_BYTES;
      this.mostUnackedBytes = Math.max(this.mostUnackedBytes, this.unackedBytes);
      const sentAtMs = clock.now();
      const arrivedMs = sentAtMs + this.way.roundTripMs / 2;
      this.#busyUntilMs = Math.max(this.#busyUntilMs, arrivedMs) + BATCH_BYTES / this.way.bytesPerMs;
      clock.after(this.#busyUntilMs + this.way.roundTripMs / 2 - sentAtMs, () => {
        this.unackedBytes -= BATCH_BYTES;
        this.ackedBytes += BATCH_BYTES;
        credit.acknowledged(BATCH_BYTES, sentAtMs);
        this.#send();
      });
    }
  }
}

const MB_PER_S = 1_000_000 / 1_000;

test('on a long way the credit grows until the way is full, and there it stays', () => {
  for (const [roundTripMs, rate] of [
    [100, 50],
    [300, 40],
    [30, 100],
  ] as const) {
    const traffic = new Traffic({ roundTripMs, bytesPerMs: rate * MB_PER_S });
    traffic.run(6_000);
    traffic.run(2_000);
    const reached = traffic.ackedBytes / (2_000 * rate * MB_PER_S);
    assert.ok(reached > 0.9, `${(reached * 100).toFixed(0)} % of ${rate} MB/s over ${roundTripMs} ms`);
    assert.ok(traffic.mostUnackedBytes <= LIMITS.streamMaxBytes);
  }
});

test('where the peer is slow the credit stays at its minimum, however long the queue is', () => {
  const traffic = new Traffic({ roundTripMs: 1, bytesPerMs: 1 * MB_PER_S });
  for (let minute = 0; minute < 5; minute += 1) {
    traffic.run(60_000);
    assert.ok(traffic.mostUnackedBytes <= 2 * LIMITS.streamLeastBytes, `${traffic.mostUnackedBytes} bytes`);
  }
  assert.equal(traffic.credit.bytes, LIMITS.streamLeastBytes);
});

test('the credit shrinks when the peer becomes slow, and grows again when it is fast', () => {
  const fast = { roundTripMs: 100, bytesPerMs: 50 * MB_PER_S };
  const traffic = new Traffic(fast);
  traffic.run(5_000);
  const grown = traffic.credit.bytes;
  assert.ok(grown > 4 * LIMITS.streamLeastBytes, `${grown} bytes`);
  traffic.way = { ...fast, bytesPerMs: 1 * MB_PER_S };
  traffic.run(60_000);
  traffic.run(5_000);
  assert.ok(traffic.mostUnackedBytes <= 2 * LIMITS.streamLeastBytes, `${traffic.mostUnackedBytes} bytes`);
  traffic.way = fast;
  traffic.run(10_000);
  traffic.run(2_000);
  assert.ok(traffic.ackedBytes > 0.9 * 2_000 * fast.bytesPerMs, `${traffic.ackedBytes} bytes`);
});

test('a way that becomes longer is noticed on the same connection, and one of another connection at once', () => {
  const way = { roundTripMs: 10, bytesPerMs: 40 * MB_PER_S };
  const long = { ...way, roundTripMs: 200 };
  const traffic = new Traffic(way);
  traffic.run(5_000);
  traffic.way = long;
  traffic.run(70_000);
  traffic.run(5_000);
  assert.ok(traffic.ackedBytes > 0.9 * 5_000 * way.bytesPerMs, `${traffic.ackedBytes} bytes`);
  const other = new Traffic(way);
  other.run(5_000);
  other.idle(1_000);
  other.credit.reconnected();
  other.way = long;
  other.run(3_000);
  other.run(2_000);
  assert.ok(other.ackedBytes > 0.9 * 2_000 * way.bytesPerMs, `${other.ackedBytes} bytes`);
});

test('measuring the way again costs little of a long one', () => {
  const way = { roundTripMs: 100, bytesPerMs: 50 * MB_PER_S };
  const traffic = new Traffic(way);
  traffic.run(10_000);
  traffic.run(120_000);
  assert.ok(traffic.ackedBytes > 0.97 * 120_000 * way.bytesPerMs, `${traffic.ackedBytes} bytes`);
});

test('a pause lowers the credit only a little, so that the next burst is not slow', () => {
  const traffic = new Traffic({ roundTripMs: 100, bytesPerMs: 50 * MB_PER_S });
  traffic.run(5_000);
  const before = traffic.credit.bytes;
  traffic.idle(60_000);
  traffic.run(300);
  assert.ok(traffic.credit.bytes >= before / 2, `${traffic.credit.bytes} of ${before} bytes`);
});

test('the credit is never below its minimum nor above its maximum, and one batch always goes', () => {
  const acks = fc.array(
    fc.record({
      waitMs: fc.nat(500),
      sizeBytes: fc.integer({ min: 1, max: 50_000_000 }),
      tookMs: fc.nat(20_000),
      asks: fc.nat(20_000_000),
    }),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(acks, (all) => {
      const clock = new FakeClock(0);
      const credit = new Credit(clock, BOUNDS);
      for (const { waitMs, sizeBytes, tookMs, asks } of all) {
        clock.advance(waitMs);
        assert.ok(credit.allows(1e9, 0));
        assert.equal(credit.allows(1, asks), asks === 0 || 1 + asks <= credit.bytes);
        credit.acknowledged(sizeBytes, clock.now() - tookMs);
        assert.ok(credit.bytes >= LIMITS.streamLeastBytes && credit.bytes <= LIMITS.streamMaxBytes);
      }
    }),
  );
});
