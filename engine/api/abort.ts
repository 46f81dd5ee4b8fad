import { setMaxListeners } from 'node:events';

/**
 * Calls `action` when the signal fires, unless the returned function is called before. A program may share one signal among
 * hundreds of messages, so this turns off Node's warning about a leak.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => undefined;
  setMaxListeners(0, signal);
  signal.addEventListener('abort', action, { once: true });
  return () => signal.removeEventListener('abort', action);
}
