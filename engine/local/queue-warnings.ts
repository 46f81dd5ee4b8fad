import type { Clock } from '../base/ports.ts';
import type { Peer } from '../peers/peer.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { Inbox } from '../queues/inbox.ts';
import type { Completion } from '../queues/outbox-batch.ts';
import { inboxStream, outboxStream } from '../queues/stream-names.ts';
import { DropLog, Reminder } from './drop-log.ts';

/** Logs what full queues do to messages: that they wait, are dropped, or were lost. */
export class QueueWarnings {
  readonly #log: TrafficLog;
  readonly #drops: DropLog;
  readonly #reminder: Reminder;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: TrafficLog }) {
    this.#log = log;
    this.#drops = new DropLog(clock);
    this.#reminder = new Reminder(clock);
  }

  /** Messages for a peer wait for room. The queue to a connected peer drains, and a disk error has its own log line. */
  outboxIsFull(peer: Peer, type: string): void {
    const outbox = peer.sender.outboxes.find((one) => one.type === type);
    if (peer.state === 'connected' || outbox === undefined || outbox.overflow.waiting === 0) return;
    this.#reminder.remind(outboxStream({ peer: peer.wireName, type }), () =>
      this.#warn(
        peer.name,
        `the queue of the type ${type} is full (${outbox.depth} messages): programs that use Python's API wait until there is room`,
      ),
    );
  }

  /** Messages of a peer wait for room, and there is no listener that makes some. */
  inboxIsFull({ type, depth }: Inbox, peer: Peer): void {
    this.#reminder.remind(inboxStream(type), () =>
      this.#warn(
        peer.name,
        `the inbox of the type ${type} is full (${depth} messages) and no program listens: peers wait until one does`,
      ),
    );
  }

  /** Messages of an inbox were damaged on the disk. */
  lost(peerName: string, type: string, count: number): void {
    const what = count === 1 ? '1 message was' : `${count} messages were`;
    this.#warn(
      peerName,
      `${what} lost on this machine's disk: type ${type}. ${peerName} has no copy to send again`,
    );
  }

  /** Logs what an inbox has dropped, if it has. */
  noteInbox(inbox: Inbox, peer: Peer): void {
    const { type } = inbox;
    this.#drops.note({
      queue: inboxStream(type),
      count: () => inbox.dropped,
      tell: (count) => this.#dropped(peer, type, `${inbox.depth} are waiting and no program listens`, count),
    });
  }

  /** A completion that also logs what the outbox has dropped, if it has. */
  watchOutbox(completion: Completion, peer: Peer, type: string): Completion {
    return {
      patience: completion.patience,
      kept: (count, cancel) => {
        this.#noteOutbox(peer, type);
        completion.kept(count, cancel);
      },
      refused: (count, error) => {
        this.#noteOutbox(peer, type);
        completion.refused(count, error);
      },
    };
  }

  #noteOutbox(peer: Peer, type: string): void {
    const outbox = peer.sender.outboxes.find((one) => one.type === type);
    this.#drops.note({
      queue: outboxStream({ peer: peer.wireName, type }),
      count: () => outbox?.dropped ?? 0,
      tell: (count) => this.#dropped(peer, type, 'the queue is full', count),
    });
  }

  #dropped(peer: Peer, type: string, why: string, count: number): void {
    this.#warn(peer.name, `messages of the type ${type} were dropped: ${why} (${count} so far)`);
  }

  #warn(peerName: string, text: string): void {
    this.#log.event(text, { peerName, warning: true });
  }
}
