import type { PeerRow, PeerSort, QueueRow, QueueSort, SecurityMode, Status } from '../contract/views.ts';
import type { Peer } from '../peers/peer.ts';
import type { Inbox } from '../queues/inbox.ts';
import type { Outbox } from '../queues/outbox.ts';
import type { QueueRules } from '../queues/queue-rules.ts';
import type { CertificateUses } from '../security/certificate-uses.ts';
import type { ListSource } from './list-window.ts';

interface AboutPeer {
  readonly unread: number;
  readonly ignored: boolean;
  readonly security: SecurityMode;
  readonly uses: CertificateUses | undefined;
}

export function peerRow(peer: Peer, about: AboutPeer): PeerRow {
  const endsAtMs = about.security === 'mutual-tls' ? peer.certificateEndsAtMs : undefined;
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
    ...(endsAtMs !== undefined && { certificateEndsAtMs: endsAtMs }),
    ...(use !== undefined && isOfThis && { certificateLastUseMs: use.atMs }),
    ...(peer.lagMs !== undefined && { lagMs: peer.lagMs }),
    rateHistory: peer.rate.history(),
    rate: peer.rate.perSecond(),
    ignored: about.ignored,
    ignoredIn: peer.ignoredIn,
    ignoredOut: peer.ignoredOut,
    ...(peer.forgedIn > 0 && { forgedIn: peer.forgedIn }),
    waitingCount: peer.sender.waitingCount,
    unread: about.unread,
  };
}

const STATE_ORDER: readonly PeerRow['state'][] = ['connected', 'waiting', 'connecting', 'refused', 'away'];

export function peerList(rows: readonly PeerRow[]): ListSource<PeerRow, PeerSort> {
  return {
    rows,
    textOf: ({ name, wireName, address, state, reason = '', words = '', ignored }) =>
      `${name} ${wireName} ${address} ${state} ${reason} ${words} ${ignored ? 'ignored' : ''}`,
    compare: {
      name: (a, b) => a.name.localeCompare(b.name),
      state: (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state),
      rate: (a, b) => a.rate - b.rate,
      waiting: (a, b) => a.waitingCount - b.waitingCount,
    },
    tieBreak: ({ name }) => name,
  };
}

/** One row for each peer and type used since the start: its outbox together with its lanes (SentQueues). */
export function queueRows(peers: Iterable<Peer>, rules: QueueRules): QueueRow[] {
  const rows: QueueRow[] = [];
  for (const peer of peers) {
    const byType = new Map<string, Outbox[]>();
    for (const outbox of peer.sender.outboxes) {
      const others = byType.get(outbox.type);
      if (others === undefined) byType.set(outbox.type, [outbox]);
      else others.push(outbox);
    }
    for (const [type, outboxes] of byType) rows.push(outboxRow(peer, { type, outboxes }, rules));
  }
  return rows;
}

function outboxRow(
  peer: Peer,
  { type, outboxes }: { readonly type: string; readonly outboxes: readonly Outbox[] },
  rules: QueueRules,
): QueueRow {
  const sum = (of: (outbox: Outbox) => number): number =>
    outboxes.reduce((total, outbox) => total + of(outbox), 0);
  const depth = sum((outbox) => outbox.depth);
  const dropped = sum((outbox) => outbox.dropped);
  const outRate = sum(({ departures }) => departures.perSecond());
  const inRate = sum(({ arrivals }) => arrivals.perSecond());
  const oldest = outboxes.flatMap(({ oldestAtMs = [] }) => oldestAtMs);
  const shrinking = outRate - inRate;
  const blocked = depth > 0 ? blockedReason(peer) : undefined;
  return {
    id: `${peer.id}:${type}`,
    direction: 'out',
    peer: peer.id,
    peerName: peer.name,
    type,
    depth,
    bytes: sum(({ bytes }) => bytes),
    ...storedNote(rules, 'out', type),
    ...(oldest.length > 0 && { oldestAtMs: Math.min(...oldest) }),
    ...(dropped > 0 && { dropped }),
    inRate,
    outRate,
    ...(depth > 0 && shrinking > 0 && { drainSeconds: Math.ceil(depth / shrinking) }),
    ...(blocked !== undefined && { blocked }),
  };
}

/** One row for each type that local programs can receive. */
export function inboxRows(inboxes: Iterable<Inbox>, rules: QueueRules): QueueRow[] {
  return [...inboxes].map((inbox) => {
    const outRate = inbox.departures.perSecond();
    const inRate = inbox.arrivals.perSecond();
    const shrinking = outRate - inRate;
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
      ...(inbox.depth > 0 && shrinking > 0 && { drainSeconds: Math.ceil(inbox.depth / shrinking) }),
      ...inboxBlocked(inbox),
    };
  });
}

/** The totals in the header: sums of the rows, so that both always agree. */
export function queueTotals(
  rows: readonly QueueRow[],
): Pick<Status, 'waitingCount' | 'waitingInCount' | 'stuckCount' | 'storedCount' | 'waitingBytes'> {
  const outwards = rows.filter(({ direction }) => direction === 'out');
  const inwards = rows.filter(({ direction }) => direction === 'in');
  const messages = (of: readonly QueueRow[]): number => of.reduce((sum, { depth }) => sum + depth, 0);
  return {
    waitingCount: messages(outwards),
    waitingInCount: messages(inwards),
    stuckCount: rows.filter(({ blocked }) => blocked !== undefined).length,
    storedCount: messages(outwards.filter(({ stored }) => stored === true)),
    waitingBytes: outwards.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function storedNote(
  rules: QueueRules,
  direction: QueueRow['direction'],
  type: string,
): Pick<QueueRow, 'stored'> {
  return rules.storesAny ? { stored: rules.isStored(direction, type) } : {};
}

function inboxBlocked(inbox: Inbox): Pick<QueueRow, 'blocked'> {
  if (inbox.trouble !== undefined) return { blocked: `peers wait: ${inbox.trouble}` };
  if (inbox.depth === 0 || inbox.hasConsumer) return {};
  const held = inbox.waiting > 0 ? ': it is full, and peers wait' : '';
  return { blocked: `no program on this machine listens to ${inbox.type}${held}` };
}

function blockedReason(peer: Peer): string | undefined {
  if (peer.state === 'waiting') return `${peer.name} has not accepted this client yet`;
  if (peer.state !== 'connected')
    return `${peer.name} is ${peer.state}${peer.reason ? `: ${peer.reason}` : ''}`;
  return undefined;
}

export function queueList(rows: readonly QueueRow[]): ListSource<QueueRow, QueueSort> {
  return {
    rows,
    textOf: ({ peerName, type, direction, blocked = '' }) => `${peerName} ${type} ${direction} ${blocked}`,
    compare: {
      backlog: (a, b) => a.depth - b.depth,
      age: (a, b) => (b.oldestAtMs ?? Number.MAX_VALUE) - (a.oldestAtMs ?? Number.MAX_VALUE),
      name: (a, b) => a.peerName.localeCompare(b.peerName),
      rate: (a, b) => a.outRate - b.outRate,
    },
    tieBreak: ({ peerName, type }) => `${peerName} ${type}`,
  };
}
