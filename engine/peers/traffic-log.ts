import type { Outcome } from '../contract/views.ts';
import type { SharedHeader } from '../protocol/batched-messages.ts';

/** The messages of a batch, or a file with its message, which is a batch of one. */
export interface TrafficEntry {
  readonly kind: 'message' | 'file';
  readonly direction: 'in' | 'out';
  readonly peerName: string;
  readonly outcome: Outcome;
  /** Of these, the log keeps `message_type`, `source_id` and `destination_id`. */
  readonly shared: SharedHeader;
  readonly count: number;
  /** Checked, and in one piece: the log copies what it keeps. */
  readonly records: Buffer;
  /** The size of a file. */
  readonly fileBytes?: number | undefined;
  /** Whether one of the messages may answer a request (BatchSummary). */
  readonly hasResponse?: boolean | undefined;
}

/** The log of everything that happens, for the user. */
export interface TrafficLog {
  /** @returns the log id of the first message, for `settle`; the others follow it */
  traffic(entry: TrafficEntry): number;
  /** Changes the outcome of `count` consecutive messages (1 if absent), as far as newer ones have not displaced them. */
  settle(
    firstId: number,
    outcome: Outcome,
    options?: { readonly count?: number; readonly why?: string | undefined },
  ): void;
  /** Lines about a peer, an address or programs are cut and limited, because those can cause any number of them. */
  event(text: string, options?: EventOptions): void;
}

export interface EventOptions {
  readonly peerName?: string;
  readonly warning?: boolean;
  /** Who has caused it, if that is not the peer: an address (limitedSource), or local programs. */
  readonly about?: string;
  /** What is repeated: of one source and kind there is one line a second, with a count. */
  readonly repeats?: string;
}

/** The source of what programs of this machine cause. */
export const LOCAL_PROGRAMS = 'local programs';
