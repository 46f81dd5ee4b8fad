import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuredPair, type Mode } from '../../helpers/configured-connectors.ts';

for (const mode of ['plain', 'tls-allow-all', 'mutual-tls'] as const satisfies readonly Mode[]) {
  test(`configured connectors find each other by name: ${mode}`, async (t) => {
    const { server, client } = await configuredPair(t, mode);
    assert.equal(server.peers()[0]?.name, 'client1');
    assert.equal(server.status().security, mode);
    assert.equal(client.status().phase.kind, 'connected');
  });
}
