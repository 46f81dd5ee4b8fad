import { test } from 'node:test';
import type { Store } from '../../../engine/storage/store.ts';
import { testAcks } from './store-contract-acks.ts';
import { testAppends } from './store-contract-appends.ts';
import { testSources } from './store-contract-sources.ts';

/** Declares a test with a store of its own. */
export type WithStore = (
  what: string,
  body: (store: Store, open: () => Promise<Store>) => Promise<void>,
) => void;

/** What every store must do; each implementation runs these tests. */
export function testStoreContract(name: string, open: () => Promise<Store>): void {
  const withStore: WithStore = (what, body) => {
    test(`${name}: ${what}`, async () => {
      const store = await open();
      try {
        await body(store, open);
      } finally {
        await store.close();
      }
    });
  };
  testAppends(withStore);
  testAcks(withStore);
  testSources(withStore);
}
