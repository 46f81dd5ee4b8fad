import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cause } from '../../../engine/contract/views.ts';
import { ConnectError, causeOf, causeOfRefusal, mostTelling } from '../../../engine/peers/causes.ts';
import { describeNetworkError } from '../../../engine/peers/network-errors.ts';
import { PEER_REFUSALS } from '../../../engine/peers/session-messages.ts';
import type { RefusalCode } from '../../../engine/protocol/messages.ts';

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const CAUSES: readonly (readonly [code: string, cause: Cause])[] = [
  ['ECONNREFUSED', 'nothing-listens'],
  ['ETIMEDOUT', 'no-answer'],
  ['EHOSTUNREACH', 'no-answer'],
  ['ENETUNREACH', 'no-answer'],
  ['ECONNRESET', 'lost'],
  ['EPIPE', 'lost'],
  ['ENOTFOUND', 'other'],
  ['EMFILE', 'other'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'certificate'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'certificate'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'other'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'other'],
  ['toString', 'other'],
  ['', 'other'],
];

test('an error of a connection says whether nothing listens, nothing answers, it broke, or a certificate is at fault', () => {
  for (const [code, cause] of CAUSES) {
    assert.equal(causeOf(coded(code)), cause, code);
    assert.notEqual(describeNetworkError(coded(code || 'EUNKNOWN')), '');
  }
  assert.equal(causeOf(undefined), 'lost', 'the peer closed it');
  assert.equal(causeOf(new ConnectError('both addresses refuse', 'nothing-listens')), 'nothing-listens');
});

test('each refusal of a peer is its refusal, but for the certificate that it did not issue', () => {
  for (const code of Object.keys(PEER_REFUSALS) as RefusalCode[])
    assert.equal(causeOfRefusal(code), code === 'no-certificate' ? 'certificate' : 'refused-there');
});

test('of several addresses, the cause that says most', () => {
  assert.equal(mostTelling(['no-answer', 'nothing-listens', 'other']), 'nothing-listens');
  assert.equal(mostTelling(['other', 'no-answer']), 'no-answer');
  assert.equal(mostTelling([]), 'other');
});
