import { MessageChannel, Worker } from 'node:worker_threads';
import type { EngineApi } from '../engine/contract/engine-api.ts';
import { AiocError, connectEngine, type ErrorCode } from '../engine/screen-side.ts';
import type { EngineSubject, WorkerInput, WorkerMessage } from './engine-worker.ts';

/** The only message to the worker apart from the engine's contract. */
const STOP = 'stop';

export interface EngineThread {
  readonly engine: EngineApi;
  /** Stops the engine, which drains its queues for a few seconds at most, and ends the thread. */
  stop(): Promise<void>;
}

export interface EngineThreadOptions {
  /** The engine refuses every command of the screen. */
  readonly isReadOnly: boolean;
  /** The thread ended unexpectedly. */
  onDeath(error: AiocError): void;
  /** A command from this machine shuts the program down. */
  onShutdown(): void;
}

/**
 * Starts the engine in a worker thread.
 *
 * @throws AiocError why the engine could not start
 */
export async function startEngineThread(
  subject: EngineSubject,
  { isReadOnly, onDeath, onShutdown }: EngineThreadOptions,
): Promise<EngineThread> {
  const channel = new MessageChannel();
  const workerData: WorkerInput = { subject, port: channel.port2 };
  const worker = new Worker(new URL('./engine-worker.js', import.meta.url), {
    workerData,
    transferList: [channel.port2],
    // StdioCapture also captures what the thread's libraries print.
    stdout: false,
    stderr: false,
  });
  let wanted = true;
  const died = new Promise<never>((_, reject) => {
    const die = (cause: unknown): void => {
      if (!wanted) return;
      wanted = false;
      const why = cause instanceof Error ? cause.message : 'its thread ended';
      const error = new AiocError('AIOC_ENGINE_GONE', `the engine stopped unexpectedly: ${why}`, { cause });
      onDeath(error);
      reject(error);
    };
    worker.once('error', die);
    worker.once('exit', die);
  });
  const ready = new Promise<WorkerMessage>((resolve) => worker.once('message', resolve));
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'shutdown') onShutdown();
  });
  const first = await Promise.race([ready, died]);
  // Nothing awaits `died` after this; onDeath reports it.
  died.catch(() => undefined);
  const terminate = async (): Promise<void> => {
    wanted = false;
    await worker.terminate();
  };
  if (first.kind === 'failed') {
    await terminate();
    throw new AiocError(first.code as ErrorCode, first.message);
  }
  const stopped = new Promise<void>((resolve) => {
    worker.on('message', ({ kind }: WorkerMessage) => {
      if (kind === 'stopped') resolve();
    });
  });
  const stop = async (): Promise<void> => {
    worker.postMessage(STOP);
    // An engine that dies meanwhile needs no stop.
    await Promise.race([stopped, died.catch(() => undefined)]);
    await terminate();
  };
  return { engine: await connectEngine(channel.port1, { isReadOnly }), stop };
}
