import { type AiocError, toAiocError } from '../base/errors.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { isNumber } from '../protocol/message-number.ts';
import { ackFrame, acknowledgeable, type OutFrame } from '../protocol/messages.ts';
import type { StreamMark } from '../protocol/stream-frames.ts';
import type { DeliveringSink, FileSink, Verdict } from './frame-pump.ts';
import type { PeerNature } from './session-types.ts';
import { StreamAcks } from './stream-acks.ts';
import { Verdicts } from './verdicts.ts';

export interface DeliveriesOptions {
  readonly sourceId: string;
  readonly send: (frame: OutFrame) => void;
  /** One more has been dealt with. */
  readonly onSettled: () => void;
  readonly broken: (error: AiocError) => void;
}

/**
 * What has come over one connection and how the other side is told what became of it: of each message by its
 * transport_id, in order (PROTOCOL §1), or, where both sides speak streams, of many at once.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #acks: StreamAcks;
  readonly #verdicts = new Verdicts((frame, verdict) => this.#acknowledge(frame, verdict));
  /** Numbered messages that have not been dealt with. */
  #unsettled = 0;
  #isAioc = false;
  #speaksStreams = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#acks = new StreamAcks(options.sourceId, options.send);
  }

  learnNature(nature: PeerNature): void {
    this.#isAioc = nature.kind === 'aioc';
    this.#speaksStreams = nature.kind === 'aioc' && nature.hello.streams === true;
  }

  /** Whether both sides number their messages and acknowledge many at once. */
  get speaksStreams(): boolean {
    return this.#speaksStreams;
  }

  /** Whether each has been dealt with and the other side been told. */
  get empty(): boolean {
    if (!this.#verdicts.empty || this.#unsettled > 0) return false;
    this.#acks.flush();
    return true;
  }

  /** The first word to a peer that speaks streams: what need not be sent again. */
  tellWhatWeHave(marks: readonly StreamMark[]): void {
    this.#acks.say({ kind: 'have', marks });
  }

  /** What it asks for and we have no more. */
  tellGone(marks: readonly StreamMark[]): void {
    this.#acks.say({ kind: 'gone', marks });
  }

  confirm(mark: StreamMark): void {
    if (this.#speaksStreams) this.#acks.add(mark);
  }

  /** @returns what settles when as much has been dealt with that the next may be read; undefined: at once */
  add(frame: Frame, verdict: Verdict | Promise<Verdict>): Promise<void> | undefined {
    const { onSettled, broken } = this.#options;
    if (!this.#isNumbered(frame)) return this.#verdicts.add(frame, verdict)?.then(onSettled);
    if (typeof verdict === 'string') return undefined;
    // How many may be on their way is the sender's affair, so that a slow type does not stop the others.
    this.#unsettled += 1;
    const settled = (): void => {
      this.#unsettled -= 1;
      onSettled();
    };
    verdict.then(settled, (error: unknown) => {
      settled();
      broken(toAiocError(error));
    });
    return undefined;
  }

  /** A file's sink whose message is added when it is delivered. */
  async adding(frame: Frame, opened: Promise<FileSink>): Promise<DeliveringSink> {
    const sink = await opened;
    return {
      write: (bytes) => sink.write(bytes),
      end: () => sink.end(),
      deliver: () => this.add(frame, sink.deliver()),
      abort: () => sink.abort(),
    };
  }

  #isNumbered({ header }: Frame): boolean {
    return this.#speaksStreams && isNumber(header['transport_id']);
  }

  #acknowledge(frame: Frame, verdict: Verdict): void {
    const transportId = acknowledgeable(frame);
    if (transportId === undefined) return;
    if (verdict === 'rejected' && !this.#isAioc) return;
    const dropped = verdict !== 'taken' && this.#isAioc;
    this.#options.send(ackFrame({ transportId, sourceId: this.#options.sourceId, dropped }));
  }
}
