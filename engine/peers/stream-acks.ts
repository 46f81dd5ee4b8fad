import { afterMicrotasks } from '../base/batching.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { type AckPosition, type StreamAckFrame, streamAckFrame } from '../protocol/stream-frames.ts';

export interface StreamAcksOptions {
  readonly sourceId: string;
  readonly send: (frame: OutFrame) => void;
  readonly clock: Clock;
}

/**
 * Acks to an aioc peer: of all messages settled within a moment, only the last of each stream is acknowledged, in one
 * frame. It leaves with whatever is sent meanwhile, such as a response. Acks of many bytes leave at the end of the turn.
 */
export class StreamAcks {
  readonly #sourceId: string;
  readonly #send: (frame: OutFrame) => void;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #positions = new Map<string, AckPosition>();
  #sizeBytes = 0;
  #isPlanned = false;
  /** Whether the peer reads ranges of dropped messages. */
  withRanges = false;

  constructor({ sourceId, send, clock }: StreamAcksOptions) {
    this.#clock = clock;
    this.#sourceId = sourceId;
    this.#send = send;
  }

  /** @param sizeBytes of the messages that are settled with it */
  add(position: AckPosition, sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
    if (this.#sizeBytes >= LIMITS.ackAtOnceBytes) this.#flushThisTurn();
    else this.#timer ??= this.#clock.after(LIMITS.ackDelayMs, this.#flush);
    const key = `${position.epoch} ${position.type}`;
    const earlier = this.#positions.get(key)?.dropped ?? [];
    this.#positions.set(
      key,
      earlier.length === 0 ? position : { ...position, dropped: [...earlier, ...position.dropped] },
    );
  }

  #flushThisTurn(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    afterMicrotasks(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isPlanned = false;
    this.flush();
  };

  /** Nothing is sent any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#positions = new Map();
  }

  flush(): void {
    if (this.#positions.size === 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sizeBytes = 0;
    const positions = [...this.#positions.values()];
    this.#positions = new Map();
    this.send({ kind: 'ack', positions });
  }

  send(acks: StreamAckFrame): void {
    this.#send(streamAckFrame(acks, { sourceId: this.#sourceId, withRanges: this.withRanges }));
  }
}
