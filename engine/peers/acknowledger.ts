import { type AiocError, toAiocError } from '../base/errors.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { isNumber } from '../protocol/message-number.ts';
import { ackFrame, acknowledgeable, type OutFrame } from '../protocol/messages.ts';
import type { AckPosition } from '../protocol/stream-frames.ts';
import { type DeliveringSink, type Disposition, type FileSink, wrapSink } from './file-sink.ts';
import { OrderedAcks } from './ordered-acks.ts';
import type { IdentifiedKind } from './session-types.ts';
import { StreamAcks } from './stream-acks.ts';

export interface AcknowledgerOptions {
  readonly sourceId: string;
  readonly send: (frame: OutFrame) => void;
  /** Called when one more message is settled. */
  readonly onSettled: () => void;
  readonly broken: (error: AiocError) => void;
}

/**
 * Acknowledges the messages of one connection: each by its transport_id, in order (PROTOCOL §2), or, if both sides
 * support streams, many at once.
 */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #acks: StreamAcks;
  readonly #orderedAcks = new OrderedAcks((frame, disposition) => this.#acknowledge(frame, disposition));
  /** Numbered messages that are not settled. */
  #unsettled = 0;
  #isAioc = false;
  #speaksStreams = false;

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
    this.#acks = new StreamAcks(options.sourceId, options.send);
  }

  learnPeerKind(peerKind: IdentifiedKind): void {
    this.#isAioc = peerKind.kind === 'aioc';
    this.#speaksStreams = peerKind.kind === 'aioc' && peerKind.hello.streams === true;
    this.#acks.withRanges = peerKind.kind === 'aioc' && peerKind.hello.batches === true;
  }

  /** Whether both sides number their messages and acknowledge many at once. */
  get speaksStreams(): boolean {
    return this.#speaksStreams;
  }

  /** Whether every message is settled and acknowledged. */
  get empty(): boolean {
    if (!this.#orderedAcks.empty || this.#unsettled > 0) return false;
    this.#acks.flush();
    return true;
  }

  /** Sends `have`: the resume points of a peer that supports streams. */
  sendResumePoints(positions: readonly AckPosition[]): void {
    this.#acks.send({ kind: 'have', positions });
  }

  /** Sends `gone`: the peer asked for messages that this connector no longer has. */
  sendGone(positions: readonly AckPosition[]): void {
    this.#acks.send({ kind: 'gone', positions });
  }

  confirm(position: AckPosition): void {
    if (this.#speaksStreams) this.#acks.add(position);
  }

  /** @returns a promise that resolves when the next message may be read; undefined: at once */
  add(frame: Frame, disposition: Disposition | Promise<Disposition>): Promise<void> | undefined {
    const { onSettled, broken } = this.#options;
    if (!this.#isNumbered(frame)) return this.#orderedAcks.add(frame, disposition)?.then(onSettled);
    if (!(disposition instanceof Promise)) return undefined;
    // The sender limits how many are in flight, so a slow type does not stop the others.
    this.#unsettled += 1;
    const settled = (): void => {
      this.#unsettled -= 1;
      onSettled();
    };
    disposition.then(settled, (error: unknown) => {
      settled();
      broken(toAiocError(error));
    });
    return undefined;
  }

  /** Wraps the sink of a file: its message is added when the file is delivered. */
  async addFile(frame: Frame, opened: Promise<FileSink>): Promise<DeliveringSink> {
    const sink = await opened;
    return wrapSink(sink, { deliver: () => this.add(frame, sink.deliver()) });
  }

  #isNumbered({ header }: Frame): boolean {
    return this.#speaksStreams && isNumber(header['transport_id']);
  }

  #acknowledge(frame: Frame, disposition: Disposition): void {
    const transportId = acknowledgeable(frame);
    if (transportId === undefined) return;
    if (disposition === 'rejected' && !this.#isAioc) return;
    const dropped = disposition !== 'taken' && this.#isAioc;
    this.#options.send(ackFrame({ transportId, sourceId: this.#options.sourceId, dropped }));
  }
}
