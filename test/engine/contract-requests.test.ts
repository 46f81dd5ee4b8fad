import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from '../../engine/contract/request-schema.ts';
import type { View } from '../../engine/contract/views.ts';
import { SAMPLE_COMMANDS } from '../helpers/sample-commands.ts';

const LIST = { filter: 'a', descending: true, offset: 2, rows: 3 } as const;
const VIEWS: { readonly [Pane in View['pane']]: View } = {
  status: { pane: 'status' },
  peers: { pane: 'peers', ...LIST, sort: 'state' },
  queues: { pane: 'queues', ...LIST, sort: 'age' },
  transfers: { pane: 'transfers', ...LIST, sort: 'rate' },
  log: { pane: 'log', filter: '', rows: 5, endId: 9 },
  chat: { pane: 'chat', peer: 'p1', filter: '', rows: 5 },
};

test('whatever the contract allows is taken as it is, and what it does not know of is left out', () => {
  for (const command of Object.values(SAMPLE_COMMANDS)) {
    const request = { kind: 'execute', callId: 7, command };
    assert.deepEqual(parseRequest(JSON.parse(JSON.stringify(request))), request);
  }
  for (const view of Object.values(VIEWS)) {
    for (const kind of ['open', 'change'])
      assert.deepEqual(parseRequest({ kind, viewId: 1, view }), { kind, viewId: 1, view });
  }
  for (const request of [
    { kind: 'hello', version: 1 },
    { kind: 'close', viewId: 1 },
    { kind: 'query', callId: 1, logId: 2 },
  ])
    assert.deepEqual(parseRequest({ ...request, later: true }), request);
});

const WRONG: readonly unknown[] = [
  undefined,
  [],
  {},
  { kind: '__proto__' },
  { kind: 'toString' },
  { kind: 'open', viewId: '1', view: VIEWS.status },
  { kind: 'open', viewId: 1 },
  { kind: 'open', viewId: 1, view: { pane: 'constructor' } },
  { kind: 'open', viewId: 1, view: { ...VIEWS.peers, sort: '__proto__' } },
  { kind: 'open', viewId: 1, view: { ...VIEWS.peers, offset: null } },
  { kind: 'open', viewId: 1, view: { ...VIEWS.log, rows: 1e300 } },
  { kind: 'open', viewId: 1, view: { ...VIEWS.log, filter: 'x'.repeat(5_000) } },
  { kind: 'execute', callId: 1, command: { kind: 'peer.ignore', peer: 'p1' } },
  { kind: 'execute', callId: 1, command: { kind: 'peer.ignore', peer: {}, on: true } },
  { kind: 'execute', callId: 1, command: { kind: 'chat.upload', peer: 'p1', path: ['/etc'] } },
  { kind: 'execute', callId: 1, command: { kind: 'rm -rf' } },
  { kind: 'execute', callId: 1.5, command: SAMPLE_COMMANDS['dial.now'] },
];
for (const wrong of WRONG) {
  test(`what is not of the contract is refused: ${(JSON.stringify(wrong) ?? 'nothing').slice(0, 90)}`, () => {
    assert.throws(() => parseRequest(wrong), { code: 'AIOC_FRAME_BAD' });
  });
}
