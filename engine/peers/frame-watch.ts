import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';

/** What a watch looks at. */
export interface WatchedStream {
  /** Whether a frame has begun whose rest is awaited from the peer now. */
  readonly awaitsRest: boolean;
  /** Increases with each byte. */
  readonly receivedBytes: number;
  /** Increases with each frame. */
  readonly frames: number;
  /** Bytes that must arrive within LIMITS.frameStallMs. */
  readonly neededBytes: number;
}

/** Looks so often within LIMITS.frameStallMs. */
const LOOKS = 3;

/** Notices a frame that has begun and makes no progress for LIMITS.frameStallMs. It costs nothing for each frame. */
export class FrameWatch {
  readonly #clock: Clock;
  readonly #stream: WatchedStream;
  readonly #onStalled: () => void;
  #timer: Timer | undefined;
  #seenBytes = 0;
  #seenFrames = 0;
  #quietLooks = 0;

  constructor(clock: Clock, stream: WatchedStream, onStalled: () => void) {
    this.#clock = clock;
    this.#stream = stream;
    this.#onStalled = onStalled;
  }

  /** Call when the rest of a frame is awaited. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#quietLooks = 0;
    this.#again();
  }

  /** Call when the stream is not read for a while: its peer cannot make progress. */
  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #again(): void {
    this.#seenBytes = this.#stream.receivedBytes;
    this.#seenFrames = this.#stream.frames;
    this.#timer = this.#clock.after(LIMITS.frameStallMs / LOOKS, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const { awaitsRest, receivedBytes, frames, neededBytes } = this.#stream;
    if (!awaitsRest) return;
    const isQuiet =
      frames === this.#seenFrames && receivedBytes - this.#seenBytes < Math.ceil(neededBytes / LOOKS);
    this.#quietLooks = isQuiet ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks >= LOOKS) this.#onStalled();
    else this.#again();
  }
}
