import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { limitedSource, networkOf } from '../../../engine/base/address-groups.ts';
import { FairPlaces } from '../../../engine/base/fair-places.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { runs } from '../../helpers/runs.ts';

interface Item {
  readonly address: string;
  readonly number: number;
}

test('the network of an address is its /24 or /64', () => {
  assert.equal(networkOf('10.1.2.3'), '10.1.2');
  assert.equal(networkOf('::ffff:10.1.2.3'), '10.1.2');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(networkOf('2001:0DB8:1:2::6'), '2001:db8:1:2');
  assert.equal(networkOf('2001:db8::6'), '2001:db8:0:0');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0');
  assert.equal(networkOf('::1'), '0:0:0:0');
  assert.equal(networkOf('::'), '0:0:0:0');
  assert.equal(limitedSource('10.1.2.3'), '10.1.2.3');
  assert.equal(limitedSource('2001:db8::6'), '2001:db8:0:0');
});

test('an address never loses a place to one that takes more, and the newest always has one', () => {
  const address = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 4 }));
  const step = fc.record({ address, ends: fc.boolean(), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (steps, places) => {
      const fair = new FairPlaces<Item>({ places });
      const held: Item[] = [];
      for (const [
        number,
        {
          address: [network, host],
          ends,
          which,
        },
      ] of steps.entries()) {
        if (ends && held.length > 0) {
          const [gone] = held.splice(which % held.length, 1);
          assert.ok(fair.delete(gone as Item));
          continue;
        }
        const item = { address: `10.0.${network}.${host}`, number };
        const evicted = fair.add(item, item);
        held.push(item);
        assert.equal(evicted !== undefined, held.length > places);
        if (evicted === undefined) continue;
        assert.ok(evicted !== item, 'the newest has a place');
        const countOf = (of: string): number => held.filter((other) => other.address === of).length;
        const ofNetwork = (of: string): number =>
          held.filter((other) => networkOf(other.address) === networkOf(of)).length;
        const weight = (of: string): number => Math.max(countOf(of), ofNetwork(of) / LIMITS.networkWeight);
        for (const other of held.filter((one) => one !== item)) {
          assert.ok(weight(evicted.address) >= weight(other.address), 'of the heaviest address');
          if (other.address === evicted.address) assert.ok(evicted.number <= other.number, 'its oldest');
        }
        held.splice(held.indexOf(evicted), 1);
      }
      assert.equal(fair.size, held.length);
      for (const item of held) assert.ok(fair.has(item));
    }),
    { numRuns: runs(300) },
  );
});

test('items with a reserve keep it, however many others there are', () => {
  const fair = new FairPlaces<Item>({ places: 10, reserve: 3 });
  const known = [1, 2, 3].map((number) => ({ address: '10.0.0.1', number }));
  for (const item of known) fair.add(item, { ...item, isReserved: true });
  for (let number = 0; number < 1_000; number += 1)
    fair.add({ address: `10.${number % 250}.1.1`, number }, { address: `10.${number % 250}.1.1` });
  for (const item of known) assert.ok(fair.has(item));
  const fourth = { address: '10.0.0.1', number: 4 };
  assert.equal(fair.add(fourth, { ...fourth, isReserved: true }), known[0]);
  assert.equal(fair.size, 10);
});

test('a whole network is as heavy as one address with an eighth of its items', () => {
  const fair = new FairPlaces<Item>({ places: 100 });
  const two = [1, 2].map((number) => ({ address: '192.0.2.1', number }));
  for (const item of two) fair.add(item, item);
  for (let number = 0; number < 500; number += 1)
    fair.add({ address: `2001:db8::${number}`, number }, { address: `2001:db8::${number}` });
  for (const item of two) assert.ok(fair.has(item));
});
