import { LIMITS } from '../base/limits.ts';
import type { IdentifiedKind } from './session-types.ts';

/** The largest batch of several messages that a peer takes, in bytes; 0: none. */
export function largestBatchBytes(peerKind: IdentifiedKind): number {
  if (peerKind.kind === 'python' || peerKind.hello.batches !== true) return 0;
  return Math.max(peerKind.hello.batchMaxBytes ?? 0, LIMITS.leastBatchMaxBytes);
}

/** The largest message that a peer accepts, in bytes of data and binary. */
export function largestMessageBytes(peerKind: IdentifiedKind): number {
  // The largest frame, minus everything in a frame besides data and binary.
  if (peerKind.kind === 'python') return LIMITS.frameBytes - LIMITS.headerBytes - 16;
  return peerKind.hello.messageMaxBytes ?? LIMITS.messageBytes - LIMITS.headerBytes;
}
