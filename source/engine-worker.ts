/** The engine's thread: drawing the screen must never delay a message. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  type ChatEngineOptions,
  createChatEngine,
  type Engine,
  serveEngine,
  toAiocError,
} from '../engine/index.ts';
import { configuredEngine } from './configured-engine.ts';
import { startPeerShell } from './peer-shell.ts';

/** The engine to create: for the chat, or for a configuration file. */
export type EngineSubject =
  | { readonly kind: 'chat'; readonly options: ChatEngineOptions; readonly exec: string | undefined }
  | { readonly kind: 'connector'; readonly file: string; readonly fixedWallMs: number | undefined };

export interface WorkerInput {
  readonly subject: EngineSubject;
  readonly port: MessagePort;
}

/** What the worker sends apart from the engine's contract. */
export type WorkerMessage =
  /** The user's key is being made, or has been. */
  | { readonly kind: 'making-key'; readonly isMaking: boolean }
  /** The engine has stopped, as was asked for. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** A command from this machine shuts the program down. */
  | { readonly kind: 'shutdown' };

const { subject, port } = workerData as WorkerInput;
const say = (message: WorkerMessage): void => parentPort?.postMessage(message);

try {
  const engine = await makeEngine(subject);
  serveEngine(port, engine.engine);
  // Not a command of the contract: a read-only screen can end its own program, too.
  parentPort?.once('message', () => {
    void engine
      .stop()
      .catch(() => undefined)
      .then(() => say({ kind: 'stopped' }));
  });
  // The screen shows a failed start, for example a port that is taken, as a state.
  await engine.start().catch(() => undefined);
} catch (error) {
  const { code, message } = toAiocError(error);
  say({ kind: 'failed', code, message });
}

async function makeEngine(wanted: EngineSubject): Promise<Engine> {
  if (wanted.kind === 'chat') {
    const { options, exec: shell } = wanted;
    // Only here: nothing else that aioc starts can run a command of a peer.
    return createChatEngine({
      ...options,
      onMakingKey: (isMaking) => say({ kind: 'making-key', isMaking }),
      ...(shell !== undefined && { exec: { shell, start: startPeerShell } }),
    });
  }
  const { file, fixedWallMs } = wanted;
  const { engine, warnings } = await configuredEngine({
    configPath: file,
    onShutdown: () => say({ kind: 'shutdown' }),
    ...(fixedWallMs !== undefined && { fixedWallMs }),
  });
  for (const text of warnings) await engine.engine.execute({ kind: 'log.note', text, warning: true });
  return engine;
}
