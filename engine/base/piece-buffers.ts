import { LIMITS } from './limits.ts';

/** Weakly: a full garbage collection takes what is not in use. */
const free: WeakRef<ArrayBuffer>[] = [];
const lent = new WeakSet<object>();

/**
 * A buffer for a piece of a file. While a file crosses, each piece would otherwise be garbage that V8 collects only when there
 * are tens of megabytes of it.
 *
 * @param length at most LIMITS.transferPieceBytes
 */
export function takePieceBuffer(length: number): Buffer {
  if (length < LIMITS.transferSmallPieceBytes) return Buffer.allocUnsafeSlow(length);
  let memory: ArrayBuffer | undefined;
  while (memory === undefined && free.length > 0) memory = free.pop()?.deref();
  memory ??= new ArrayBuffer(LIMITS.transferPieceBytes);
  lent.add(memory);
  return Buffer.from(memory, 0, length);
}

/** Nobody will use it, or a part of it, any more: it may be taken again. Does nothing with other buffers. */
export function givePieceBuffer({ buffer }: Buffer): void {
  if (!lent.delete(buffer) || free.length >= LIMITS.pieceBuffersKept) return;
  free.push(new WeakRef(buffer as ArrayBuffer));
}
