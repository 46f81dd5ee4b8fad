import { type AiocError, toAiocError } from '../base/errors.ts';
import { framesOf, sharedOf } from '../protocol/batched-messages.ts';
import type { Header } from '../protocol/header.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { noResponseFrame } from '../protocol/no-response.ts';
import type { CheckedBatch } from '../queues/message-batch.ts';
import type { Completion } from '../queues/outbox-batch.ts';

/**
 * Tells requesting programs at other connectors that their response was refused here. Only a response that is too large
 * is reported: after another refusal it may still come.
 */
export class RefusedResponses {
  readonly #send: (header: Header, frame: OutFrame) => void;

  /** @param send sends a frame at once to where this header goes; throws if it cannot */
  constructor(send: (header: Header, frame: OutFrame) => void) {
    this.#send = send;
  }

  /** The message of a local program with this header is refused. */
  refused(header: Header | undefined, { code, message }: AiocError): void {
    if (code !== 'AIOC_FRAME_TOO_LARGE' || header?.['response_id'] === undefined) return;
    try {
      this.#send(header, noResponseFrame(header, message));
    } catch {
      // The requester is not connected any more, and has got an error for that.
    }
  }

  /** The completion of a batch with responses, which reports their refusal to the requesters too. */
  watch({ shared, records }: CheckedBatch, { patience, ...completion }: Completion): Completion {
    let answered = 0;
    return {
      patience,
      kept: (count, cancel) => {
        answered += count;
        completion.kept(count, cancel);
      },
      refused: (count, error) => {
        const headers = headersOf(shared, records).slice(answered, answered + count);
        answered += count;
        for (const header of headers) this.refused(header, toAiocError(error));
        completion.refused(count, error);
      },
    };
  }
}

function headersOf(header: Header, records: Buffer): readonly Header[] {
  return [...framesOf(sharedOf(header), records)].map((frame) => frame.header);
}
