import { afterMicrotasks } from '../base/batching.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { type AckPosition, type StreamAckFrame, streamAckFrame } from '../protocol/stream-frames.ts';

/**
 * Acks to an aioc peer: of all messages settled in one turn, only the last of each stream is acknowledged, in one
 * frame.
 */
export class StreamAcks {
  readonly #sourceId: string;
  readonly #send: (frame: OutFrame) => void;
  #positions = new Map<string, AckPosition>();
  /** Whether the peer reads ranges of dropped messages. */
  withRanges = false;

  constructor(sourceId: string, send: (frame: OutFrame) => void) {
    this.#sourceId = sourceId;
    this.#send = send;
  }

  add(position: AckPosition): void {
    if (this.#positions.size === 0) afterMicrotasks(() => this.flush());
    const key = `${position.epoch} ${position.type}`;
    const earlier = this.#positions.get(key)?.dropped ?? [];
    this.#positions.set(
      key,
      earlier.length === 0 ? position : { ...position, dropped: [...earlier, ...position.dropped] },
    );
  }

  flush(): void {
    if (this.#positions.size === 0) return;
    const positions = [...this.#positions.values()];
    this.#positions = new Map();
    this.send({ kind: 'ack', positions });
  }

  send(acks: StreamAckFrame): void {
    this.#send(streamAckFrame(acks, { sourceId: this.#sourceId, withRanges: this.withRanges }));
  }
}
