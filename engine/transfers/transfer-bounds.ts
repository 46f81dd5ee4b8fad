import { LIMITS } from '../base/limits.ts';

/** What tests make smaller. */
export interface TransferBounds {
  readonly pieceBytes: number;
  /** Where the credit is small. */
  readonly smallPieceBytes: number;
  /** The shortest run of zeros that is left out. */
  readonly zeroBytes: number;
  /** The bytes of all transfers to one peer that are on their way. */
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Of one peer, at the same time. */
  readonly running: number;
  /** Of those, how many have read a piece that waits for its turn. */
  readonly readAhead: number;
}

export const TRANSFER_BOUNDS: TransferBounds = {
  pieceBytes: LIMITS.transferPieceBytes,
  smallPieceBytes: LIMITS.transferSmallPieceBytes,
  zeroBytes: LIMITS.transferZeroBytes,
  minBytes: LIMITS.transferMinBytes,
  maxBytes: LIMITS.transferMaxBytes,
  running: LIMITS.runningTransfers,
  readAhead: LIMITS.transfersReadAhead,
};
