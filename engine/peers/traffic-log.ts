import type { Outcome } from '../contract/views.ts';
import type { Header } from '../protocol/header.ts';

export interface TrafficEntry {
  readonly kind: 'message' | 'file';
  readonly direction: 'in' | 'out';
  readonly peerName: string;
  readonly sizeBytes: number;
  readonly outcome: Outcome;
  readonly header: Header;
  /** The header as it came, where that says the same. */
  readonly headerBytes?: Buffer | undefined;
  readonly data: Buffer;
}

/** Where all that happens is written down for the user to see. */
export interface TrafficLog {
  /** @returns the entry's number, for `settle` */
  traffic(entry: TrafficEntry): number;
  /** Changes the outcome of an entry, as long as it has not been pushed out by newer ones. */
  settle(id: number, outcome: Outcome, why?: string): void;
  event(text: string, options?: { readonly peerName?: string; readonly warning?: boolean }): void;
}
