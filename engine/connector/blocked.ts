import type { Blocked, PeerState } from '../contract/views.ts';
import type { Peer } from '../peers/peer.ts';
import type { SentQueue } from '../peers/sent-queue.ts';
import type { Inbox } from '../queues/inbox.ts';

/** Without an ack for so long, the peer counts as slow. */
const SILENT_MS = 5_000;
/** A peer that is silent for longer will hardly go on by itself. */
const STUCK_SILENT_MS = 30_000;

/** What the texts name. */
export interface BlockedContext {
  readonly role: 'server' | 'client';
  /** The connector as a command line names it: its configuration file, or its name. */
  readonly connector: string;
}

/** Why an outbox with messages does not drain; undefined if it does. */
export function outboxBlocked(
  peer: Peer,
  queues: readonly SentQueue[],
  context: BlockedContext,
): Blocked | undefined {
  const trouble = queues.map(({ outbox }) => outbox.trouble).find((text) => text !== undefined);
  return worstWithMore([
    trouble === undefined ? undefined : diskBlocked(`programs wait: ${trouble}`),
    peer.state === 'connected' ? silentBlocked(peer, queues) : awayBlocked(peer, context),
  ]);
}

/** Why an inbox does not drain. */
export function inboxBlocked(inbox: Inbox, context: BlockedContext): Blocked | undefined {
  const { trouble } = inbox;
  return worstWithMore([
    trouble === undefined ? undefined : diskBlocked(`peers wait: ${trouble}`),
    inbox.depth === 0 ? undefined : untakenBlocked(inbox, context),
  ]);
}

/** No listener takes its messages, or not as fast as they come. */
function untakenBlocked(inbox: Inbox, { connector }: BlockedContext): Blocked | undefined {
  if (!inbox.hasConsumer) {
    const held = inbox.waiting > 0 ? ': it is full, and peers wait' : '';
    return {
      code: 'no-listener',
      text: `no program on this machine listens to ${inbox.type}${held}`,
      remedy: {
        text: 'start its program, or print what waits',
        command: `aioc listen ${shellWord(connector)} --type ${shellWord(inbox.type)}`,
      },
    };
  }
  if (inbox.waiting === 0) return undefined;
  const rates = `${inbox.departures.perSecond()}/s of ${inbox.arrivals.perSecond()}/s`;
  return {
    code: 'slow-listener',
    text: `it is full, and peers wait: its listener takes ${rates} that arrive`,
    endsByItself: true,
  };
}

/** The worst reason, which has the others. */
function worstWithMore(reasons: readonly (Blocked | undefined)[]): Blocked | undefined {
  const [worst, ...more] = reasons.filter((reason) => reason !== undefined).sort(compareBlocked);
  return worst === undefined || more.length === 0 ? worst : { ...worst, more };
}

function diskBlocked(text: string): Blocked {
  return {
    code: 'disk',
    text,
    remedy: { text: 'free some space on that disk; aioc then continues' },
  };
}

const AWAY_CODES: Readonly<Record<Exclude<PeerState, 'connected'>, Blocked['code']>> = {
  waiting: 'waiting',
  refused: 'refused',
  away: 'away',
  connecting: 'away',
};

function awayBlocked(peer: Peer, { role, connector }: BlockedContext): Blocked {
  if (peer.state === 'waiting')
    return {
      code: 'waiting',
      text: `${peer.name} has not accepted this client yet`,
      remedy: { text: `accept this client on the screen of ${peer.name}` },
    };
  const code =
    peer.cause === 'certificate' ? 'certificate' : AWAY_CODES[peer.state as keyof typeof AWAY_CODES];
  const text = `${peer.name} is ${peer.state}${peer.reason ? `: ${peer.reason}` : ''}`;
  if (code === 'certificate')
    return {
      code,
      text,
      remedy:
        role === 'server'
          ? {
              text: 'invite it again',
              command: `aioc invite ${shellWord(connector)} ${shellWord(peer.wireName)}`,
            }
          : { text: 'run "aioc invite" for this client on the server, and "aioc join" here' },
    };
  if (role === 'server') return { code, text, remedy: { text: `start the connector of ${peer.name}` } };
  const how = code === 'refused' ? 'r asks again' : 'start the server; r tries again at once';
  return { code, text, remedy: { text: how } };
}

/** The peer is connected, has messages, and acknowledges nothing. */
function silentBlocked(peer: Peer, queues: readonly SentQueue[]): Blocked | undefined {
  const silentMs = Math.max(...queues.map(({ outbox, lag }) => lag.silentMs(outbox.unacked)));
  if (silentMs < SILENT_MS) return undefined;
  return {
    code: 'credit',
    text: `${peer.name} has acknowledged nothing for ${Math.floor(silentMs / 1000)} s: it, its listeners or its disk are slow`,
    ...(silentMs < STUCK_SILENT_MS && { endsByItself: true }),
  };
}

/** A word of a command line for a POSIX shell. */
function shellWord(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Worst first: what needs a person most. */
const ORDER: readonly Blocked['code'][] = [
  'away',
  'refused',
  'certificate',
  'disk',
  'no-listener',
  'waiting',
  'credit',
  'slow-listener',
];

/** Compares what blocks two queues: below zero if the first is worse. */
export function compareBlocked(a: Blocked, b: Blocked): number {
  const stuck = Number(a.endsByItself === true) - Number(b.endsByItself === true);
  return stuck || ORDER.indexOf(a.code) - ORDER.indexOf(b.code);
}
