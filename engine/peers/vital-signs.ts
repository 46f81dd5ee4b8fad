import type { Clock } from '../base/ports.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { keepAliveFrame, Liveness, type LivenessRules, unaskedAnswerFrame } from './liveness.ts';
import { Nudge } from './nudge.ts';
import type { PeerNature } from './session-types.ts';

export interface VitalSignsOptions {
  readonly clock: Clock;
  readonly sourceId: string;
  /** When a silent connection is given up, by what the other side is; undefined: never. */
  readonly livenessOf: (kind: PeerNature['kind']) => LivenessRules | undefined;
  readonly send: (frame: OutFrame) => void;
  readonly dead: () => void;
}

/** What is said on one connection only so that it lives, or is known to be dead. */
export class VitalSigns {
  readonly #options: VitalSignsOptions;
  #nudge: Nudge | undefined;
  #liveness: Liveness | undefined;

  constructor(options: VitalSignsOptions) {
    this.#options = options;
  }

  /** The other side's nature is known, or known better. */
  learn(kind: PeerNature['kind'], { standsStill }: { readonly standsStill: boolean }): void {
    const { clock, sourceId, livenessOf, send, dead } = this.#options;
    this.stop();
    const rules = livenessOf(kind);
    const ask = (): void => send(keepAliveFrame(sourceId));
    this.#liveness = rules && new Liveness({ rules, clock, ask, dead });
    this.#nudge = standsStill ? new Nudge(clock, () => send(unaskedAnswerFrame(sourceId))) : undefined;
    this.#nudge?.received();
  }

  /** Something has arrived. */
  received(): void {
    this.#nudge?.received();
    this.#liveness?.received();
  }

  stop(): void {
    this.#nudge?.stop();
    this.#liveness?.stop();
  }
}
