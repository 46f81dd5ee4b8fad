import { writeFileSync } from 'node:fs';
import { type Instance, render } from 'ink';
import { LinearApp } from '../../components/accessible/linear-app.tsx';
import { App } from '../../components/app.tsx';
import type { LastRun } from '../../components/state/last-run.ts';
import type { Attached } from '../../components/state/ui-state.ts';
import { KeyDecoder } from '../../components/terminal/key-decoder.ts';
import { KeyFeed } from '../../components/terminal/key-feed.ts';
import { StdioCapture } from '../../components/terminal/stdio-capture.ts';
import { TerminalGuard } from '../../components/terminal/terminal-guard.ts';
import type { ThemeName } from '../../components/themes/themes.ts';
import type { EngineApi } from '../../engine/contract/engine-api.ts';
import { fixedWallMs } from '../engine-options.ts';
import { EXIT } from '../exit-codes.ts';
import { localActions } from '../local-actions.ts';
import { killShells } from '../shell.ts';
import { onOutputEnd } from '../standard-output.ts';
import { type Surface, surfaceOf } from './surface.ts';

export interface ScreenOptions {
  readonly shown: ScreenTarget;
  /** Draw with ASCII only. */
  readonly ascii: boolean;
  /** The terminal reports the wheel and clicks. */
  readonly hasMouse?: boolean | undefined;
  /** The colours that the user has asked for. */
  readonly theme?: ThemeName | undefined;
  /** Lines for a screen reader instead of a screen. */
  readonly isScreenReader?: boolean | undefined;
  /** False: Tab does not complete in the chat line. */
  readonly completes?: boolean | undefined;
  /** Stops or detaches from the engine when the program ends. */
  readonly letGo: () => Promise<void>;
}

/** The environment's variable that names a file for the figures of `F12`, written at the end. */
const STATS_FILE = 'AIOC_SCREEN_STATS';
/** How long that may take. */
const LET_GO_TIMEOUT_MS = 6_000;

const clock = {
  now: () => performance.now(),
  after: (delayMs: number, action: () => void) => {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The engine that a screen shows. */
export interface ScreenTarget {
  readonly engine: EngineApi;
  /** For a connector in another process. */
  readonly attached?: Attached;
  /** The engine runs a connector from a configuration. */
  readonly isConnector?: boolean;
  /** Something to say when its screen opens. */
  readonly notice?: string;
  /** The engine makes the user's key before it starts. */
  readonly isMakingKey?: boolean;
}

/** The terminal, the screen on it, and their shutdown. */
export class Screen {
  readonly #letGo: () => Promise<void>;
  readonly #local = localActions();
  readonly #capture = new StdioCapture();
  readonly #surface: Surface;
  readonly #guard: TerminalGuard;
  readonly #keys: KeyDecoder;
  readonly #promptKeys = new KeyFeed();
  readonly #hasMouse: boolean;
  readonly #theme: ThemeName | undefined;
  readonly #completes: boolean;
  #shown: ScreenTarget;
  /** Counts engines: each new one, and each new run of one, gets a new screen, since its ids may mean other things. */
  #edition = 0;
  /** What the next run shows again: pane, filters, order and the selected rows. */
  readonly #lastRun: LastRun = {};
  #drawn: Instance | undefined;
  #done: (exitCode: number) => void = () => undefined;
  #quitting = false;

  constructor(options: ScreenOptions) {
    const { shown, ascii, hasMouse = false, theme, isScreenReader = false, letGo } = options;
    this.#shown = shown;
    this.#hasMouse = hasMouse;
    this.#theme = theme;
    this.#completes = options.completes !== false;
    this.#letGo = letGo;
    this.#surface = surfaceOf({
      ...{ isLinear: isScreenReader, ascii, clock, output: this.#capture.screenOutput() },
      host: {
        promptKeys: this.#promptKeys,
        wallNow: () => fixedWallMs() ?? Date.now(),
        onSuspend: () => this.#guard.suspend(),
        onQuit: (exitCode) => void this.#quit(exitCode),
      },
    });
    const surface = this.#surface;
    this.#guard = new TerminalGuard({
      clock,
      input: process.stdin,
      ...(surface.kind === 'lines' && { modes: surface.modes }),
      onSignal: (signal) => void this.#quit(128 + SIGNAL_NUMBERS[signal]),
      quitTimeoutMs: LET_GO_TIMEOUT_MS + 1_000,
      onRestore: () => this.#stopDrawing(),
      onResume: () => surface.host.resume(),
    });
    this.#keys = new KeyDecoder({
      clock,
      onEvent: (event) => surface.host.press(event),
      onReport: (text) => surface.host.reported(text),
    });
  }

  run(): Promise<number> {
    const finished = new Promise<number>((resolve) => {
      this.#done = resolve;
    });
    this.#guard.enter();
    this.#capture.start();
    this.#startColours();
    this.#capture.onLine((text, stream) => {
      void this.#shown.engine.execute({ kind: 'log.note', text, warning: stream === 'stderr' });
    });
    process.stdin.on('data', (chunk: Buffer) => this.#keys.write(chunk));
    // A question asked before has paused it.
    process.stdin.resume();
    // The terminal is gone; a SIGHUP does not always come.
    process.stdin.once('end', () => void this.#quit(EXIT.failed));
    process.stdin.on('error', () => void this.#quit(EXIT.failed));
    onOutputEnd(() => void this.#quit(EXIT.failed));
    this.#drawn = render(this.#app(), {
      stdout: this.#surface.inkStdout,
      stdin: this.#promptKeys.asInkStdin(),
      debug: true,
      patchConsole: false,
      exitOnCtrlC: false,
    });
    return finished;
  }

  /** For the theme `auto`; the first frame does not wait for the answer. */
  #startColours(): void {
    if (this.#surface.kind !== 'screen') return;
    const { host, question } = this.#surface;
    host.setTheme(this.#theme ?? 'auto');
    if (question === undefined) return;
    this.#keys.expectReport();
    this.#capture.screenOutput().write(question);
  }

  /** Shows another engine, or the same one in another state. */
  show(shown: ScreenTarget): void {
    if (shown.engine !== this.#shown.engine) this.#edition += 1;
    this.#shown = shown;
    if (!this.#quitting) this.#drawn?.rerender(this.#app());
  }

  #app() {
    const { engine, attached, isConnector, notice, isMakingKey } = this.#shown;
    const props = {
      ...{ engine, attached, isConnector, notice, isMakingKey, local: this.#local },
      ...{ hasMouse: this.#hasMouse, theme: this.#theme, lastRun: this.#lastRun },
      completes: this.#completes,
    };
    const { kind, host } = this.#surface;
    if (kind === 'lines') return <LinearApp key={this.#edition} {...props} host={host} />;
    return <App key={this.#edition} {...props} host={host} />;
  }

  /** Restores the terminal, prints the error and ends the program. */
  crash(error: unknown): void {
    killShells();
    this.#guard.crash(error);
  }

  /** Shuts down without asking. */
  quit(exitCode: number): void {
    void this.#quit(exitCode);
  }

  async #quit(exitCode: number): Promise<void> {
    if (this.#quitting) return;
    this.#quitting = true;
    killShells();
    const patience = new Promise((resolve) => setTimeout(resolve, LET_GO_TIMEOUT_MS));
    await Promise.race([this.#letGo(), patience]);
    this.#guard.restore();
    this.#capture.restore();
    this.#keepStats();
    process.stdin.pause();
    this.#done(exitCode);
  }

  /** For the bench. */
  #keepStats(): void {
    const file = process.env[STATS_FILE];
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.#surface.stats()), { mode: 0o600 });
  }

  #stopDrawing(): void {
    this.#drawn?.unmount();
    this.#surface.stop();
    this.#keys.dispose();
  }
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
