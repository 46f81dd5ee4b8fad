import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { bodyData, type MessageBody } from '../contract/message-body.ts';
import type { PeekQuestion, PeekRow, QueuePeek } from '../contract/queue-peek.ts';
import type { Registry } from '../peers/registry.ts';
import { pythonJson } from '../protocol/header.ts';
import type { Inbox } from '../queues/inbox.ts';
import { type StoredMessage, storedMessages } from '../queues/stored-messages.ts';
import type { StoredQueue } from '../queues/stored-queue.ts';
import { lastPositionOf } from '../storage/store.ts';
import { previewText } from './log-previews.ts';

interface FoundQueue {
  readonly type: string;
  /** Empty for an inbox. */
  readonly peerName: string;
  readonly depth: number;
  /** An outbox and its lanes, or an inbox. */
  readonly parts: readonly StoredQueue[];
}

/** Shows and purges the messages of queues, by the ids of their rows. */
export class QueuePeeker {
  readonly #queues: { readonly registry: Pick<Registry, 'get'>; readonly inboxes: Iterable<Inbox> };

  constructor(queues: { readonly registry: Pick<Registry, 'get'>; readonly inboxes: Iterable<Inbox> }) {
    this.#queues = queues;
  }

  /** @throws AiocError AIOC_COMMAND, AIOC_DISK */
  async peek({ queue, after, upTo, rows, bodies }: PeekQuestion): Promise<QueuePeek> {
    const found = this.#find(queue);
    const end = await endOf(found.parts);
    const ends = (upTo ?? end).split(',').map(Number);
    const page = new Page(Math.min(rows, LIMITS.peekRows), bodies);
    const from = after === undefined ? { part: 0, position: 0 } : placeOf(after);
    for (let part = from.part; part < found.parts.length && !page.isFull; part += 1) {
      const position = part === from.part ? from.position : 0;
      await page.fill(found.parts[part] as StoredQueue, { part, position, end: ends[part] ?? 0 });
    }
    return { depth: found.depth, rows: page.rows, hasMore: page.isFull, end };
  }

  /**
   * Drops the messages of a queue that are not on their way.
   *
   * @param upTo the end that a peek has returned: what has come since stays
   * @returns how many, and of which queue; an inbox has no peer
   * @throws AiocError AIOC_COMMAND, AIOC_DISK, AIOC_DISK_FULL
   */
  async purge(
    queue: string,
    { upTo, why }: { readonly upTo: string; readonly why: string },
  ): Promise<{ readonly count: number; readonly type: string; readonly peerName: string }> {
    const { parts, type, peerName } = this.#find(queue);
    const ends = upTo.split(',').map(Number);
    let count = 0;
    for (const [index, part] of parts.entries()) count += await part.purge(ends[index] ?? 0, why);
    return { count, type, peerName };
  }

  /** @throws AiocError AIOC_COMMAND */
  #find(queue: string): FoundQueue {
    const { registry, inboxes } = this.#queues;
    const colon = queue.indexOf(':');
    const [owner, type] = [queue.slice(0, colon), queue.slice(colon + 1)];
    for (const inbox of owner === 'in' ? inboxes : [])
      if (inbox.type === type) return { type, peerName: '', depth: inbox.depth, parts: [inbox.stored] };
    const peer = registry.get(owner);
    const outboxes = (peer?.sender.queues ?? []).flatMap(({ outbox }) =>
      outbox.type === type ? [outbox] : [],
    );
    if (peer === undefined || outboxes.length === 0) throw new AiocError('AIOC_COMMAND', NO_QUEUE);
    const depth = outboxes.reduce((sum, outbox) => sum + outbox.depth, 0);
    return { type, peerName: peer.name, depth, parts: outboxes.map(({ stored }) => stored) };
  }
}

const NO_QUEUE = 'there is no such queue (any longer)';

interface PeekPosition {
  readonly part: number;
  readonly position: number;
}

/** The rows of one answer. */
class Page {
  readonly rows: PeekRow[] = [];
  /** There was a message without room. */
  isFull = false;
  readonly #count: number;
  readonly #bodies: PeekQuestion['bodies'];
  #bytes = 0;

  constructor(count: number, bodies: PeekQuestion['bodies']) {
    this.#count = count;
    this.#bodies = bodies;
  }

  async fill(
    queue: StoredQueue,
    { part, position, end }: PeekPosition & { readonly end: number },
  ): Promise<void> {
    let after = position;
    for (;;) {
      const batches = await queue.read(after, LIMITS.inboxReadBytes);
      const last = batches.at(-1);
      if (last === undefined) return;
      for (const batch of batches) {
        for (const message of storedMessages(queue.stream, batch) ?? []) {
          if (message.position > end) return;
          if (message.position <= position || queue.stateAt(message.position) === 'gone') continue;
          if (!this.#add(message, { queue, part })) return;
        }
      }
      after = lastPositionOf(last);
    }
  }

  /** @returns false if there is no room */
  #add(
    message: StoredMessage,
    { queue, part }: { readonly queue: StoredQueue; readonly part: number },
  ): boolean {
    const { data, binary, header, position, atMs } = message;
    const sizeBytes = data.length + (binary?.length ?? 0);
    const addedBytes = this.#bodies === 'whole' ? sizeBytes : 0;
    const isOver = this.rows.length > 0 && this.#bytes + addedBytes > LIMITS.peekPageBytes;
    this.isFull = this.rows.length >= this.#count || isOver;
    if (this.isFull) return false;
    this.#bytes += addedBytes;
    const from = header['source_id'];
    this.rows.push({
      place: `${part}:${position}`,
      ...{ atMs, sizeBytes, isSent: queue.stateAt(position) === 'sent' },
      ...(typeof from === 'string' && { from }),
      text: previewText(data, 0, data.length),
      ...(this.#bodies !== undefined && bodyOf(message, this.#bodies)),
    });
    return true;
  }
}

function bodyOf(
  { header, data, binary }: StoredMessage,
  bodies: 'beginning' | 'whole',
): { readonly body: MessageBody; readonly binaryBase64?: string } {
  const maxBytes = bodies === 'whole' ? LIMITS.peekWholeBytes : LIMITS.peekBodyBytes;
  const isWhole = bodies === 'whole' && data.length + (binary?.length ?? 0) <= maxBytes;
  return {
    body: {
      headerLines: Object.entries(header).map(([key, value]) => `${key}: ${pythonJson(value)}`),
      ...bodyData(data, {
        dataBytes: data.length,
        maxBytes: isWhole || bodies === 'beginning' ? maxBytes : 0,
      }),
      binaryBytes: binary?.length ?? 0,
    },
    ...(isWhole && binary !== undefined && { binaryBase64: binary.toString('base64') }),
  };
}

async function endOf(parts: readonly StoredQueue[]): Promise<string> {
  return (await Promise.all(parts.map((part) => part.end()))).join();
}

function placeOf(place: string): PeekPosition {
  const [part = 0, position = 0] = place.split(':').map(Number);
  return { part, position };
}
