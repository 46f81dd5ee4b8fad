import type { Clock } from '../base/ports.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { Heartbeat, type HeartbeatRules, keepAliveFrame, unaskedAnswerFrame } from './heartbeat.ts';
import { PythonTlsUnstaller } from './python-tls-unstaller.ts';
import type { IdentifiedKind } from './session-types.ts';

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly sourceId: string;
  /** When to close a silent connection, by the kind of peer; undefined: never. */
  readonly heartbeatOf: (kind: IdentifiedKind['kind']) => HeartbeatRules | undefined;
  readonly send: (frame: OutFrame) => void;
  readonly onDead: () => void;
}

/** Keeps one connection alive, and detects when it is dead. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #unstaller: PythonTlsUnstaller | undefined;
  #heartbeat: Heartbeat | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
  }

  /** The kind of the peer is known, or has been corrected. */
  learn(kind: IdentifiedKind['kind'], { mayStall }: { readonly mayStall: boolean }): void {
    const { clock, sourceId, heartbeatOf, send, onDead } = this.#options;
    this.stop();
    const rules = heartbeatOf(kind);
    const sendKeepAlive = (): void => send(keepAliveFrame(sourceId));
    this.#heartbeat = rules && new Heartbeat({ rules, clock, sendKeepAlive, onDead });
    this.#unstaller = mayStall
      ? new PythonTlsUnstaller(clock, () => send(unaskedAnswerFrame(sourceId)))
      : undefined;
    this.#unstaller?.received();
  }

  /** Bytes have arrived. */
  received(): void {
    this.#unstaller?.received();
    this.#heartbeat?.received();
  }

  /** Something leaves that the peer reacts to. */
  sent(): void {
    this.#heartbeat?.sent();
  }

  stop(): void {
    this.#unstaller?.stop();
    this.#heartbeat?.stop();
  }
}
