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

/** Somebody asks whether we are aioc, which only an aioc does. */
export interface ProbeReceived {
  readonly hello: AiocHello;
  readonly answer: OutFrame;
}

/** The question "are you aioc?" on one connection: ours, and the other side's. */
export class Probe {
  readonly #options: ProbeOptions;
  readonly #question: OutFrame;
  #asked = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#question = probeFrame(options);
  }

  /** How often we have asked. */
  get asked(): number {
    return this.#asked;
  }

  /** Our question. Asked again it is the same one, so that a late answer to the first serves as well. */
  ask(): OutFrame {
    this.#asked += 1;
    return this.#question;
  }

  /** The other side's question with our answer to it, or undefined when the frame is none. */
  questionIn(frame: Frame): ProbeReceived | undefined {
    const question = readProbe(frame);
    if (question === undefined) return undefined;
    const { hello, sourceId } = this.#options;
    return { hello: question.hello, answer: probeAnswerFrame({ hello, nonce: question.nonce, sourceId }) };
  }

  /** The answer to our question, or undefined when the frame is none. */
  answerIn(frame: Frame): ProbeAnswer | undefined {
    if (this.#asked === 0) return undefined;
    return readProbeAnswer(frame, { nonce: this.#options.nonce, data: this.#question.data });
  }
}
