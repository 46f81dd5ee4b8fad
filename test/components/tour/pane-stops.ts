import type { Stop } from './stop.ts';

/** The footer of each place: where the keys go. */
export const AT = {
  peers: /Enter view/,
  queues: /w why is it stuck/,
  log: /f freeze|f go on/,
  chat: /Enter write/,
  line: /Enter send/,
} as const;

/** The row with the cursor. */
export function chosen(row: string): readonly [RegExp, RegExp] {
  return [new RegExp(`│ ›.{0,3}${row}`), new RegExp(`selected: .*${row}`)];
}

const CHAT = ['4', 'escape'] as const;

/** The keys of the four panes. */
export const PANE_STOPS: Readonly<Record<string, Stop>> = {
  'peers: view, with its fingerprint words': {
    ends: [/╭ client1 ─[\s\S]*client1/, /^client1\naddress: 10\.0\.0\.7[\s\S]*scroll/m],
  },
  'peers: talk': { world: 'asked', from: ['j'], ends: /4 Chat( ·|,) client2/ },
  'peers: ignore / stop ignoring': {
    after: ['enter'],
    ends: (visit) => visit.did('peer.ignore').some(({ peer, on }) => peer === 'client1' && on),
  },
  'peers: delete certificate': {
    after: ['client1', 'tab', 'enter'],
    ends: (visit) => visit.did('certificate.delete').some(({ peer }) => peer === 'client1'),
  },
  'peers: ping': { ends: (visit) => visit.did('peer.ping').length === 1 },
  'peers: errors, what went wrong with it, in the log': { ends: /3 Log.*peer:"client1" level:warning,error/ },
  'peers: disconnect': { after: ['enter'], ends: (visit) => visit.did('peer.disconnect').length === 1 },
  'queues: why is it stuck?': { from: ['2'], ends: /Why\? client3( ·|,) events/ },
  'queues: peek at its first messages, which stay': { from: ['2'], ends: /peeked at/ },
  'queues: export its messages to a file, they stay': {
    from: ['2'],
    ends: ({ local }) => [...local.exports.values()].some((lines) => lines.length === 1),
  },
  'queues: purge, that is drop its messages': {
    from: ['2'],
    after: ['enter'],
    ends: (visit) => visit.did('queue.purge').length === 1,
  },
  'log: open': { from: ['3'], ends: /row 1\.[\s\S]*row 9\./ },
  'log: freeze the log, or let it go on': { from: ['3'], ends: /frozen/ },
  'chat: write': { from: CHAT, after: ['words'], ends: [/› words/, /client1> words/] },
  'chat: open the row': {
    from: CHAT,
    ends: [/not arrived[\s\S]*Esc close/, /failed[\s\S]*not arrived[\s\S]*Esc close/],
  },
  'chat: close the chat': {
    from: CHAT,
    ends: (visit) => !/4 Chat/.test(visit.seen().split('1 Peers').at(-1) ?? ''),
  },
  'chat: cancel the transfer, while there is one': {
    from: CHAT,
    ends: (visit) => visit.did('chat.cancel').some(({ row }) => row === 3),
  },
  'chat: send the line again, when it has failed': {
    from: CHAT,
    ends: (visit) => visit.did('chat.again').some(({ row }) => row === 8),
  },
  'chat: view the peer, with its fingerprint words': {
    from: CHAT,
    ends: [/╭ client1 ─[\s\S]*client1/, /^client1\naddress: 10\.0\.0\.7[\s\S]*scroll/m],
  },
};
