import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { OutFrame } from '../protocol/messages.ts';

/**
 * When to close a silent connection: the keys keep_alive_period, keep_alive_timeout and
 * max_number_of_unanswered_keep_alive.
 */
export interface HeartbeatRules {
  /** Milliseconds of silence after which a ping is sent. */
  readonly periodMs: number;
  /** Milliseconds to wait for each answer. */
  readonly timeoutMs: number;
  /** Number of unanswered pings after which the connection is closed. */
  readonly unanswered: number;
}

export interface HeartbeatOptions {
  readonly rules: HeartbeatRules;
  readonly clock: Clock;
  readonly sendKeepAlive: () => void;
  readonly onDead: () => void;
}

/**
 * Detects a dead connection: on a stalled link, writes keep succeeding. Any byte that arrives counts as a sign of life;
 * after a silence it sends a ping.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: Timer | undefined;
  #receivedAtMs: number;
  #unanswered = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#receivedAtMs = options.clock.now();
    this.#wait(options.rules.periodMs);
  }

  received(): void {
    this.#receivedAtMs = this.#options.clock.now();
    this.#unanswered = 0;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** One timer that checks the last arrival, instead of one per chunk. */
  #wait(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => this.#check());
  }

  #check(): void {
    const { rules, clock, sendKeepAlive, onDead } = this.#options;
    const quietMs = clock.now() - this.#receivedAtMs;
    if (this.#unanswered === 0 && quietMs < rules.periodMs) return this.#wait(rules.periodMs - quietMs);
    if (this.#unanswered >= rules.unanswered) return onDead();
    this.#unanswered += 1;
    sendKeepAlive();
    this.#wait(rules.timeoutMs);
  }
}

/** The default between aioc peers. */
export const DEFAULT_HEARTBEAT: HeartbeatRules = {
  periodMs: LIMITS.heartbeatQuietMs,
  timeoutMs: LIMITS.heartbeatReplyMs,
  unanswered: LIMITS.heartbeatAttempts,
};

/** Marks Python's keep-alive and the answer to it (PROTOCOL §2). */
const KEEP_ALIVE_ID = 'keep_alive_client_check';

/** A ping that every peer answers at once. */
export function keepAliveFrame(sourceId: string): OutFrame {
  return {
    header: { message_type: '_ping', source_id: sourceId, request_id: KEEP_ALIVE_ID, await_response: true },
    data: Buffer.from(KEEP_ALIVE_ID),
  };
}

/** Whether a frame answers a keep-alive ping; it concerns the connection only. */
export function isKeepAliveAnswer({ header }: Frame): boolean {
  return header.message_type === '_ping' && header['response_id'] === KEEP_ALIVE_ID;
}

/** An unsolicited answer: a Python client counts it as a sign of life, a server ignores it. */
export function unaskedAnswerFrame(sourceId: string): OutFrame {
  return {
    header: { message_type: '_ping', source_id: sourceId, response_id: KEEP_ALIVE_ID },
    data: Buffer.alloc(0),
  };
}
