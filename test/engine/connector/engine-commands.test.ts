import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command, CommandResult } from '../../../engine/contract/commands.ts';
import { type ConfiguredSide, configuredPair } from '../../helpers/configured-connectors.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const SLOW = { timeoutMs: 20_000 };

function run(side: ConfiguredSide, command: Command): Promise<CommandResult> {
  return side.engine.engine.execute(command);
}

function peerOf(side: ConfiguredSide): string {
  return side.peers()[0]?.id ?? 'none';
}

function textOf(result: CommandResult): string {
  return result.ok ? String(result.value) : `${result.code} ${result.message}`;
}

test('a certificate deleted on both sides is issued anew, and each answer says what the other side must do', async (t) => {
  const { server, client } = await configuredPair(t, 'mutual-tls');
  assert.equal(server.status().canDeleteCertificates, true);
  assert.equal(client.status().asksForCertificate, false);
  const onServer = await run(server, { kind: 'certificate.delete', peer: peerOf(server) });
  assert.match(
    textOf(onServer),
    /client1 is disconnected.*aioc cli client1 delete_client_certificate.*Python client/,
  );
  assert.notEqual(server.peers()[0]?.state, 'connected');
  await waitFor(() => client.status().phase.kind !== 'connected', {
    what: 'the end of the connection',
    ...SLOW,
  });
  const again = await run(server, { kind: 'certificate.delete', peer: peerOf(server) });
  assert.match(textOf(again), /AIOC_CERTIFICATE_MISSING/);
  const onClient = await run(client, { kind: 'certificate.delete', peer: peerOf(client) });
  assert.match(textOf(onClient), /default certificate.*The server issues it only after.*Python server/);
  await waitFor(() => server.peers()[0]?.state === 'connected', { what: 'the client to be back', ...SLOW });
  await waitFor(() => !client.status().asksForCertificate, { what: 'a certificate of its own', ...SLOW });
});

test('a client that has deleted its own alone asks in vain, and says so', async (t) => {
  const { client, server } = await configuredPair(t, 'mutual-tls');
  await run(client, { kind: 'certificate.delete', peer: peerOf(client) });
  await waitFor(() => client.status().asksForCertificate && client.status().phase.kind === 'retrying', {
    what: 'the refusal',
    ...SLOW,
  });
  assert.match(client.peers()[0]?.reason ?? '', /issued no certificate/);
  assert.notEqual(server.peers()[0]?.state, 'connected');
});

test('without mutual TLS there is no certificate to delete', async (t) => {
  const { server, client } = await configuredPair(t, 'tls-allow-all');
  for (const side of [server, client]) {
    const result = await run(side, { kind: 'certificate.delete', peer: peerOf(side) });
    assert.match(textOf(result), /^AIOC_COMMAND /);
    assert.deepEqual([side.status().canDeleteCertificates, side.status().configured], [false, true]);
  }
  assert.equal(client.status().phase.kind, 'connected');
});

test('a connector is stopped, started and restarted from its screen', async (t) => {
  const { server, client } = await configuredPair(t, 'plain');
  const back = (): Promise<boolean> =>
    waitFor(() => server.peers()[0]?.state === 'connected', { what: 'the client', ...SLOW });
  assert.ok((await run(server, { kind: 'connector.stop', hard: true })).ok);
  assert.notEqual(server.peers()[0]?.state, 'connected');
  await waitFor(() => client.status().phase.kind === 'retrying', { what: 'the client to notice', ...SLOW });
  assert.ok((await run(server, { kind: 'connector.start' })).ok);
  assert.equal(server.status().phase.kind, 'listening');
  await back();
  assert.ok((await run(client, { kind: 'connector.restart', hard: false })).ok);
  await back();
});
