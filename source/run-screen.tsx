import { render } from 'ink';
import { App } from '../components/app.tsx';
import { detectCapabilities } from '../components/terminal/capabilities.ts';
import { KeyDecoder } from '../components/terminal/key-decoder.ts';
import { KeyFeed } from '../components/terminal/key-feed.ts';
import { ScreenWriter } from '../components/terminal/screen-writer.ts';
import { StdioCapture } from '../components/terminal/stdio-capture.ts';
import { TerminalGuard } from '../components/terminal/terminal-guard.ts';
import type { ScreenSubject } from './arguments.ts';
import { engineOptions, fixedWallMs } from './engine-options.ts';
import { type EngineThread, startEngineThread } from './engine-thread.ts';
import type { EngineSubject } from './engine-worker.ts';
import { EXIT } from './exit-codes.ts';
import { localActions } from './local-actions.ts';
import { killShells } from './shell.ts';
import { TerminalHost } from './terminal-host.ts';

export interface ScreenOptions {
  /** Draw with ASCII only. */
  readonly ascii: boolean;
}

/** How long the engine may take to let go of its connections when the program ends. */
const STOP_TIMEOUT_MS = 6_000;

const clock = {
  now: () => performance.now(),
  after: (delayMs: number, action: () => void) => {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Shows the full screen until the user quits.
 *
 * @returns the program's exit code
 * @throws AiocError when the engine cannot start; the terminal has not been touched then
 */
export async function runScreen(subject: ScreenSubject, options: ScreenOptions): Promise<number> {
  let screen: Screen | undefined;
  const thread = await startEngineThread(engineSubject(subject), {
    onDeath: (error) => screen?.crash(error),
    onShutdown: () => screen?.quit(EXIT.ok),
  });
  screen = new Screen(thread, options);
  return screen.run();
}

function engineSubject(subject: ScreenSubject): EngineSubject {
  if (subject.kind === 'chat') return { kind: 'chat', options: engineOptions(subject.settings) };
  return { kind: 'connector', file: subject.file, fixedWallMs: fixedWallMs() };
}

/** The terminal, the screen on it, and their orderly end. */
class Screen {
  readonly #thread: EngineThread;
  readonly #capture = new StdioCapture();
  readonly #writer: ScreenWriter;
  readonly #guard: TerminalGuard;
  readonly #host: TerminalHost;
  readonly #keys: KeyDecoder;
  readonly #promptKeys = new KeyFeed();
  #unmount: () => void = () => undefined;
  #done: (exitCode: number) => void = () => undefined;
  #quitting = false;

  constructor(thread: EngineThread, { ascii }: ScreenOptions) {
    this.#thread = thread;
    const { colorDepth, unicode } = detectCapabilities(process.env, true);
    const color = colorDepth !== 'none';
    this.#writer = new ScreenWriter({ output: this.#capture.screenOutput(), clock, color });
    this.#guard = new TerminalGuard({
      clock,
      input: process.stdin,
      onSignal: (signal) => void this.#quit(128 + SIGNAL_NUMBERS[signal]),
      quitTimeoutMs: STOP_TIMEOUT_MS + 1_000,
      onRestore: () => this.#stopDrawing(),
      onResume: () => this.#writer.repaint(),
    });
    this.#host = new TerminalHost({
      writer: this.#writer,
      promptKeys: this.#promptKeys,
      appearance: { colour: color, unicode: unicode && !ascii },
      wallNow: () => fixedWallMs() ?? Date.now(),
      onQuit: (exitCode) => void this.#quit(exitCode),
    });
    this.#keys = new KeyDecoder({ clock, onEvent: (event) => this.#host.press(event) });
  }

  run(): Promise<number> {
    const finished = new Promise<number>((resolve) => {
      this.#done = resolve;
    });
    this.#guard.enter();
    this.#capture.start();
    this.#capture.onLine((text, stream) => {
      void this.#thread.door.execute({ kind: 'log.note', text, warning: stream === 'stderr' });
    });
    process.stdin.on('data', (chunk: Buffer) => this.#keys.write(chunk));
    // The terminal has gone away under us; a SIGHUP does not always come.
    process.stdin.once('end', () => void this.#quit(EXIT.failed));
    const local = localActions();
    const { unmount } = render(<App engine={this.#thread.door} local={local} host={this.#host} />, {
      stdout: this.#writer.asInkStdout(),
      stdin: this.#promptKeys.asInkStdin(),
      debug: true,
      patchConsole: false,
      exitOnCtrlC: false,
    });
    this.#unmount = unmount;
    return finished;
  }

  /** Gives the terminal back and ends the program with the error on it. */
  crash(error: unknown): void {
    killShells();
    this.#guard.crash(error);
  }

  /** Ends in order, without a question. */
  quit(exitCode: number): void {
    void this.#quit(exitCode);
  }

  async #quit(exitCode: number): Promise<void> {
    if (this.#quitting) return;
    this.#quitting = true;
    killShells();
    const stopped = this.#thread.door.execute({ kind: 'engine.stop' });
    const patience = new Promise((resolve) => setTimeout(resolve, STOP_TIMEOUT_MS));
    await Promise.race([stopped, patience]);
    this.#guard.restore();
    this.#capture.restore();
    process.stdin.pause();
    await this.#thread.terminate();
    this.#done(exitCode);
  }

  #stopDrawing(): void {
    this.#unmount();
    this.#writer.stop();
    this.#keys.dispose();
  }
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
