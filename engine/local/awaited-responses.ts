import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Peer } from '../peers/peer.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type Header, type JsonValue, pythonJson } from '../protocol/header.ts';

export interface Awaiting {
  readonly peer: Peer;
  readonly type: string;
  readonly requestId: JsonValue;
  /** @throws AiocError AIOC_FRAME_TOO_LARGE when its header grows too long where it is spelled again */
  answered(frame: Frame): void;
  /** The response is too large to come. */
  refused(error: AiocError): void;
  /** The connection to the peer is gone, and with it the response. */
  lost(): void;
}

/** Who waits for which response: same peer, same type, response_id equal to the request_id (PROTOCOL §1). */
export class AwaitedResponses {
  readonly #waiting = new Map<string, Awaiting[]>();
  #count = 0;

  /**
   * @returns a function that ends the waiting
   * @throws AiocError AIOC_QUEUE_FULL when too many wait already
   */
  add(awaiting: Awaiting): () => void {
    if (this.#count >= LIMITS.pendingRequests) {
      throw new AiocError(
        'AIOC_QUEUE_FULL',
        `${this.#count} requests are awaited already: wait for their responses`,
      );
    }
    const key = keyOf(awaiting.peer, awaiting.type, awaiting.requestId);
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), awaiting]);
    this.#count += 1;
    return () => this.#remove(key, awaiting);
  }

  /** Gives a response to whoever has waited longest for it; false when nobody waits. */
  answer(peer: Peer, frame: Frame): boolean {
    const first = this.#takeFirst(peer, frame.header);
    if (first === undefined) return false;
    try {
      first.answered(frame);
    } catch (error) {
      first.refused(toAiocError(error));
    }
    return true;
  }

  /** Tells whoever has waited longest for a response, of which this is the header, that it will not come. */
  refuse(peer: Peer, header: Header, error: AiocError): boolean {
    const first = this.#takeFirst(peer, header);
    first?.refused(error);
    return first !== undefined;
  }

  #takeFirst(peer: Peer, header: Header): Awaiting | undefined {
    const responseId = header['response_id'];
    if (responseId === undefined) return undefined;
    const key = keyOf(peer, header.message_type, responseId);
    const first = this.#waiting.get(key)?.[0];
    if (first !== undefined) this.#remove(key, first);
    return first;
  }

  /** Ends the waits for one peer, and no other (Python ends all, whichever peer breaks: PROTOCOL §2). */
  disconnected(peer: Peer): void {
    for (const [key, waiting] of [...this.#waiting]) {
      for (const awaiting of waiting) {
        if (awaiting.peer !== peer) continue;
        this.#remove(key, awaiting);
        awaiting.lost();
      }
    }
  }

  #remove(key: string, awaiting: Awaiting): void {
    const waiting = this.#waiting.get(key);
    if (!waiting?.includes(awaiting)) return;
    this.#count -= 1;
    const rest = waiting.filter((other) => other !== awaiting);
    if (rest.length > 0) this.#waiting.set(key, rest);
    else this.#waiting.delete(key);
  }
}

/** Numbers and strings are different ids: JSON keeps them apart. */
function keyOf(peer: Peer, type: string, id: JsonValue): string {
  return pythonJson([peer.id, type, id]);
}
