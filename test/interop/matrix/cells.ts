/** What the matrix consists of: its columns, its rows, and what is written down of each cell. */

/** The server's program first. */
export const PAIRINGS = ['aioc + Python', 'Python + aioc', 'aioc + aioc'] as const;
export type Pairing = (typeof PAIRINGS)[number];

export const MODES = ['no TLS', 'allow all', 'first connect', 'own certificate'] as const;
export type Mode = (typeof MODES)[number];

/** Up is from the client to the server. In each row whose name begins with 1,000, so many numbered messages go each way named. */
export const ROWS = [
  '1,000 sent up',
  '1,000 sent down',
  '1,000 binary, each way',
  '1,000 JSON, each way',
  '1,000 str, each way',
  '1,000 bytes, each way',
  '1,000 await_response up',
  '1,000 await_response down',
  '1,000 wait_for_ack up',
  '1,000 wait_for_ack down',
  'ping, each way',
  'file up',
  'file down',
  'file and binary up',
  'file and binary down',
  'delete, each way',
  'missing source, each way',
  '150 MB file, each way',
  'unknown type, each way',
  'client reconnect',
  'server restart',
  'certificate re-issue',
  'ignore_peer_traffic, each side',
] as const;
export type Row = (typeof ROWS)[number];

/** Certificates of clients exist in mutual TLS only. */
export function applies(row: Row, mode: Mode): boolean {
  return row !== 'certificate re-issue' || mode === 'first connect' || mode === 'own certificate';
}

export interface CellResult {
  readonly pairing: Pairing;
  readonly mode: Mode;
  readonly row: Row;
  readonly green: boolean;
  /** How often Python's TLS stood still in it, and it was tried again (PROTOCOL §9). */
  readonly stalls: number;
  readonly seconds: number;
}

export interface ColumnResult {
  readonly pairing: Pairing;
  readonly mode: Mode;
  /** The most memory that a connector of ours ever had. */
  readonly residentMaxBytes: number;
  /** Messages that a connector of Python's delivered behind later ones. */
  readonly late: number;
}

export interface SkippedPairing {
  readonly pairing: Pairing;
  readonly skipped: string;
}

export type Result = CellResult | ColumnResult | SkippedPairing;
