/** The engine's thread under the screen: a frame of the screen must never be in the way of a message. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createEngine, type EngineOptions, serveDoor, toAiocError } from '../engine/index.ts';

export interface WorkerInput {
  readonly options: EngineOptions;
  readonly port: MessagePort;
}

/** What the worker says once, outside of the door. */
export type WorkerReady =
  | { readonly ready: true }
  | { readonly ready: false; readonly code: string; readonly message: string };

const { options, port } = workerData as WorkerInput;
const say = (message: WorkerReady): void => parentPort?.postMessage(message);

try {
  const engine = await createEngine(options);
  serveDoor(port, engine.door);
  say({ ready: true });
  // A port that is taken is a state that the screen shows, not the end.
  await engine.start().catch(() => undefined);
} catch (error) {
  const { code, message } = toAiocError(error);
  say({ ready: false, code, message });
}
