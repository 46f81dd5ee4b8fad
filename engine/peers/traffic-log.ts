import type { Outcome } from '../contract/views.ts';
import type { Header } from '../protocol/header.ts';

export interface TrafficEntry {
  readonly kind: 'message' | 'file';
  readonly direction: 'in' | 'out';
  readonly peerName: string;
  readonly sizeBytes: number;
  readonly outcome: Outcome;
  readonly text: string;
  readonly header: Header;
  readonly data: Buffer;
}

/** Changes the outcome of an entry, as long as it has not been pushed out by newer ones. */
export type SetOutcome = (outcome: Outcome, text?: string) => void;

/** Where all that happens is written down for the user to see. */
export interface TrafficLog {
  traffic(entry: TrafficEntry): SetOutcome;
  event(text: string, options?: { readonly peerName?: string; readonly warning?: boolean }): void;
}
