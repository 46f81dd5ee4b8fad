import type { Command } from '../../engine/contract/commands.ts';

const SHELL = { running: false, exitCode: 0, signal: 'SIGINT', lines: ['a'], droppedLines: 0 };

/** One of each kind: a command that is added to the contract and forgotten here does not compile. */
export const SAMPLE_COMMANDS: { readonly [Kind in Command['kind']]: Command & { readonly kind: Kind } } = {
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
  'chat.again': { kind: 'chat.again', peer: 'p1', row: 2 },
  'chat.upload': { kind: 'chat.upload', peer: 'p1', path: '/a' },
  'chat.cancel': { kind: 'chat.cancel', peer: 'p1', row: 3 },
  'chat.local': {
    kind: 'chat.local',
    peer: '',
    row: { key: 'k', text: '$ ls', tone: 'good', shell: SHELL },
  },
  'chat.read': { kind: 'chat.read', peer: 'p1' },
  'exec.answer': { kind: 'exec.answer', request: 1, run: true },
  'exec.stop': { kind: 'exec.stop', peer: 'p1' },
  'files.list': { kind: 'files.list' },
  'files.import': { kind: 'files.import', name: 'a', directory: '/b', unzip: true },
  'queue.purge': { kind: 'queue.purge', queue: 'p1:any', upTo: '3,0' },
  'transfer.cancel': { kind: 'transfer.cancel', id: '3f9a1c07' },
  'log.note': { kind: 'log.note', text: 'x', warning: true },
};
