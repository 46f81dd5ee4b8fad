import type { Outcome } from '../contract/views.ts';
import type { Header } from '../protocol/header.ts';

export interface TrafficEntry {
  readonly kind: 'message' | 'file';
  readonly direction: 'in' | 'out';
  readonly peerName: string;
  readonly sizeBytes: number;
  readonly outcome: Outcome;
  readonly header: Header;
  /** The header bytes as received, if they say the same. */
  readonly headerBytes?: Buffer | undefined;
  readonly data: Buffer;
}

/** The log of everything that happens, for the user. */
export interface TrafficLog {
  /** @returns the entry's id, for `settle` */
  traffic(entry: TrafficEntry): number;
  /** Changes the outcome of an entry, unless newer entries have displaced it. */
  settle(id: number, outcome: Outcome, why?: string): void;
  event(text: string, options?: { readonly peerName?: string; readonly warning?: boolean }): void;
}
