import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareBlocked, inboxBlocked, outboxBlocked } from '../../../engine/connector/blocked.ts';
import type { Blocked } from '../../../engine/contract/views.ts';
import type { Peer } from '../../../engine/peers/peer.ts';
import type { SentQueue } from '../../../engine/peers/sent-queue.ts';
import type { Inbox } from '../../../engine/queues/inbox.ts';

const SERVER = { role: 'server', connector: '/etc/aioc/server.json' } as const;
const CLIENT = { role: 'client', connector: "/home/ann's/client.json" } as const;

function peer(changes: Partial<Peer> = {}): Peer {
  return { name: 'press-3', wireName: 'press-3', state: 'connected', ...changes } as Peer;
}

function queue(silentMs = 0, trouble?: string): SentQueue {
  return { outbox: { trouble, unacked: 1 }, lag: { silentMs: () => silentMs } } as unknown as SentQueue;
}

function inbox(changes: object): Inbox {
  const meter = (rate: number) => ({ perSecond: () => rate });
  const rates = { departures: meter(12), arrivals: meter(340) };
  return {
    type: 'order',
    depth: 7,
    waiting: 0,
    hasConsumer: false,
    ...rates,
    ...changes,
  } as unknown as Inbox;
}

/** What is seen, by what is the matter. */
const CASES: readonly (readonly [Blocked['code'] | undefined, Blocked | undefined, RegExp])[] = [
  [undefined, outboxBlocked(peer(), [queue()], SERVER), /^$/],
  [
    'away',
    outboxBlocked(peer({ state: 'away', reason: 'nothing listens there' }), [queue()], CLIENT),
    /press-3 is away: nothing listens there\|start the server; r tries again/,
  ],
  ['away', outboxBlocked(peer({ state: 'away' }), [queue()], SERVER), /\|start the connector of press-3/],
  ['refused', outboxBlocked(peer({ state: 'refused' }), [queue()], CLIENT), /\|r asks again/],
  ['waiting', outboxBlocked(peer({ state: 'waiting' }), [queue()], CLIENT), /not accepted this client yet/],
  [
    'certificate',
    outboxBlocked(peer({ state: 'away', cause: 'certificate' }), [queue()], SERVER),
    /\|invite it again\|aioc invite \/etc\/aioc\/server\.json press-3/,
  ],
  ['disk', outboxBlocked(peer(), [queue(0, 'ENOSPC')], SERVER), /programs wait: ENOSPC\|free some space/],
  ['credit', outboxBlocked(peer(), [queue(8_000)], SERVER), /acknowledged nothing for 8 s/],
  [undefined, inboxBlocked(inbox({ depth: 0 }), SERVER), /^$/],
  ['disk', inboxBlocked(inbox({ trouble: 'ENOSPC' }), SERVER), /peers wait: ENOSPC/],
  [
    'no-listener',
    inboxBlocked(inbox({}), CLIENT),
    /no program .* listens to order\|.*\|aioc listen '\/home\/ann'\\''s\/client\.json' --type order/,
  ],
  ['no-listener', inboxBlocked(inbox({ waiting: 1 }), SERVER), /it is full, and peers wait/],
  [
    'slow-listener',
    inboxBlocked(inbox({ hasConsumer: true, waiting: 1 }), SERVER),
    /its listener takes 12\/s of 340\/s that arrive/,
  ],
  [undefined, inboxBlocked(inbox({ hasConsumer: true }), SERVER), /^$/],
];

test('each reason why a queue does not drain has its text, and a remedy as a command line where there is one', () => {
  for (const [code, blocked, text] of CASES) {
    assert.equal(blocked?.code, code);
    const { remedy } = blocked ?? {};
    assert.match([blocked?.text, remedy?.text, remedy?.command].filter(Boolean).join('|'), text);
  }
});

test('what needs a person is worse than what may go on by itself', () => {
  const slow = outboxBlocked(peer(), [queue(8_000)], SERVER);
  const silent = outboxBlocked(peer(), [queue(40_000)], SERVER);
  const unheard = inboxBlocked(inbox({}), SERVER);
  assert.ok(slow !== undefined && silent !== undefined && unheard !== undefined);
  assert.deepEqual([slow.endsByItself, silent.endsByItself], [true, undefined]);
  assert.ok(compareBlocked(unheard, slow) < 0);
  assert.ok(compareBlocked(silent, slow) < 0);
  assert.ok(compareBlocked(unheard, silent) < 0);
});

test('a queue that is stuck for several reasons has them all, worst first', () => {
  const codesOf = (blocked: Blocked | undefined): readonly string[] => [
    ...(blocked === undefined ? [] : [blocked.code]),
    ...(blocked?.more ?? []).map(({ code }) => code),
  ];
  const away = peer({ state: 'away', reason: 'no answer' });
  assert.deepEqual(codesOf(outboxBlocked(away, [queue(0, 'ENOSPC')], SERVER)), ['away', 'disk']);
  assert.deepEqual(codesOf(inboxBlocked(inbox({ trouble: 'ENOSPC' }), SERVER)), ['disk', 'no-listener']);
  assert.deepEqual(codesOf(outboxBlocked(away, [queue()], SERVER)), ['away']);
});
