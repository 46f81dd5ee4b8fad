import { MessageChannel, Worker } from 'node:worker_threads';
import type { EngineApi } from '../engine/contract/engine-api.ts';
import { AiocError, EngineClient, type ErrorCode } from '../engine/screen-side.ts';
import type { EngineSubject, WorkerInput, WorkerMessage } from './engine-worker.ts';

/** The only message to the worker apart from the engine's contract. */
const STOP = 'stop';
/**
 * The space of new objects in the engine's thread: what a daemon has. New objects of an engine die young; in Node's default
 * it grows to 48 MB during the first million messages, and moves no more of them.
 */
const NEW_OBJECTS_MB = 3;

export interface EngineThread {
  /** Takes views and commands at once; it answers them when it is there. */
  readonly engine: EngineApi;
  /** Stops the engine, which drains its queues for a few seconds at most, and ends the thread. */
  stop(): Promise<void>;
}

export interface EngineThreadOptions {
  /** The engine refuses every command of the screen. */
  readonly isReadOnly: boolean;
  /** The engine cannot start, for example because of its configuration; its thread is over. */
  onFailure(error: AiocError): void;
  /** The first start of a user makes a key, which takes a moment; called before it, and when it is made. */
  onMakingKey(isMaking: boolean): void;
  /** The thread ended unexpectedly. */
  onDeath(error: AiocError): void;
  /** A command from this machine shuts the program down. */
  onShutdown(): void;
}

/**
 * Starts the engine in a worker thread, once the first frame of the screen, which the caller draws now, is on the terminal:
 * both together would take turns on the machine's memory and processors.
 */
export function startEngineThread(subject: EngineSubject, options: EngineThreadOptions): EngineThread {
  return new RunningThread(subject, options);
}

class RunningThread implements EngineThread {
  readonly engine: EngineClient;
  #worker: Worker | undefined;
  readonly #options: EngineThreadOptions;
  readonly #over: Promise<void>;
  #end: () => void = () => undefined;
  /** Its end would be a crash. */
  #isWanted = true;

  constructor(subject: EngineSubject, options: EngineThreadOptions) {
    this.#options = options;
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
    // The port keeps what the screen asks for until the engine takes it.
    const channel = new MessageChannel();
    setImmediate(() => this.#start({ subject, port: channel.port2 }));
    this.engine = new EngineClient(channel.port1, { isReadOnly: options.isReadOnly });
    this.engine.greet().catch((error: AiocError) => this.#fail(error));
  }

  #start(workerData: WorkerInput): void {
    if (!this.#isWanted) return;
    const worker = new Worker(new URL('./engine-worker.js', import.meta.url), {
      workerData,
      transferList: [workerData.port],
      resourceLimits: { maxYoungGenerationSizeMb: NEW_OBJECTS_MB },
      // StdioCapture also captures what the thread's libraries print.
      stdout: false,
      stderr: false,
    });
    worker.on('message', (message: WorkerMessage) => this.#hear(message));
    worker.once('error', (cause) => this.#die(cause));
    worker.once('exit', (cause) => this.#die(cause));
    this.#worker = worker;
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    worker?.postMessage(STOP);
    // An engine that has failed or dies meanwhile needs no stop.
    if (worker !== undefined) await this.#over;
    this.#isWanted = false;
    await worker?.terminate();
  }

  #hear(message: WorkerMessage): void {
    switch (message.kind) {
      case 'making-key':
        return this.#options.onMakingKey(message.isMaking);
      case 'failed':
        return this.#fail(new AiocError(message.code as ErrorCode, message.message));
      case 'shutdown':
        return this.#options.onShutdown();
      case 'stopped':
        return this.#end();
    }
  }

  #fail(error: AiocError): void {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#end();
    this.engine.end(error);
    void this.#worker?.terminate();
    this.#options.onFailure(error);
  }

  #die(cause: unknown): void {
    this.#end();
    if (!this.#isWanted) return;
    this.#isWanted = false;
    const why = cause instanceof Error ? cause.message : 'its thread ended';
    const error = new AiocError('AIOC_ENGINE_GONE', `the engine stopped unexpectedly: ${why}`, { cause });
    this.#options.onDeath(error);
  }
}
