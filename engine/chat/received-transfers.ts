import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { TransferProgress } from '../contract/transfer-progress.ts';
import { incomingName } from '../files/lossy-path.ts';
import type { ReceivedFolder } from '../files/received-folder.ts';
import { baseNameOf } from '../files/safe-name.ts';
import type { PlacedTransfer, TransferOffer, TransferTarget } from '../files/transfer-target.ts';
import type { TargetPlace, TransferTargets } from '../files/transfer-targets.ts';
import type { Peer } from '../peers/peer.ts';
import type { FileReceiver } from '../peers/received-files.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { Conversation } from './conversation.ts';
import type { FileAnswer } from './file-answer.ts';
import { endOf, Transfer } from './transfers.ts';

/** The message type of the chat (PROTOCOL §10). */
export const CHAT_TYPE = 'any';

export interface ReceivedTransfersOptions {
  readonly clock: Clock;
  readonly targets: Pick<TransferTargets, 'open' | 'discard' | 'partialOf'>;
  conversation(peer: Peer): Conversation;
  /** Stops it, and tells the peer. */
  stop(peer: Peer, id: string, reason: string): void;
}

/** A file whose message has not come. */
interface Received {
  readonly transfer: Transfer;
  placed: PlacedTransfer | undefined;
}

/** Files from aioc peers, which cross before their messages: each has a row in its conversation from its offer on. */
export class ReceivedTransfers implements FileReceiver {
  readonly #options: ReceivedTransfersOptions;
  readonly #byPeer = new Map<Peer, Map<string, Received>>();

  constructor(options: ReceivedTransfersOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    let count = 0;
    for (const all of this.#byPeer.values())
      for (const { transfer } of all.values()) if (transfer.inFlight) count += 1;
    return count;
  }

  /** @throws AiocError AIOC_TYPE_UNKNOWN if its message would be dropped, and what `targets.open` throws */
  async open(peer: Peer, offer: TransferOffer): Promise<TransferTarget> {
    const type = offer.header['message_type'];
    if (type !== CHAT_TYPE) {
      const text = `the chat takes no files of the type ${String(type)}`;
      throw new AiocError('AIOC_TYPE_UNKNOWN', text, { forPeer: text });
    }
    if (this.#find(peer, offer.id) === undefined) this.#add(peer, offer);
    return this.#options.targets.open(offer);
  }

  discard(peer: Peer, id: string): Promise<void> {
    return this.#options.targets.discard(peer.wireName, id);
  }

  partial(peer: Peer): Promise<readonly string[]> {
    return this.#options.targets.partialOf(peer.wireName);
  }

  onProgress(peer: Peer, { id }: TransferOffer, progress: TransferProgress): void {
    const received = this.#find(peer, id);
    if (received === undefined) return;
    const { failure } = progress;
    received.transfer.report(progress);
    if (failure === undefined) return;
    const { end, detail } = endOf(failure);
    received.transfer.become(end, detail);
    this.#remove(peer, id);
  }

  onPlaced(peer: Peer, id: string, placed: PlacedTransfer): void {
    const received = this.#find(peer, id);
    if (received !== undefined) received.placed = placed;
  }

  /** The message of a file has come. @returns undefined if none is known under this id */
  taken(peer: Peer, id: string, withFile: JsonObject): FileAnswer | undefined {
    const received = this.#find(peer, id);
    if (received === undefined) return undefined;
    this.#remove(peer, id);
    const { transfer, placed } = received;
    if (placed === undefined) {
      const refused = String(withFile['file_error'] ?? 'it could not be saved');
      transfer.become('refused', refused);
      return { refused };
    }
    const { name, leftOut } = placed;
    if (leftOut !== undefined) transfer.leavesOut(leftOut);
    transfer.become('done', name);
    return { kept: name, leftOut };
  }

  /** @returns false if there is no such transfer in progress */
  cancel(peer: Peer, rowId: number): boolean {
    for (const [id, { transfer, placed }] of this.#byPeer.get(peer) ?? []) {
      if (transfer.rowId !== rowId || placed !== undefined) continue;
      transfer.become('cancelled');
      this.#remove(peer, id);
      this.#options.stop(peer, id, 'The receiver cancelled it.');
      return true;
    }
    return false;
  }

  /** Its conversation is no longer shown. */
  forget(peer: Peer): void {
    this.#byPeer.delete(peer);
  }

  #find(peer: Peer, id: string): Received | undefined {
    return this.#byPeer.get(peer)?.get(id);
  }

  #add(peer: Peer, { id, header, sizeBytes = 0 }: TransferOffer): void {
    const all = this.#byPeer.get(peer) ?? new Map<string, Received>();
    this.#byPeer.set(peer, all);
    const [oldest] = all;
    // Each connection may offer others. What a peer does not go on with is not shown for ever.
    if (oldest !== undefined && all.size >= 2 * LIMITS.transfersPerPeer) {
      oldest[1].transfer.become('failed', 'the peer did not go on with it');
      all.delete(oldest[0]);
    }
    const conversation = this.#options.conversation(peer);
    const { clock } = this.#options;
    const name = announcedName(header);
    const transfer = new Transfer({
      ...{ conversation, clock, name },
      from: 'peer',
      author: peer.name,
      totalBytes: sizeBytes,
    });
    all.set(id, { transfer, placed: undefined });
  }

  #remove(peer: Peer, id: string): void {
    const all = this.#byPeer.get(peer);
    all?.delete(id);
    if (all?.size === 0) this.#byPeer.delete(peer);
  }
}

/**
 * Where a file of the chat goes.
 *
 * @throws AiocError AIOC_FILE_NAME_BAD, AIOC_FILE_WRITE
 */
export async function placeInFolder(folder: ReceivedFolder, header: JsonObject): Promise<TargetPlace> {
  await folder.prepare();
  return folder.placeFor(baseNameOf(incomingName(announcedName(header))));
}

function announcedName(header: JsonObject): string {
  const withFile = header['with_file'];
  if (typeof withFile !== 'object' || withFile === null || Array.isArray(withFile)) return '';
  const name = (withFile as JsonObject)['dst_name'];
  return typeof name === 'string' ? name : '';
}
