import { LIMITS } from '../base/limits.ts';
import type { IdentifiedKind } from './session-types.ts';

/** The largest message that a peer accepts, in bytes of data and binary. */
export function largestMessageBytes(peerKind: IdentifiedKind): number {
  // The largest frame, minus everything in a frame besides data and binary.
  if (peerKind.kind === 'python') return LIMITS.frameBytes - LIMITS.headerBytes - 16;
  return peerKind.hello.messageMaxBytes ?? LIMITS.messageBytes - LIMITS.headerBytes;
}
