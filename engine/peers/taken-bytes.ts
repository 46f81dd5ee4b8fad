import { LIMITS } from '../base/limits.ts';
import type { PeerNature } from './session-types.ts';

/** The largest message that a peer takes, in bytes of data and binary. */
export function takenBy(nature: PeerNature): number {
  // What a frame's length can express, less what a frame has besides.
  if (nature.kind === 'python') return LIMITS.frameBytes - LIMITS.headerBytes - 16;
  return nature.hello.messageMaxBytes ?? LIMITS.messageBytes - LIMITS.headerBytes;
}
