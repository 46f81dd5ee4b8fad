import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { KeyStock } from '../../../engine/security/key-stock.ts';
import type { KeyPair } from '../../../engine/security/keys-and-certificates.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function slowMaker(): { made: number; atOnce: number; fails: boolean; make: () => Promise<KeyPair> } {
  const maker = {
    made: 0,
    atOnce: 0,
    fails: false,
    make: async (): Promise<KeyPair> => {
      maker.atOnce += 1;
      assert.equal(maker.atOnce, 1, 'one at a time');
      await settle();
      maker.atOnce -= 1;
      if (maker.fails) throw new Error('no entropy');
      maker.made += 1;
      return { publicKeyPem: `public ${maker.made}`, privateKeyPem: `private ${maker.made}` };
    },
  };
  return maker;
}

test('keys are made one at a time, none before the first is needed, a few ahead of need, and none twice', async () => {
  const maker = slowMaker();
  const stock = new KeyStock(maker.make);
  await settle();
  assert.equal(maker.made, 0);
  const taken = await Promise.all(Array.from({ length: 10 }, () => stock.take()));
  assert.equal(new Set(taken.map(({ privateKeyPem }) => privateKeyPem)).size, 10);
  for (let round = 0; round < 20; round += 1) await settle();
  assert.equal(maker.made, 10 + LIMITS.keysInStock);
  const next = await stock.take();
  assert.equal(next.privateKeyPem, 'private 11', 'at once, from the stock');
});

test('a key that cannot be made is an error for who needs it, and the next one is tried again', async () => {
  const maker = slowMaker();
  const stock = new KeyStock(maker.make);
  maker.fails = true;
  await assert.rejects(stock.take(), /no entropy/);
  maker.fails = false;
  assert.match((await stock.take()).privateKeyPem, /private/);
  for (let round = 0; round < 20; round += 1) await settle();
});
