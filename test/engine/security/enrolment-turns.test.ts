import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { EnrolmentTurns } from '../../../engine/security/enrolment-turns.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const open = (): boolean => true;

/** Lets promise chains run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function simulate(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await settle();
  }
}

test('requests are answered one at a time, and never more often than the rate allows', async () => {
  const clock = new FakeClock(0);
  const turns = new EnrolmentTurns(clock);
  let running = 0;
  const startedAtMs: number[] = [];
  for (let index = 0; index < 200; index += 1) {
    const address = `10.${index}.0.1`;
    void turns.run({ address, isOpen: open }, async () => {
      running += 1;
      assert.equal(running, 1);
      startedAtMs.push(clock.now());
      await settle();
      running -= 1;
    });
  }
  for (let round = 0; round < 200; round += 1) await settle();
  assert.equal(startedAtMs.length, LIMITS.enrolmentBurst);
  await simulate(clock, 10_000);
  assert.equal(startedAtMs.length, LIMITS.enrolmentBurst + 10 * LIMITS.enrolmentsPerSecond);
});

test('an address that asks for many keeps no other address out', async () => {
  const clock = new FakeClock(0);
  const turns = new EnrolmentTurns(clock);
  const done: string[] = [];
  const ask = (address: string): Promise<void> =>
    turns.run({ address, isOpen: open }, async () => {
      done.push(address);
    });
  const attack = Array.from({ length: LIMITS.enrolmentsWaiting }, () =>
    ask('10.0.0.9').catch(() => undefined),
  );
  for (let round = 0; round < 300; round += 1) await settle();
  assert.equal(done.length, LIMITS.enrolmentBurstPerAddress);
  const before = done.length;
  await ask('10.0.1.1');
  assert.equal(done.length, before + 1, 'its turn is the next one');
  await simulate(clock, 20_000);
  const ofAttacker = done.filter((address) => address === '10.0.0.9').length;
  assert.equal(ofAttacker, LIMITS.enrolmentBurstPerAddress + 20 * LIMITS.enrolmentsPerSecondAndAddress);
  await simulate(clock, 600_000);
  await Promise.all(attack);
});

test('addresses take turns: one request of a new address waits for at most one of a busy one', async () => {
  const turns = new EnrolmentTurns(new FakeClock(0));
  const done: string[] = [];
  const ask = (address: string): Promise<void> =>
    turns.run({ address, isOpen: open }, async () => {
      await settle();
      done.push(address);
    });
  const all = [...Array.from({ length: 20 }, () => ask('10.0.0.9')), ask('10.0.1.1'), ask('10.0.2.1')];
  await Promise.all(all);
  assert.deepEqual(done.slice(0, 4), ['10.0.0.9', '10.0.0.9', '10.0.1.1', '10.0.2.1']);
});

test('when too many wait, the oldest of the busiest address is refused, never the newest', async () => {
  const clock = new FakeClock(0);
  const turns = new EnrolmentTurns(clock);
  let release: () => void = () => undefined;
  const held = turns.run(
    { address: '10.9.0.1', isOpen: open },
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const refused: string[] = [];
  const ask = (address: string, label: string): Promise<void> =>
    turns
      .run({ address, isOpen: open }, async () => undefined)
      .catch((error: Error) => {
        assert.match(error.message, /too many certificate requests/);
        refused.push(label);
      });
  const honest = Array.from({ length: 10 }, (_, index) => ask(`10.1.${index}.1`, 'honest'));
  for (let index = 0; index < LIMITS.enrolmentsWaiting; index += 1) void ask('10.0.0.9', `attacker ${index}`);
  const newest = ask('10.2.0.1', 'newest');
  await settle();
  assert.deepEqual(
    refused,
    Array.from({ length: 11 }, (_, index) => `attacker ${index}`),
  );
  release();
  await held;
  await Promise.all([...honest, newest]);
});

test('a request whose connection has closed is dropped and costs nobody a turn', async () => {
  const clock = new FakeClock(0);
  const turns = new EnrolmentTurns(clock);
  let isOpen = true;
  let ran = 0;
  let release: () => void = () => undefined;
  const held = turns.run(
    { address: '10.9.0.1', isOpen: open },
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const gone = Array.from({ length: 100 }, () =>
    turns.run({ address: '10.0.0.9', isOpen: () => isOpen }, async () => {
      ran += 1;
    }),
  );
  isOpen = false;
  const honest = turns.run({ address: '10.0.0.9', isOpen: open }, async () => 'done');
  release();
  await held;
  assert.equal(await honest, 'done');
  const results = await Promise.allSettled(gone);
  assert.ok(results.every(({ status }) => status === 'rejected'));
  assert.equal(ran, 0);
});
