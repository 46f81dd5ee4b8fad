import { CHAT_COMMANDS, SHELL_COMMAND } from '../state/chat-commands.ts';

/** Commands and marks that the help explains besides the keys. */
export const LEGEND: readonly (readonly [shown: string, place: string, label: string])[] = [
  ...[...CHAT_COMMANDS, SHELL_COMMAND].map(
    ({ name, takes, help }) => [name, 'chat line', takes === '' ? help : `${takes}: ${help}`] as const,
  ),
  ['✓', 'chat mark', 'the peer has acknowledged it (Python acks on receipt)'],
  ['→', 'chat mark', 'sent, not acknowledged yet'],
  ['…', 'chat mark', 'waiting to be sent'],
  ['queued', 'log', 'out: waiting to be sent'],
  ['sent', 'log', 'out: written to the connection'],
  ['peer has it', 'log', 'out: stored and acknowledged by the peer'],
  ['received by Python', 'log', 'out: acknowledged by Python, which acks before it stores or delivers'],
  ['arrived', 'log', 'in: not stored yet'],
  ['stored', 'log', 'in: on disk, not taken by a listener yet'],
  ['in memory', 'log', 'in: not stored on disk, not taken by a listener yet'],
  ['taken', 'log', 'in: its listener has processed it; in the chat: shown'],
  ['handed over', 'log', 'in: written to a Python listener’s socket, which sends no ack'],
  ['●', 'peer', 'connected'],
  ['○', 'peer', 'away'],
  ['⊘', 'peer', 'ignored: new messages are dropped and counted'],
  ['✕', 'peer', 'refused'],
];
