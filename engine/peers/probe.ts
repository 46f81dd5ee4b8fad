import type { Frame } from '../protocol/frame-decoder.ts';
import {
  type AiocHello,
  type OutFrame,
  type ProbeAnswer,
  type ProbeOptions,
  probeAnswerFrame,
  probeFrame,
  readProbe,
  readProbeAnswer,
} from '../protocol/messages.ts';

/** The peer asks whether this connector is aioc; only aioc asks that. */
export interface ProbeReceived {
  readonly hello: AiocHello;
  readonly answer: OutFrame;
}

/** The probe "are you aioc?" on one connection, in both directions. */
export class Probe {
  readonly #options: ProbeOptions;
  readonly #question: OutFrame;
  #asked = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#question = probeFrame(options);
  }

  /** How many probes were sent. */
  get asked(): number {
    return this.#asked;
  }

  /** The probe to send. Every retry sends the same one, so that a late answer to the first also counts. */
  ask(): OutFrame {
    this.#asked += 1;
    return this.#question;
  }

  /** The peer's probe with the answer to it, or undefined if the frame is not a probe. */
  questionIn(frame: Frame): ProbeReceived | undefined {
    const question = readProbe(frame);
    if (question === undefined) return undefined;
    const { hello, sourceId } = this.#options;
    return { hello: question.hello, answer: probeAnswerFrame({ hello, nonce: question.nonce, sourceId }) };
  }

  /** The answer to the probe, or undefined if the frame is not one. */
  answerIn(frame: Frame): ProbeAnswer | undefined {
    if (this.#asked === 0) return undefined;
    return readProbeAnswer(frame, { nonce: this.#options.nonce, data: this.#question.data });
  }
}
