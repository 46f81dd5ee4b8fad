import { afterMicrotasks } from '../base/batching.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { type AckPosition, type StreamAckFrame, streamAckFrame } from '../protocol/stream-frames.ts';

/** Acknowledgements to an aioc peer: of what is confirmed in one turn only the last of each stream is said, all at once. */
export class StreamAcks {
  readonly #sourceId: string;
  readonly #send: (frame: OutFrame) => void;
  #marks = new Map<string, AckPosition>();

  constructor(sourceId: string, send: (frame: OutFrame) => void) {
    this.#sourceId = sourceId;
    this.#send = send;
  }

  add(mark: AckPosition): void {
    if (this.#marks.size === 0) afterMicrotasks(() => this.flush());
    const key = `${mark.epoch} ${mark.type}`;
    const earlier = this.#marks.get(key)?.dropped ?? [];
    this.#marks.set(key, earlier.length === 0 ? mark : { ...mark, dropped: [...earlier, ...mark.dropped] });
  }

  flush(): void {
    if (this.#marks.size === 0) return;
    const marks = [...this.#marks.values()];
    this.#marks = new Map();
    this.say({ kind: 'ack', marks });
  }

  say(news: StreamAckFrame): void {
    this.#send(streamAckFrame(news, this.#sourceId));
  }
}
