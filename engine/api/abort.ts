import { setMaxListeners } from 'node:events';

/**
 * Calls `action` when the signal fires, until the returned function is called. One signal may well be given to hundreds
 * of messages at once, which is no leak, so Node is told not to warn of it.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => undefined;
  setMaxListeners(0, signal);
  signal.addEventListener('abort', action, { once: true });
  return () => signal.removeEventListener('abort', action);
}
