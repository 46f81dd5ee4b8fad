import { AiocError } from '../base/errors.ts';
import { RateMeter } from '../base/rate-meter.ts';
import { recordHeader, type SharedHeader } from '../protocol/batched-messages.ts';
import { batchOfOne, type CheckedBatch } from '../queues/message-batch.ts';
import type { Completion } from '../queues/outbox-batch.ts';
import { DeliveryObservers } from './delivery-observers.ts';
import type { Peer } from './peer.ts';
import type { BatchExtras, OwnMessage, TrafficOptions } from './traffic-types.ts';

type OutgoingTrafficOptions = Pick<TrafficOptions, 'clock' | 'ignoring' | 'log' | 'sourceId' | 'counts'>;

/** Messages to peers: they are logged and counted, and dropped if their peer is ignored. */
export class OutgoingTraffic {
  readonly #options: OutgoingTrafficOptions;
  /** Messages that have left. */
  readonly rate: RateMeter;
  readonly #observers: DeliveryObservers;

  constructor(options: OutgoingTrafficOptions) {
    this.#options = options;
    this.rate = new RateMeter(options.clock);
    this.#observers = new DeliveryObservers(options.log, (type, count) => this.#left(type, count));
  }

  /** See Traffic.enqueue. */
  enqueue(
    peer: Peer,
    { shared, count, records, largestBytes, hasResponse }: CheckedBatch,
    completion: Completion,
    { body, onState }: BatchExtras = {},
  ): Promise<void> | undefined {
    const { ignoring, log } = this.#options;
    const { message_type: type } = shared;
    const logId = log.traffic({
      kind: body === undefined ? 'message' : 'file',
      direction: 'out',
      outcome: 'queued',
      peerName: peer.name,
      shared: this.#sharedTo(peer, type),
      count,
      records,
      fileBytes: body?.sizeBytes,
      hasResponse,
    });
    if (ignoring.dropIfIgnored(peer, 'out', count)) {
      log.settle(logId, 'dropped', { count, why: 'ignored' });
      const text = `${peer.name} is ignored, so this message was dropped: press i on the peer to stop ignoring it`;
      completion.refused(count, new AiocError('AIOC_IGNORED', text));
      return undefined;
    }
    peer.outRate.add(count);
    const observer = this.#observers.observer(peer, type, onState);
    return peer.sender.enqueue(type, { count, records, largestBytes, body, observer, logId }, completion);
  }

  /** See Traffic.send. */
  send(peer: Peer, { header, data, body, onState = () => undefined }: OwnMessage): Promise<() => void> {
    const records = batchOfOne({ headerBytes: recordHeader(header), data });
    const batch = { ...records, shared: header, largestBytes: data.length, hasResponse: false };
    return new Promise((resolve, reject) => {
      const completion: Completion = {
        kept: (_count, cancel) =>
          resolve(() => {
            cancel?.();
            // Its file may be on its way.
            peer.sender.pump();
          }),
        refused: (_count, error) => reject(error),
      };
      void this.enqueue(peer, batch, completion, { body, onState });
    });
  }

  #sharedTo(peer: Peer, type: string): SharedHeader {
    return { message_type: type, source_id: this.#options.sourceId(), destination_id: peer.wireName };
  }

  #left(type: string, count: number): void {
    this.rate.add(count);
    this.#options.counts?.sent(type, count);
  }
}
