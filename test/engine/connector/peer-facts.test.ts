import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuredPair } from '../../helpers/configured-connectors.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('over real mutual TLS, a peer row says version and cipher, issuer, dates, fingerprint and program', async (t) => {
  const { server, client } = await configuredPair(t, 'mutual-tls');
  for (const side of [server, client]) {
    const row = await waitFor(
      () => side.peers().find(({ state, version }) => state === 'connected' && version !== undefined),
      { what: 'the peer to be connected' },
    );
    assert.equal(row.version, '0.0.0');
    assert.deepEqual(row.tls?.version, 'TLSv1.3');
    assert.match(row.tls?.cipher ?? '', /^TLS_[A-Z0-9_]+$/);
    assert.match(row.fingerprint ?? '', /^[0-9a-f]{64}$/);
    assert.ok((row.certificateIssuer ?? '') !== '', 'the issuer');
    const { certificateStartsAtMs: startMs = Number.NaN, certificateEndsAtMs: endMs = Number.NaN } = row;
    assert.ok(startMs <= Date.now() && endMs > Date.now(), `${startMs} to ${endMs}`);
  }
});

test('without TLS there is nothing of it to say', async (t) => {
  const { server } = await configuredPair(t, 'plain');
  const row = await waitFor(() => server.peers().find(({ state }) => state === 'connected'), {
    what: 'the client',
  });
  assert.deepEqual([row.tls, row.fingerprint, row.certificateIssuer], [undefined, undefined, undefined]);
});
