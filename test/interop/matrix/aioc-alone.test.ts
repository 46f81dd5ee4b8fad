import { test } from 'node:test';
import { COLUMNS_AT_ONCE, tryPairing } from './pairing.ts';

test('aioc + aioc: each cell of the matrix', { concurrency: COLUMNS_AT_ONCE, timeout: 900_000 }, (t) =>
  tryPairing(t, 'aioc + aioc'),
);
