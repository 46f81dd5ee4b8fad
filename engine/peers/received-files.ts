import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock } from '../base/ports.ts';
import type { TransferProgress } from '../contract/transfer-progress.ts';
import type { OpenTarget, PlacedTransfer, TransferOffer } from '../files/transfer-target.ts';
import { fileErrorText } from '../protocol/file-frames.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { headerText, type JsonObject } from '../protocol/header.ts';
import { numberIn } from '../protocol/message-number.ts';
import type { TransferFrame } from '../protocol/transfer-frames.ts';
import { transferOf, withoutTransfer } from '../protocol/transfer-key.ts';
import type { MessageSource } from '../queues/message-source.ts';
import { IncomingTransfers } from '../transfers/incoming-transfers.ts';
import type { Disposition } from './file-sink.ts';
import type { IgnoreList } from './ignore-list.ts';
import type { Link } from './link.ts';
import type { Peer } from './peer.ts';

/** Where the files of messages are stored. */
export interface FileReceiver {
  /** @throws AiocError to refuse it: the sender reads the reason */
  open(peer: Peer, offer: TransferOffer): ReturnType<OpenTarget>;
  /** Deletes what an earlier run has received of a transfer, if there is anything. */
  discard(peer: Peer, id: string): Promise<void>;
  onProgress(peer: Peer, offer: TransferOffer, progress: TransferProgress): void;
  /** The transfers of which earlier runs have received something. */
  partial?(peer: Peer): Promise<readonly string[]>;
  /** It has its place, and its message comes next. */
  onPlaced?(peer: Peer, id: string, placed: PlacedTransfer): void;
}

export interface ArrivedFile {
  /** Of its message. */
  readonly source: MessageSource;
  /** 0 if it failed. */
  readonly fileBytes: number;
}

export interface ReceivedFilesOptions {
  readonly clock: Clock;
  readonly budget: MemoryBudget;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  readonly ignoring: Pick<IgnoreList, 'ignores'>;
  readonly receiver: FileReceiver | undefined;
  /** Delivers the message of a file. */
  readonly deliver: (peer: Peer, frame: Frame, file: ArrivedFile) => Disposition | Promise<Disposition>;
}

/** A file that a peer sends, or sent before its connection was lost. */
export interface IncomingFileState {
  readonly peer: Peer;
  readonly offer: TransferOffer;
  readonly progress: TransferProgress;
}

interface FilesOfPeer {
  readonly transfers: IncomingTransfers;
  /** Since they were offered, until their messages have come. */
  readonly states: Map<string, IncomingFileState>;
  link: Link | undefined;
}

/** Files from aioc peers, which cross before their messages. */
export class ReceivedFiles {
  readonly #options: ReceivedFilesOptions;
  readonly #peers = new Map<Peer, FilesOfPeer>();

  constructor(options: ReceivedFilesOptions) {
    this.#options = options;
  }

  /** Asks an aioc peer for the rest of what it has not sent completely. */
  connected(peer: Peer): void {
    const { link } = peer;
    if (link?.speaksFiles !== true) return;
    const files = this.#attached(peer, link);
    files.transfers.askFor();
    void this.#options.receiver?.partial?.(peer).then(
      (ids) => {
        if (files.link === link) files.transfers.askFor(ids.slice(0, LIMITS.transfersPerPeer));
      },
      // Nobody waits for what cannot be listed; it goes when it is old.
      () => undefined,
    );
  }

  /** @throws AiocError AIOC_FRAME_BAD */
  received(peer: Peer, link: Link, frame: TransferFrame): Promise<void> | undefined {
    const files = this.#attached(peer, link);
    if (frame.kind === 'offer' && this.#options.ignoring.ignores(peer)) return this.#ignore(peer, frame.id);
    return files.transfers.received(frame);
  }

  #attached(peer: Peer, link: Link): FilesOfPeer {
    const files = this.#of(peer);
    if (files.link !== link) {
      files.link = link;
      files.transfers.attach(link);
    }
    return files;
  }

  disconnected(peer: Peer): void {
    const files = this.#peers.get(peer);
    if (files === undefined) return;
    files.link = undefined;
    files.transfers.detach();
  }

  /**
   * A message whose file has crossed: delivers it when the file has its place, or with the reason why there is none.
   *
   * @throws AiocError AIOC_FRAME_BAD
   */
  take(peer: Peer, link: Link, frame: Frame): Disposition | Promise<Disposition> {
    const { header, data, binary } = frame;
    const number = numberIn(header['transport_id']);
    const id = transferOf(header);
    if (number === undefined || id === undefined)
      throw new AiocError('AIOC_FRAME_BAD', 'a message with a file has no number');
    let placed = frame;
    return peer.receiver.take({
      ...{ link, number, count: 1, type: header.message_type, sizeBytes: data.length + binary.length },
      prepare: async () => {
        if (this.#options.ignoring.ignores(peer)) this.#ignore(peer, id);
        else placed = await this.#placed(peer, id, frame);
      },
      deliver: async (source) => {
        const { transfers, states } = this.#of(peer);
        const fileBytes = states.get(id)?.progress.doneBytes ?? 0;
        const disposition = await this.#options.deliver(peer, placed, { source, fileBytes });
        states.delete(id);
        await transfers.settled(id);
        return disposition;
      },
    });
  }

  async #placed(peer: Peer, id: string, frame: Frame): Promise<Frame> {
    const header = withoutTransfer(frame.header);
    // The sender has given it up, or knows that it was refused.
    if ((header['with_file'] as JsonObject)['file_error'] !== undefined) return withHeader(frame, header);
    try {
      const file = await this.#of(peer).transfers.place(id);
      this.#options.receiver?.onPlaced?.(peer, id, file);
      return withHeader(frame, header);
    } catch (error) {
      const { message } = toAiocError(error, 'AIOC_FILE_WRITE');
      const withFile = { ...(header['with_file'] as JsonObject), file_error: fileErrorText(message) };
      return withHeader(frame, { ...header, with_file: withFile });
    }
  }

  /** Files that are not at their place yet. */
  get all(): readonly IncomingFileState[] {
    return [...this.#peers.values()].flatMap(({ states }) => [...states.values()]);
  }

  /** Stops a transfer: nothing of it stays, and the peer reads the reason. Does nothing to one whose message has come. */
  cancel(peer: Peer, id: string, reason: string): void {
    this.#of(peer).transfers.cancel(id, reason);
  }

  /**
   * Deletes what this and earlier runs have received of files that have no place yet: a peer whose certificate was deleted
   * may never come back. Call it when its connection has been cut.
   */
  async abandon(peer: Peer, reason: string): Promise<void> {
    // What cannot be listed goes when it is old.
    const more = await this.#options.receiver?.partial?.(peer).catch(() => []);
    if (peer.link === undefined) this.#of(peer).transfers.abandon(reason, more ?? []);
  }

  #ignore(peer: Peer, id: string): undefined {
    this.#of(peer).transfers.cancel(id, 'the peer ignores this connector', 'AIOC_IGNORED');
  }

  /** Resolves when no file is open. */
  async close(): Promise<void> {
    await Promise.all([...this.#peers.values()].map(({ transfers }) => transfers.close()));
  }

  #of(peer: Peer): FilesOfPeer {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const { clock, budget, sourceId, receiver } = this.#options;
    const states = new Map<string, IncomingFileState>();
    const transfers = new IncomingTransfers({
      ...{ clock, budget, sourceId, peerName: peer.wireName },
      open: (offer) => receiver?.open(peer, offer) ?? Promise.reject(refusal()),
      discard: (id) => receiver?.discard(peer, id) ?? Promise.resolve(),
      onProgress: (offer, progress) => {
        if (progress.phase === 'failed') states.delete(offer.id);
        else states.set(offer.id, { peer, offer, progress });
        receiver?.onProgress(peer, offer, progress);
      },
    });
    const files = { transfers, states, link: undefined };
    this.#peers.set(peer, files);
    return files;
  }
}

function withHeader(frame: Frame, header: Frame['header']): Frame {
  return { ...frame, header, headerBytes: Buffer.from(headerText(header), 'latin1') };
}

function refusal(): AiocError {
  const text = 'no files are received here';
  return new AiocError('AIOC_FILE_WRITE', text, { forPeer: text });
}
