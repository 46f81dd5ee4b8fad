import { LIMITS } from '../base/limits.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import {
  type OutFrame,
  type ProbeOptions,
  probeAnswerFrame,
  probeFrame,
  readProbe,
  readProbeAnswer,
} from '../protocol/messages.ts';
import { AIOC_TYPE } from '../protocol/names.ts';
import type { IdentifiedKind, SessionOptions } from './session-types.ts';

/**
 * What a frame or a silence says about the peer: its kind, with an answer to its probe if it sent one; nothing yet; that
 * it must be asked again; or that it cannot be told on this connection (`contradicts`: it uses aioc's protocol without
 * having identified itself, `silent`: it was aioc before, and does not answer).
 */
export type Identification =
  | { readonly kind: 'known'; readonly peerKind: IdentifiedKind; readonly answer?: OutFrame }
  | { readonly kind: 'pending'; readonly answer?: OutFrame }
  | { readonly kind: 'ask-again' }
  | { readonly kind: 'contradicts' }
  | { readonly kind: 'silent' };

const PYTHON: Identification = { kind: 'known', peerKind: { kind: 'python' } };
const PENDING: Identification = { kind: 'pending' };

/**
 * Decides on one connection whether the peer is aioc or Python, by the probe "are you aioc?" in both directions
 * (engine/peers/PROTOCOL.md, “The probe”).
 */
export class Probe {
  readonly #options: ProbeOptions & Pick<SessionOptions, 'role'>;
  /** Most servers never ask, and each question keeps Node's 8 KiB of small buffers. */
  #question: OutFrame | undefined;
  #asked = 0;

  constructor(options: ProbeOptions & Pick<SessionOptions, 'role'>) {
    this.#options = options;
  }

  /** How many probes were sent. */
  get asked(): number {
    return this.#asked;
  }

  /** The probe to send. Every retry sends the same one, so that a late answer to the first also counts. */
  ask(): OutFrame {
    this.#asked += 1;
    this.#question ??= probeFrame(this.#options);
    return this.#question;
  }

  /**
   * What a frame says about the kind of the peer; undefined if it says nothing.
   *
   * @param isAioc the peer has identified itself as aioc on this connection
   * @param knownAsAioc it has done so on an earlier one
   */
  identify(
    frame: Frame,
    { isAioc, knownAsAioc }: { readonly isAioc: boolean; readonly knownAsAioc: boolean },
  ): Identification | undefined {
    const question = this.#questionIn(frame);
    if (question !== undefined) return question;
    if (this.#question !== undefined) {
      const answer = readProbeAnswer(frame, { nonce: this.#options.nonce, data: this.#question.data });
      if (answer?.kind === 'aioc') return { kind: 'known', peerKind: answer };
      // A peer that was aioc counts as Python only if it answers exactly as Python does.
      if (answer !== undefined) return answer.kind === 'unclear' && knownAsAioc ? PENDING : PYTHON;
    }
    return !isAioc && frame.header.message_type === AIOC_TYPE ? { kind: 'contradicts' } : undefined;
  }

  /** What it means that no answer has come in time. A peer that was aioc is asked again before the connection ends. */
  afterSilence(knownAsAioc: boolean): Identification {
    if (!knownAsAioc) return PYTHON;
    return { kind: this.#asked >= LIMITS.probeTries ? 'silent' : 'ask-again' };
  }

  #questionIn(frame: Frame): Identification | undefined {
    const question = readProbe(frame);
    if (question === undefined) return undefined;
    const { hello, sourceId, role } = this.#options;
    const answer = probeAnswerFrame({ hello, nonce: question.nonce, sourceId });
    // The server waits for this answer; its own kind follows in its answer to this client's probe.
    if (role === 'client') return { kind: 'pending', answer };
    return { kind: 'known', peerKind: { kind: 'aioc', hello: question.hello }, answer };
  }
}
