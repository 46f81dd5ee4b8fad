import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { OutFrame } from '../protocol/messages.ts';

/** When a connection on which nothing arrives is given up: the keys keep_alive_period, keep_alive_timeout and so on. */
export interface HeartbeatRules {
  /** How long nothing may have arrived before a sign of life is asked for. */
  readonly periodMs: number;
  /** How long each answer is waited for. */
  readonly timeoutMs: number;
  /** How many in a row may be missing. */
  readonly unanswered: number;
}

export interface HeartbeatOptions {
  readonly rules: HeartbeatRules;
  readonly clock: Clock;
  readonly sendKeepAlive: () => void;
  readonly onDead: () => void;
}

/**
 * Finds out that the other side is gone though nothing says so: writes go on succeeding on a link that is stalled. Any
 * byte that arrives is a sign of life; when none does, one is asked for.
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

  /** One timer that looks back, instead of one for each piece that arrives. */
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

/** Between aioc peers, when the configuration does not say otherwise. */
export const DEFAULT_HEARTBEAT: HeartbeatRules = {
  periodMs: LIMITS.heartbeatQuietMs,
  timeoutMs: LIMITS.heartbeatReplyMs,
  unanswered: LIMITS.heartbeatAttempts,
};

/** By which Python knows its own keep-alive, and an answer to it (PROTOCOL §2). */
const KEEP_ALIVE_ID = 'keep_alive_client_check';

/** Asks for a sign of life, in a form that every peer answers at once. */
export function keepAliveFrame(sourceId: string): OutFrame {
  return {
    header: { message_type: '_ping', source_id: sourceId, request_id: KEEP_ALIVE_ID, await_response: true },
    data: Buffer.from(KEEP_ALIVE_ID),
  };
}

/** Whether a frame answers that: it is nobody's but the connection's. */
export function isKeepAliveAnswer({ header }: Frame): boolean {
  return header.message_type === '_ping' && header['response_id'] === KEEP_ALIVE_ID;
}

/** An answer that nobody asked for: to a Python client a sign of life, to a server nothing at all. */
export function unaskedAnswerFrame(sourceId: string): OutFrame {
  return {
    header: { message_type: '_ping', source_id: sourceId, response_id: KEEP_ALIVE_ID },
    data: Buffer.alloc(0),
  };
}
