import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../engine/contract/commands.ts';
import { parseRequest } from '../../engine/contract/request-schema.ts';
import type { View } from '../../engine/contract/views.ts';

const SHELL = { running: false, exitCode: 0, signal: 'SIGINT', lines: ['a'], droppedLines: 0 };

/** One of each: a command that is added to the contract and forgotten here does not compile. */
const COMMANDS: { readonly [Kind in Command['kind']]: Command & { readonly kind: Kind } } = {
  'newcomer.accept': { kind: 'newcomer.accept', joinRequest: 1 },
  'newcomer.refuse': { kind: 'newcomer.refuse', joinRequest: 1 },
  'peer.ignore': { kind: 'peer.ignore', peer: 'p1', on: true },
  'all.ignore': { kind: 'all.ignore', on: false },
  'peer.ping': { kind: 'peer.ping', peer: 'p1' },
  'peer.disconnect': { kind: 'peer.disconnect', peer: 'p1' },
  'certificate.delete': { kind: 'certificate.delete', peer: 'p1' },
  'client.invite': { kind: 'client.invite', name: 'bob' },
  'connector.stop': { kind: 'connector.stop', hard: true },
  'connector.restart': { kind: 'connector.restart', hard: false },
  'connector.start': { kind: 'connector.start' },
  'dial.now': { kind: 'dial.now' },
  'chat.say': { kind: 'chat.say', peer: 'p1', text: 'hi' },
  'chat.upload': { kind: 'chat.upload', peer: 'p1', path: '/a' },
  'chat.cancel': { kind: 'chat.cancel', peer: 'p1', row: 3 },
  'chat.local': {
    kind: 'chat.local',
    peer: '',
    row: { key: 'k', text: '$ ls', tone: 'good', shell: SHELL },
  },
  'chat.read': { kind: 'chat.read', peer: 'p1' },
  'files.list': { kind: 'files.list' },
  'files.import': { kind: 'files.import', name: 'a', directory: '/b', unzip: true },
  'log.note': { kind: 'log.note', text: 'x', warning: true },
  'engine.stop': { kind: 'engine.stop' },
};

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
  for (const command of Object.values(COMMANDS)) {
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
  { kind: 'execute', callId: 1.5, command: COMMANDS['dial.now'] },
];
for (const wrong of WRONG) {
  test(`what is not of the contract is refused: ${(JSON.stringify(wrong) ?? 'nothing').slice(0, 90)}`, () => {
    assert.throws(() => parseRequest(wrong), { code: 'AIOC_FRAME_BAD' });
  });
}
