import { realClock } from '../../engine/base/real-ports.ts';
import { type AttachedEngine, toAiocError } from '../../engine/index.ts';
import type { AttachOptions } from '../commands/send-arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { attacherOf } from '../find-connector.ts';
import { AnswerWatch } from './answer-watch.ts';
import { Screen, type ScreenOptions } from './screen.tsx';

/** Interval between attempts to reach a stopped connector; a restart takes about this long. */
const RETRY_MS = 500;

/**
 * `aioc attach`: the full screen of a connector in another process, which keeps running when the user detaches. If that
 * process stops, the screen waits for it to come back.
 *
 * @returns the exit code
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_CONTRACT_VERSION, AIOC_CONFIG, AIOC_USAGE; the terminal is unchanged then
 */
export async function runAttach({
  connector,
  directories,
  ascii,
  mouse,
  theme,
  isScreenReader,
  isReadOnly,
}: AttachOptions): Promise<number> {
  const attach = await attacherOf(connector, directories, { isReadOnly });
  return new AttachedScreen(attach, await attach(), { ascii, hasMouse: mouse, theme, isScreenReader }).run();
}

class AttachedScreen {
  readonly #attach: () => Promise<AttachedEngine>;
  readonly #screen: Screen;
  #engine: AttachedEngine;
  #failure: unknown;

  constructor(
    attach: () => Promise<AttachedEngine>,
    engine: AttachedEngine,
    look: Pick<ScreenOptions, 'ascii' | 'hasMouse' | 'theme' | 'isScreenReader'>,
  ) {
    this.#attach = attach;
    this.#engine = engine;
    const letGo = (): Promise<void> => this.#engine.close();
    this.#screen = new Screen({ shown: { engine, attached: 'here' }, ...look, letGo });
    this.#watch();
  }

  async run(): Promise<number> {
    const exitCode = await this.#screen.run();
    if (this.#failure !== undefined) throw this.#failure;
    return exitCode;
  }

  #watch(): void {
    const engine = this.#engine;
    const watch = new AnswerWatch({
      clock: realClock(),
      ask: () => engine.ping(),
      onSilent: () => this.#screen.show({ engine, attached: 'silent' }),
      onAnswer: () => this.#screen.show({ engine, attached: 'here' }),
    });
    engine.onClose((why) => {
      watch.stop();
      if (why !== undefined) void this.#waitForIt();
    });
  }

  async #waitForIt(): Promise<void> {
    const gone = this.#engine;
    this.#screen.show({ engine: gone, attached: 'away' });
    const engine = await this.#found();
    if (engine === undefined) return;
    this.#engine = engine;
    this.#screen.show({ engine, attached: 'here', notice: backText(gone.version, engine.version) });
    this.#watch();
  }

  /** @returns undefined when the connector is back and the screen cannot attach to it */
  async #found(): Promise<AttachedEngine | undefined> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      try {
        return await this.#attach();
      } catch (error) {
        if (toAiocError(error).code === 'AIOC_CONNECTOR_AWAY') continue;
        this.#failure = error;
        this.#screen.quit(EXIT.failed);
        return undefined;
      }
    }
  }
}

/** Says that the connector is there again, and whether it is another release. */
export function backText(before: string | undefined, now: string | undefined): string {
  if (now === undefined || now === before) return 'The connector is back. Its log begins again.';
  return `The connector is back as aioc ${now}${before === undefined ? '' : `, before ${before}`}. Its log begins again.`;
}
