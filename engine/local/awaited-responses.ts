import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Peer } from '../peers/peer.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { type Header, type JsonValue, pythonJson } from '../protocol/header.ts';

export interface Awaiting {
  readonly peer: Peer;
  readonly type: string;
  readonly requestId: JsonValue;
  /** @throws AiocError AIOC_FRAME_TOO_LARGE if the re-encoded header is too large */
  answered(frame: Frame): void;
  /** The response is too large. */
  refused(error: AiocError): void;
  /** The connection to the peer broke, so the response is lost. */
  lost(): void;
}

/** Matches responses with waiting requests: same peer, same type, response_id equal to request_id (PROTOCOL §1). */
export class AwaitedResponses {
  readonly #waiting = new Map<string, Awaiting[]>();
  #count = 0;

  /**
   * @returns a function that stops waiting
   * @throws AiocError AIOC_QUEUE_FULL if too many requests are waiting
   */
  add(awaiting: Awaiting): () => void {
    if (this.#count >= LIMITS.pendingRequests) {
      throw new AiocError(
        'AIOC_QUEUE_FULL',
        `${this.#count} requests are already waiting for responses: wait for some of them first`,
      );
    }
    const key = keyOf(awaiting.peer, awaiting.type, awaiting.requestId);
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), awaiting]);
    this.#count += 1;
    return () => this.#remove(key, awaiting);
  }

  /** Passes a response to the oldest request that it matches; false if there is none. */
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

  /** Fails the oldest request that the response with this header matches; false if there is none. */
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

  /** Fails the requests to one peer. Python fails those to all peers (PROTOCOL §2). */
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

/** JSON keeps number and string ids apart. */
function keyOf(peer: Peer, type: string, id: JsonValue): string {
  return pythonJson([peer.id, type, id]);
}
