import type { RateMeter } from '../base/rate-meter.ts';
import type {
  PeerRow,
  PeerSort,
  QueueRow,
  QueueSort,
  SecurityMode,
  Status,
  WorstQueue,
} from '../contract/views.ts';
import type { Peer } from '../peers/peer.ts';
import type { SentQueue } from '../peers/sent-queue.ts';
import type { Inbox } from '../queues/inbox.ts';
import type { Outbox } from '../queues/outbox.ts';
import type { QueueRules } from '../queues/queue-rules.ts';
import type { CertificateUses } from '../security/certificate-uses.ts';
import { type BlockedContext, compareBlocked, inboxBlocked, outboxBlocked } from './blocked.ts';
import type { ListSource } from './list-window.ts';

interface AboutPeer {
  /** What waits for it is on disk. */
  readonly isKept: boolean;
  /** Its conversation has rows of earlier runs. */
  readonly hasEarlier: boolean;
  readonly unread: number;
  readonly ignored: boolean;
  readonly security: SecurityMode;
  readonly uses: CertificateUses | undefined;
}

/** A queue as rows are sorted and found; its history is computed for the few that are shown. */
export interface UnshownQueue extends Omit<QueueRow, 'rateHistory'> {
  readonly historyNow: () => readonly number[];
}

/** What outboxes do not know themselves. */
interface AboutQueues {
  readonly rules: QueueRules;
  readonly context: BlockedContext;
  /** Whether the chat keeps a queue on disk, by the name of its stream. */
  readonly isKept: (stream: string) => boolean;
}

export function peerRow(peer: Peer, about: AboutPeer): PeerRow {
  const endsAtMs = about.security === 'mutual-tls' ? peer.certificateEndsAtMs : undefined;
  const ackLagMs = worstLagMs(peer.sender.queues);
  const [inRate, outRate] = [peer.inRate.perSecond(), peer.outRate.perSecond()];
  const sent = peer.outRate.history();
  const use = about.uses?.of(peer.wireName);
  const isOfThis = peer.fingerprint === undefined || peer.fingerprint === use?.fingerprint;
  return {
    id: peer.id,
    name: peer.name,
    wireName: peer.wireName,
    address: peer.address,
    state: peer.state,
    sinceMs: peer.sinceMs,
    ...(peer.reason !== undefined && { reason: peer.reason }),
    ...(peer.cause !== undefined && { cause: peer.cause }),
    ...(peer.retry !== undefined && { retry: peer.retry }),
    kind: peer.kind,
    ...(peer.words !== undefined && { words: peer.words }),
    ...shownFacts(peer),
    ...(endsAtMs !== undefined && { certificateEndsAtMs: endsAtMs }),
    ...(use !== undefined && isOfThis && { certificateLastUseMs: use.atMs }),
    ...(peer.lagMs !== undefined && { lagMs: peer.lagMs }),
    ...(ackLagMs !== undefined && { ackLagMs }),
    rateHistory: peer.inRate.history().map((rate, at) => rate + (sent[at] ?? 0)),
    rate: inRate + outRate,
    inRate,
    outRate,
    ignored: about.ignored,
    ignoredIn: peer.ignoredIn,
    ignoredOut: peer.ignoredOut,
    ...(peer.forgedIn > 0 && { forgedIn: peer.forgedIn }),
    waitingCount: peer.sender.waitingCount,
    ...(about.isKept && { isKept: true }),
    ...(about.hasEarlier && { hasEarlier: true }),
    unread: about.unread,
  };
}

/** What its connection and its certificate have shown. */
function shownFacts({ certificate, tls, version }: Peer): Partial<PeerRow> {
  const { fingerprint, issuer, notBeforeMs } = certificate ?? {};
  return {
    ...(fingerprint !== undefined && { fingerprint }),
    ...(issuer !== undefined && { certificateIssuer: issuer }),
    ...(notBeforeMs !== undefined && { certificateStartsAtMs: notBeforeMs }),
    ...(tls !== undefined && { tls }),
    ...(version !== undefined && { version }),
  };
}

/** Faster than `localeCompare`. */
const COLLATOR = new Intl.Collator();

const STATE_ORDER: readonly PeerRow['state'][] = ['connected', 'waiting', 'connecting', 'refused', 'away'];

export function peerList(rows: readonly PeerRow[]): ListSource<PeerRow, PeerSort> {
  return {
    rows,
    filtered: {
      textOf: ({ name, wireName, address, state, reason = '', words = '', ignored }) =>
        `${name} ${wireName} ${address} ${state} ${reason} ${words} ${ignored ? 'ignored' : ''}`,
      fields: {
        peer: ({ name }) => name,
        address: ({ address }) => address,
        state: ({ state, ignored }) => (ignored ? 'ignored' : state),
      },
    },
    compare: {
      name: (a, b) => COLLATOR.compare(a.name, b.name),
      address: (a, b) => COLLATOR.compare(a.address, b.address),
      state: (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state),
      rate: (a, b) => a.rate - b.rate,
      lag: (a, b) => lagOf(a) - lagOf(b),
      waiting: (a, b) => a.waitingCount - b.waitingCount,
      dropped: (a, b) => droppedOf(a) - droppedOf(b),
      certificate: (a, b) => endOf(a) - endOf(b),
    },
    tieBreak: ({ name }) => name,
  };
}

/** One row for each peer and type used since the start: its outbox together with its lanes (SentQueues). */
export function queueRows(peers: Iterable<Peer>, about: AboutQueues): UnshownQueue[] {
  const rows: UnshownQueue[] = [];
  for (const peer of peers) {
    const byType = new Map<string, SentQueue[]>();
    for (const queue of peer.sender.queues) {
      const { type } = queue.outbox;
      const others = byType.get(type);
      if (others === undefined) byType.set(type, [queue]);
      else others.push(queue);
    }
    for (const [type, queues] of byType) {
      const row = outboxRow(peer, { type, queues }, about);
      const blocked = row.depth > 0 ? outboxBlocked(peer, queues, about.context) : undefined;
      rows.push({ ...row, ...(blocked !== undefined && { blocked }) });
    }
  }
  return rows;
}

function outboxRow(
  peer: Peer,
  { type, queues }: { readonly type: string; readonly queues: readonly SentQueue[] },
  { rules, isKept }: AboutQueues,
): UnshownQueue {
  const outboxes = queues.map(({ outbox }) => outbox);
  const sum = (of: (outbox: Outbox) => number): number =>
    outboxes.reduce((total, outbox) => total + of(outbox), 0);
  const depth = sum((outbox) => outbox.depth);
  const dropped = sum((outbox) => outbox.dropped);
  const outRate = sum(({ departures }) => departures.perSecond());
  const inRate = sum(({ arrivals }) => arrivals.perSecond());
  const oldest = outboxes.flatMap(({ oldestAtMs = [] }) => oldestAtMs);
  const ackLagMs = worstLagMs(queues);
  return {
    id: `${peer.id}:${type}`,
    direction: 'out',
    peer: peer.id,
    peerName: peer.name,
    type,
    depth,
    bytes: sum(({ bytes }) => bytes),
    ...(isAllKept(outboxes, isKept) ? { stored: true } : storedNote(rules, 'out', type)),
    ...(oldest.length > 0 && { oldestAtMs: Math.min(...oldest) }),
    ...(dropped > 0 && { dropped }),
    inRate,
    outRate,
    historyNow: () => historyOf(outboxes),
    ...(ackLagMs !== undefined && { ackLagMs }),
    credit: {
      unackedBytes: sum(({ unackedBytes }) => unackedBytes),
      maxBytes: queues.reduce((total, { credit }) => total + Math.round(credit.bytes), 0),
    },
  };
}

/** One row for each type that local programs can receive. */
export function inboxRows(
  inboxes: Iterable<Inbox>,
  { rules, context }: { readonly rules: QueueRules; readonly context: BlockedContext },
): UnshownQueue[] {
  return [...inboxes].map((inbox) => {
    const outRate = inbox.departures.perSecond();
    const inRate = inbox.arrivals.perSecond();
    const blocked = inboxBlocked(inbox, context);
    return {
      id: `in:${inbox.type}`,
      direction: 'in',
      peerName: 'inbox',
      type: inbox.type,
      depth: inbox.depth,
      bytes: inbox.bytes,
      ...storedNote(rules, 'in', inbox.type),
      ...(inbox.oldestAtMs !== undefined && { oldestAtMs: inbox.oldestAtMs }),
      ...(inbox.dropped + inbox.lost > 0 && { dropped: inbox.dropped + inbox.lost }),
      inRate,
      outRate,
      historyNow: () => historyOf([inbox]),
      ...(blocked !== undefined && { blocked }),
    };
  });
}

/** As a screen gets it. */
export function shownQueue({ historyNow, ...row }: UnshownQueue): QueueRow {
  return { ...row, rateHistory: historyNow() };
}

/** The totals in the header: sums of the rows, so that both always agree. */
export function queueTotals(
  rows: readonly UnshownQueue[],
): Pick<
  Status,
  'waitingCount' | 'waitingInCount' | 'stuckCount' | 'worstQueue' | 'storedCount' | 'waitingBytes'
> {
  const outwards = rows.filter(({ direction }) => direction === 'out');
  const inwards = rows.filter(({ direction }) => direction === 'in');
  const messages = (of: readonly UnshownQueue[]): number => of.reduce((sum, { depth }) => sum + depth, 0);
  const worstQueue = worstOf(rows);
  return {
    waitingCount: messages(outwards),
    waitingInCount: messages(inwards),
    stuckCount: rows.filter(({ blocked }) => blocked !== undefined && blocked.endsByItself !== true).length,
    ...(worstQueue !== undefined && { worstQueue }),
    storedCount: messages(outwards.filter(({ stored }) => stored === true)),
    waitingBytes: outwards.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The worst reason, and of several queues with it the deepest. */
function worstOf(rows: readonly UnshownQueue[]): WorstQueue | undefined {
  let worst: (UnshownQueue & Pick<WorstQueue, 'blocked'>) | undefined;
  for (const row of rows) {
    const { blocked } = row;
    if (blocked === undefined) continue;
    const order =
      worst === undefined ? -1 : compareBlocked(blocked, worst.blocked) || worst.depth - row.depth;
    if (order < 0) worst = { ...row, blocked };
  }
  return worst === undefined ? undefined : { ...shownQueue(worst), blocked: worst.blocked };
}

/** What left these queues together. */
function historyOf(queues: readonly { readonly departures: RateMeter }[]): readonly number[] {
  const [first = [], ...others] = queues.map(({ departures }) => departures.history());
  return first.map((rate, at) => others.reduce((sum, history) => sum + (history[at] ?? 0), rate));
}

function lagOf({ ackLagMs, lagMs = -1 }: PeerRow): number {
  return ackLagMs ?? lagMs;
}

function droppedOf({ ignoredIn, ignoredOut, forgedIn = 0 }: PeerRow): number {
  return ignoredIn + ignoredOut + forgedIn;
}

function endOf({ certificateEndsAtMs = Number.MAX_VALUE }: PeerRow): number {
  return certificateEndsAtMs;
}

/** A queue that does not shrink takes for ever; an empty one no time. */
function drainOf({ drainSeconds, depth }: UnshownQueue): number {
  return depth === 0 ? 0 : (drainSeconds ?? Number.MAX_VALUE);
}

function worstLagMs(queues: readonly SentQueue[]): number | undefined {
  const lags = queues.flatMap(({ outbox, lag }) => lag.ms(outbox.unacked) ?? []);
  return lags.length === 0 ? undefined : Math.max(...lags);
}

/** Lines of the chat; not so files, which are in lanes. */
function isAllKept(outboxes: readonly Outbox[], isKept: (stream: string) => boolean): boolean {
  const waiting = outboxes.filter(({ depth }) => depth > 0);
  return waiting.length > 0 && waiting.every(({ stored }) => isKept(stored.stream));
}

function storedNote(
  rules: QueueRules,
  direction: QueueRow['direction'],
  type: string,
): Pick<QueueRow, 'stored'> {
  return rules.storesAny ? { stored: rules.isStored(direction, type) } : {};
}

export function queueList(rows: readonly UnshownQueue[]): ListSource<UnshownQueue, QueueSort> {
  return {
    rows,
    filtered: {
      textOf: ({ peerName, type, direction, blocked }) =>
        `${peerName} ${type} ${direction} ${blocked?.text ?? ''}`,
      fields: {
        peer: ({ peerName }) => peerName,
        type: ({ type }) => type,
        dir: ({ direction }) => direction,
        state: ({ blocked }) => blocked?.code ?? '',
      },
    },
    compare: {
      name: (a, b) => COLLATOR.compare(a.peerName, b.peerName),
      depth: (a, b) => a.depth - b.depth,
      size: (a, b) => a.bytes - b.bytes,
      age: (a, b) => (b.oldestAtMs ?? Number.MAX_VALUE) - (a.oldestAtMs ?? Number.MAX_VALUE),
      in: (a, b) => a.inRate - b.inRate,
      out: (a, b) => a.outRate - b.outRate,
      lag: (a, b) => (a.ackLagMs ?? -1) - (b.ackLagMs ?? -1),
      drain: (a, b) => drainOf(a) - drainOf(b),
    },
    tieBreak: ({ peerName, type }) => `${peerName} ${type}`,
  };
}
