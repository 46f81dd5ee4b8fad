import { shownName } from '../files/safe-name.ts';
import { DISCARDED_FILE, type Disposition, type FileSink, wrapSink } from '../peers/file-sink.ts';
import type { Peer } from '../peers/peer.ts';
import { ReceivedBatches } from '../peers/received-batches.ts';
import type { FileReceiver } from '../peers/received-files.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header, JsonObject } from '../protocol/header.ts';
import type { OutFrame } from '../protocol/messages.ts';
import { type FilePiece, pieceIn } from '../protocol/python-pieces.ts';
import type { InboxArrival } from '../queues/inbox-arrival.ts';
import type { CheckedBatch } from '../queues/message-batch.ts';
import type { LocalBrokerOptions } from './local-broker-types.ts';
import { frameWithHeader } from './message-file.ts';

export interface ArrivingFilesOptions
  extends Pick<LocalBrokerOptions, 'files' | 'destinations' | 'pieces' | 'log'> {
  /** @throws AiocError AIOC_TYPE_UNKNOWN for a message that would be dropped */
  checkTaken(header: JsonObject): void;
  /** Passes a message on, whose file is there or has failed. */
  deliver(peer: Peer, batch: CheckedBatch, arrival: InboxArrival): Disposition | Promise<Disposition>;
  /** The message of a piece is not passed on. */
  takenAsPiece(arrival: InboxArrival): void;
  /** @throws AiocError if the peer has no connection */
  answer(peer: Peer, frame: OutFrame): void;
}

interface FileInFrame {
  readonly peer: Peer;
  readonly frame: Frame;
  readonly sizeBytes: number;
  readonly arrival: InboxArrival;
}

/** The files of messages for local programs: beside the messages from aioc, in their frames from Python. */
export class ArrivingFiles {
  readonly #options: ArrivingFilesOptions;
  readonly #received = new ReceivedBatches();

  constructor(options: ArrivingFilesOptions) {
    this.#options = options;
  }

  /** For files beside their messages. */
  readonly receiver: FileReceiver = {
    open: async (_peer, offer) => {
      this.#options.checkTaken(offer.header);
      return this.#options.files.open(offer);
    },
    discard: (peer, id) => this.#options.files.discard(peer.wireName, id),
    onProgress: (peer, { header }, { failure }) => {
      if (failure === undefined) return;
      const { by, code, reason } = failure;
      // A command of this connector is in the log.
      if (by === 'receiver' && code === 'AIOC_CANCELLED') return;
      const { dst_name: name } = header['with_file'] as JsonObject;
      const what =
        by === 'receiver'
          ? 'the file of a message was not stored'
          : `the sender stopped the file ${shownName(String(name))}`;
      const text = `${what}: ${reason}`;
      this.#options.log.event(text, { peerName: peer.name, warning: true, repeats: 'file' });
    },
    partial: (peer) => this.#options.files.partialOf(peer.wireName),
  };

  /** For a file in the frame of its message. */
  async inFrame(file: FileInFrame): Promise<FileSink> {
    const { peer, frame, sizeBytes, arrival } = file;
    const deliver = (): Disposition | Promise<Disposition> =>
      this.#options.deliver(peer, this.#received.read(frame, false), arrival);
    // The message is dropped, which is logged.
    if (!this.#isTaken(frame.header)) return wrapSink(DISCARDED_FILE, { deliver });
    const piece = pieceIn(frame.header);
    if (piece !== undefined) return this.#piece(file, piece);
    const sink = await this.#options.destinations.receive(frame, sizeBytes, (problem) =>
      this.#options.log.event(problem, { peerName: peer.name, warning: true, repeats: 'file' }),
    );
    // The message is delivered even if its file failed (PROTOCOL §3).
    return wrapSink(sink, { deliver });
  }

  #isTaken(header: Header): boolean {
    try {
      this.#options.checkTaken(header);
      return true;
    } catch {
      return false;
    }
  }

  /** A piece of a file from Python. All pieces together are one message. */
  async #piece({ peer, frame, sizeBytes, arrival }: FileInFrame, piece: FilePiece): Promise<FileSink> {
    const { header } = frame;
    const { pieces, deliver, takenAsPiece } = this.#options;
    const sink = await pieces.begin({ peerName: peer.wireName, header, piece, sizeBytes });
    return wrapSink(sink, {
      deliver: () => {
        const { outcome } = sink;
        if (outcome.kind === 'whole') {
          const whole = frameWithHeader(frame, outcome.header);
          return deliver(peer, this.#received.read(whole, false), arrival);
        }
        this.#answerPiece(peer, header);
        takenAsPiece(arrival);
        return 'taken';
      },
    });
  }

  /** Python's API sends the next piece of a request when it has the response to the one before. */
  #answerPiece(peer: Peer, { message_type, request_id, await_response }: Header): void {
    if (await_response !== true || request_id === undefined) return;
    try {
      this.#options.answer(peer, { header: { message_type, response_id: request_id }, data: NO_DATA });
    } catch {
      // Its connection is lost, and with it the request.
    }
  }
}

const NO_DATA = Buffer.alloc(0);
