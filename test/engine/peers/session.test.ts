import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { Session } from '../../../engine/peers/session.ts';
import type { SessionAction } from '../../../engine/peers/session-types.ts';
import type { Frame } from '../../../engine/protocol/frame-decoder.ts';
import { type OutFrame, probeAnswerFrame } from '../../../engine/protocol/messages.ts';

const HELLO = { version: '1.2.3', name: 'other', instance: 'i' };

function frame({ header, data }: OutFrame): Frame {
  return { header, data, headerBytes: Buffer.alloc(0), binary: Buffer.alloc(0) };
}

/** A client in mutual TLS that has just asked; and what it asked. */
function asking(knownAsAioc: boolean): { readonly session: Session; readonly question: OutFrame } {
  const session = new Session({
    role: 'client',
    security: 'mutual-tls',
    sourceId: 'edge-1',
    destinationId: 'server',
    hello: { version: '0.0.0', name: 'edge-1', instance: 'mine' },
    nonce: 'n-1',
  });
  const actions = session.handle({ kind: 'open', certificate: undefined, knownAsAioc });
  const asked = actions.find((action) => action.kind === 'send');
  return { session, question: (asked as { frame: OutFrame }).frame };
}

function answer(session: Session, data: Buffer): readonly SessionAction[] {
  const header = { message_type: '_ping', response_id: '_aioc', source_id: 'server' };
  return session.frame(frame({ header, data })).actions;
}

const knownKinds = (actions: readonly SessionAction[]): string[] =>
  actions.flatMap((action) => (action.kind === 'established' ? [action.peerKind.kind] : []));

for (const [what, change] of [
  ['a blank more', (data: string) => `${data} `],
  ['another nonce', (data: string) => data.replace('n-1', 'n-2')],
  ['another name', (data: string) => data.replace('edge-1', 'edge-2')],
  ['nothing in it', () => ''],
  [
    'an answer to another question',
    (data: string) => data.replace('n-1', 'n-2').replace('{', '{"answer":true,'),
  ],
] as const) {
  test(`an echo with ${what} makes no Python of who is known as aioc; the exact one does`, () => {
    const { session, question } = asking(true);
    const data = question.data.toString();
    assert.notEqual(change(data), data);
    assert.deepEqual(answer(session, Buffer.from(change(data))), []);
    assert.equal(session.state, 'probing');
    assert.deepEqual(knownKinds(answer(session, question.data)), ['python']);
    assert.deepEqual(knownKinds(answer(asking(false).session, Buffer.from(change(data)))), ['python']);
  });
}

test('a late answer makes an aioc of who was taken for Python, once; nothing makes Python of it again', () => {
  const { session, question } = asking(false);
  assert.deepEqual(knownKinds(session.handle({ kind: 'timer', timer: 'probe' })), ['python']);
  assert.deepEqual(knownKinds(answer(session, question.data)), [], 'that is known already');
  const answered = probeAnswerFrame({ hello: HELLO, nonce: 'n-1', sourceId: 'server' });
  assert.deepEqual(knownKinds(session.frame(frame(answered)).actions), ['aioc']);
  assert.deepEqual(knownKinds(session.frame(frame(answered)).actions), []);
  assert.deepEqual(knownKinds(answer(session, question.data)), []);
  assert.equal(session.state, 'established');
});

test('the second question is the first one again, and silence after it ends the connection', () => {
  const { session, question } = asking(true);
  const again = session.handle({ kind: 'timer', timer: 'probe' });
  assert.deepEqual(again, [
    { kind: 'send', frame: question },
    { kind: 'arm', timer: 'probe', delayMs: LIMITS.probeRetryMs },
  ]);
  const over = session.handle({ kind: 'timer', timer: 'probe' });
  assert.deepEqual(
    over.map(({ kind }) => kind),
    ['destroy', 'over'],
  );
  const ending = over.find((action) => action.kind === 'over')?.ending;
  assert.equal(ending?.whileWaiting, false, 'nobody has refused us');
});

test('a session that is being closed stays so, whatever it learns about the other side', () => {
  const { session, question } = asking(false);
  session.handle({ kind: 'timer', timer: 'probe' });
  session.handle({ kind: 'drain' });
  const answered = probeAnswerFrame({ hello: HELLO, nonce: 'n-1', sourceId: 'server' });
  assert.deepEqual(session.frame(frame(answered)).actions, []);
  assert.equal(session.state, 'draining');
  assert.deepEqual(answer(session, question.data), []);
});

test('a message on an established connection is delivered and means nothing else, at no cost', () => {
  const { session } = asking(false);
  session.handle({ kind: 'timer', timer: 'probe' });
  const message = frame({ header: { message_type: 'event', source_id: 'server' }, data: Buffer.from('1') });
  const outcome = session.frame(message);
  assert.deepEqual(outcome, { actions: [], deliver: true });
  assert.equal(session.frame(message), outcome, 'the same object each time');
  session.handle({ kind: 'lost', reason: 'cut' });
  assert.deepEqual(session.frame(message), { actions: [], deliver: false });
});

test('the first frame from a client that is not the probe is delivered after the session has settled', () => {
  const hello = { version: '0.0.0', name: 'server', instance: 'mine' };
  const session = new Session({
    role: 'server',
    security: 'plain',
    sourceId: 'server',
    destinationId: '',
    hello,
    nonce: 'n-1',
  });
  session.handle({ kind: 'open', certificate: undefined, knownAsAioc: false });
  const handshake = frame({
    header: { message_type: '_handshake_no_ssl', source_id: 'c' },
    data: Buffer.from('hello'),
  });
  assert.equal(session.frame(handshake).deliver, false);
  session.handle({ kind: 'admitted', knownAsAioc: false });
  const message = frame({ header: { message_type: 'event', source_id: 'c' }, data: Buffer.from('1') });
  const { actions, deliver } = session.frame(message);
  assert.deepEqual(knownKinds(actions), ['python']);
  assert.equal(deliver, true);
});
