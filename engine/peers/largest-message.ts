import { LIMITS } from '../base/limits.ts';
import type { IdentifiedKind } from './session-types.ts';

/** The largest message that a peer takes, in bytes of data and binary. */
export function largestMessageBytes(peerKind: IdentifiedKind): number {
  // What a frame's length can express, less what a frame has besides.
  if (peerKind.kind === 'python') return LIMITS.frameBytes - LIMITS.headerBytes - 16;
  return peerKind.hello.messageMaxBytes ?? LIMITS.messageBytes - LIMITS.headerBytes;
}
