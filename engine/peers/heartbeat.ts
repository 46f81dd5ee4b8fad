import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { OutFrame } from '../protocol/messages.ts';

/**
 * When to close a silent connection: the keys keep_alive_period, keep_alive_timeout and
 * max_number_of_unanswered_keep_alive.
 */
export interface HeartbeatRules {
  /** Milliseconds of silence after which a ping is sent, if something has been sent meanwhile. */
  readonly periodMs: number;
  /** The same if nothing has been sent, so that there is nothing to hear. Default: `periodMs`. */
  readonly idleMs?: number;
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
  #dueAtMs = 0;
  #receivedAtMs: number;
  #unanswered = 0;
  /** When the first thing since the last arrival was sent. */
  #sentAtMs: number | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#receivedAtMs = options.clock.now();
    this.#wait(options.rules.periodMs);
  }

  received(): void {
    this.#receivedAtMs = this.#options.clock.now();
    this.#unanswered = 0;
    this.#sentAtMs = undefined;
  }

  /** Something leaves that the peer reacts to. */
  sent(): void {
    if (this.#sentAtMs !== undefined) return;
    const { clock, rules } = this.#options;
    this.#sentAtMs = clock.now();
    // The timer may have been set for a connection on which nothing is sent.
    if (this.#unanswered === 0 && this.#dueAtMs > this.#sentAtMs + rules.periodMs) this.#wait(rules.periodMs);
  }

  stop(): void {
    this.#timer?.cancel();
    // What is sent afterwards starts no timer.
    this.#dueAtMs = 0;
  }

  /** One timer that looks at what has happened meanwhile, instead of one per chunk. */
  #wait(ms: number): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#dueAtMs = clock.now() + ms;
    this.#timer = clock.after(ms, () => this.#check());
  }

  #check(): void {
    const { rules, clock, sendKeepAlive, onDead } = this.#options;
    const { periodMs, idleMs = periodMs } = rules;
    const [since, mayBeQuietMs] =
      this.#sentAtMs === undefined ? [this.#receivedAtMs, idleMs] : [this.#sentAtMs, periodMs];
    const quietMs = clock.now() - since;
    if (this.#unanswered === 0 && quietMs < mayBeQuietMs) return this.#wait(mayBeQuietMs - quietMs);
    if (this.#unanswered >= rules.unanswered) return onDead();
    this.#unanswered += 1;
    sendKeepAlive();
    this.#wait(rules.timeoutMs);
  }
}

/** The default between aioc peers. On an idle connection the client pings, and the server only if the client does not. */
export function defaultHeartbeat(role: 'client' | 'server'): HeartbeatRules {
  const attemptsMs = LIMITS.heartbeatAttempts * LIMITS.heartbeatReplyMs;
  return {
    periodMs: LIMITS.heartbeatQuietMs,
    idleMs: LIMITS.heartbeatIdleMs + (role === 'server' ? attemptsMs : 0),
    timeoutMs: LIMITS.heartbeatReplyMs,
    unanswered: LIMITS.heartbeatAttempts,
  };
}

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
