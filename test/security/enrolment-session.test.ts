import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '../../engine/peers/session.ts';
import type { Authentication, SessionAction } from '../../engine/peers/session-types.ts';
import {
  enrolmentFrame,
  issuedFrame,
  notRenewedFrame,
  readTerms,
  renewalFrame,
  termsFrame,
  termsRequestFrame,
} from '../../engine/protocol/enrolment.ts';
import type { Frame } from '../../engine/protocol/frame-decoder.ts';
import { handshakeFrame, type OutFrame } from '../../engine/protocol/messages.ts';

const STRANGER: Authentication = { kind: 'stranger', reason: 'its certificate is unknown' };
const REQUEST = { sourceId: 'ann', certificatePem: 'PEM', proof: Buffer.from('proof') };

const received = ({ header, data }: OutFrame): Frame => ({
  header,
  data,
  headerBytes: Buffer.alloc(0),
  binary: Buffer.alloc(0),
});

function aSession(
  role: 'server' | 'client',
  isForEnrolment: boolean,
): { session: Session; opened: SessionAction[] } {
  const session = new Session({
    role,
    security: 'mutual-tls',
    sourceId: role,
    destinationId: '',
    hello: { version: '0.0.0', name: role, instance: 'i' },
    nonce: 'n',
    ...(role === 'server' ? { terms: { days: 365 } } : { enrols: true }),
  });
  const opened = session.handle({ kind: 'open', certificate: undefined, knownAsAioc: false, isForEnrolment });
  return { session, opened };
}

function server(as: Authentication, isForEnrolment: boolean): Session {
  const { session } = aSession('server', isForEnrolment);
  session.handle({ kind: 'authenticated', as });
  return session;
}

const kinds = (actions: readonly SessionAction[]): string[] => actions.map(({ kind }) => kind);
const reasonOf = (actions: readonly SessionAction[]): string | undefined =>
  actions.flatMap((action) => (action.kind === 'over' ? [action.ending.reason] : []))[0];

test('an unknown certificate is closed at once, unless its connection was made to enrol', () => {
  assert.equal(server(STRANGER, false).state, 'closed');
  assert.equal(server(STRANGER, true).state, 'enrolling');
});

test('an unknown certificate gets nothing without an invitation, whatever it sends', () => {
  for (const frame of [
    enrolmentFrame(REQUEST),
    handshakeFrame({ tls: true, sourceId: 'ann' }),
    renewalFrame(REQUEST),
    { header: { message_type: 'any', source_id: 'ann' }, data: Buffer.from('hello') },
  ]) {
    const session = server(STRANGER, true);
    const { actions, deliver } = session.frame(received(frame));
    assert.equal(deliver, false);
    assert.deepEqual(kinds(actions), ['destroy', 'over']);
    assert.equal(reasonOf(actions), 'its certificate is unknown');
  }
});

test('with an invitation it may ask for the terms once, and for one certificate', () => {
  const session = server(STRANGER, true);
  const [answer] = session.frame(received(termsRequestFrame('ann'))).actions;
  assert.ok(answer?.kind === 'send');
  assert.deepEqual(readTerms(received(answer.frame)), { days: 365 });
  const { actions } = session.frame(received(enrolmentFrame({ ...REQUEST, invitation: 'secret' })));
  assert.deepEqual(kinds(actions), ['hold-reading', 'disarm', 'arm', 'enrol']);
  const enrol = actions.at(-1);
  assert.ok(enrol?.kind === 'enrol');
  assert.equal(enrol.presented, 'unknown');
  assert.deepEqual(enrol.request, {
    name: 'ann',
    certificatePem: 'PEM',
    proof: Buffer.from('proof'),
    invitation: 'secret',
  });

  const again = server(STRANGER, true);
  again.frame(received(termsRequestFrame('ann')));
  assert.equal(again.frame(received(termsRequestFrame('ann'))).deliver, false);
  assert.equal(again.state, 'closed');
});

test('the identity timer ends with the request, whose answer has a time of its own (S4c)', () => {
  const session = server({ kind: 'default' }, false);
  session.frame(received(enrolmentFrame(REQUEST)));
  const late = session.handle({ kind: 'timer', timer: 'enrolment' });
  assert.match(reasonOf(late) ?? '', /not answered in time/);
});

test('a server without the protocol of enrolment tells no terms, and is asked for none', () => {
  const old = server({ kind: 'default' }, false);
  assert.match(
    reasonOf(old.frame(received(termsRequestFrame('ann'))).actions) ?? '',
    /may only request its own certificate/,
  );
  const { opened } = aSession('client', false);
  assert.deepEqual(kinds(opened), ['arm', 'propose']);
});

test('a client waits for the terms of a server that has some, makes its certificate, and sends it', () => {
  const { session, opened } = aSession('client', true);
  assert.deepEqual(kinds(opened), ['arm', 'send']);
  const { actions } = session.frame(received(termsFrame('server', { days: 365 })));
  assert.deepEqual(actions, [{ kind: 'propose', terms: { days: 365 } }]);
  const sent = session.handle({ kind: 'proposed', proposal: { certificatePem: 'PEM' } });
  assert.deepEqual(kinds(sent), ['send']);
  const issued = session.frame(
    received(issuedFrame({ sourceId: 'server', issued: { certificatePem: 'PEM' } })),
  );
  assert.deepEqual(kinds(issued.actions), ['issued', 'destroy', 'over']);
});

test('terms that no certificate can meet end the connection', () => {
  for (const days of [0, -1, 1.5, '365', null]) {
    const { session } = aSession('client', true);
    const data = Buffer.from(JSON.stringify({ cmd: 'aioc_terms', days }));
    session.frame(received({ header: { message_type: '_ssl', source_id: 'server' }, data }));
    assert.equal(session.state, 'closed', String(days));
  }
});

test('a client of a known certificate renews only its own name, one at a time, and keeps its connection', () => {
  const { session } = aSession('server', false);
  session.handle({ kind: 'authenticated', as: { kind: 'client', name: 'ann' } });
  session.handle({ kind: 'admitted', knownAsAioc: false });
  session.handle({ kind: 'timer', timer: 'probe' });
  assert.equal(session.state, 'established');
  const request = received(renewalFrame({ ...REQUEST, sourceId: 'ben' }));
  const { actions, deliver } = session.frame(request);
  assert.equal(deliver, false);
  const [enrol] = actions;
  assert.ok(enrol?.kind === 'enrol');
  assert.equal(enrol.request.name, 'ann');
  assert.equal(enrol.presented, 'own');
  assert.deepEqual(session.frame(request).actions, []);
  const refused = session.handle({ kind: 'not-enrolled', reason: 'no', wallNowMs: 0 });
  assert.deepEqual(refused, [{ kind: 'send', frame: notRenewedFrame('server', 'no') }]);
  assert.equal(session.state, 'established');
  assert.deepEqual(kinds(session.frame(request).actions), ['enrol']);
  assert.deepEqual(session.frame(received(enrolmentFrame(REQUEST))).actions, []);
});
