import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { FileOutcome, OnFileState, TransferProgress } from '../../contract/transfer-progress.ts';
import type { DeliveryState } from '../../queues/outbox-batch.ts';
import type { OutgoingBody, PackedBody, TransferSource } from '../../queues/outgoing-body.ts';
import type { FileFollower } from '../local-broker-types.ts';
import { jsonBody } from './packets.ts';

/** Sends a state, as JSON. */
type Report = (number: number, body: Buffer) => void;

/** The messages of one program whose files it follows on their way to the peer, by the numbers of their packets. */
export class FollowedFiles {
  readonly #files = new Map<number, FollowedFile>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  /**
   * The program wants to know of the file of the message that comes with this number.
   *
   * @throws AiocError AIOC_FRAME_BAD for too many at once
   */
  follow(number: number): void {
    if (this.#files.size >= LIMITS.followedFiles)
      throw new AiocError('AIOC_FRAME_BAD', `a program follows more than ${LIMITS.followedFiles} files`);
    const file = new FollowedFile((state) => {
      if (isOutcome(state)) this.#files.delete(number);
      this.#report(number, jsonBody({ ...state }));
    });
    this.#files.set(number, file);
  }

  get(number: number): FollowedFile | undefined {
    return this.#files.get(number);
  }

  /** Its message was refused. */
  forget(number: number): void {
    this.#files.delete(number);
  }
}

function isOutcome({ phase }: TransferProgress | FileOutcome): boolean {
  return phase === 'arrived' || phase === 'failed' || phase === 'cancelled';
}

/** Follows the file of one message, until the peer has the message or it will not be sent. */
export class FollowedFile implements FileFollower {
  readonly #report: OnFileState;
  #body: OutgoingBody | undefined;
  #source: TransferSource | undefined;
  #packed: PackedBody | undefined;
  #sizeBytes = 0;
  #failure: { readonly by: 'sender' | 'receiver'; readonly reason: string } | undefined;
  #cancel: (() => void) | undefined;
  #isSent = false;
  /** Cancelled before it was in the queue. */
  #isUnwanted = false;

  constructor(report: OnFileState) {
    this.#report = report;
  }

  bodyOf(body: OutgoingBody): OutgoingBody {
    this.#body = body;
    return {
      ...body,
      source: async () => {
        this.#source = await body.source();
        return this.#source;
      },
      open: async () => {
        const opened = await body.open();
        this.#packed = opened.packed;
        return opened;
      },
      onProgress: (progress) => {
        this.#progressed(progress);
        body.onProgress(progress);
      },
    };
  }

  readonly onState = (state: DeliveryState, reason?: string): void => {
    this.#isSent = state === 'sent';
    // Only a message without its file is sent with a reason.
    if (state === 'sent' && reason !== undefined) this.#failure ??= { by: 'sender', reason };
    if (state === 'received') this.#report(this.#outcome);
    else if (state === 'dropped' || state === 'failed')
      this.#report({
        ...{ phase: 'failed', by: state === 'dropped' ? 'receiver' : 'sender' },
        reason: reason ?? DROPPED,
      });
  };

  /** The message is in its queue. */
  queued(cancel: (() => void) | undefined): void {
    this.#cancel = cancel;
    if (this.#isUnwanted) this.cancel();
  }

  /** Removes the message with its file from the queue, unless it was sent; then its outcome follows. */
  cancel(): void {
    this.#isUnwanted = true;
    if (this.#isSent || this.#cancel === undefined) return;
    this.#cancel();
    this.#body?.onGivenUp?.();
    this.#report({ phase: 'cancelled' });
  }

  #progressed(progress: TransferProgress): void {
    if (progress.failure !== undefined) this.#failure = progress.failure;
    if (progress.phase === 'failed') return;
    this.#sizeBytes = Math.max(progress.totalBytes ?? 0, progress.doneBytes);
    this.#report(progress);
  }

  get #outcome(): FileOutcome {
    if (this.#failure !== undefined) {
      const { by, reason } = this.#failure;
      return { phase: 'failed', by, reason };
    }
    const packed = this.#packed;
    const { count, first } = packed?.leftOut ?? this.#source?.leftOut ?? NOTHING;
    return {
      ...{ phase: 'arrived', sizeBytes: this.#sizeBytes, leftOut: { count, first } },
      ...(packed !== undefined && { name: packed.name }),
    };
  }
}

const DROPPED = 'the peer ignores this connector, or does not receive messages of this type';
const NOTHING = { count: 0, first: [] };
