import { LINEAR_SIZE } from '../../components/accessible/read-out.ts';
import { detectCapabilities } from '../../components/terminal/capabilities.ts';
import type { TerminalClock } from '../../components/terminal/clock.ts';
import type { ScreenStats } from '../../components/terminal/frame-times.ts';
import { type ScreenOutput, ScreenWriter } from '../../components/terminal/screen-writer.ts';
import { answersGroundQuery, GROUND_QUERY } from '../../components/terminal/terminal-ground.ts';
import { LINEAR_MODES } from '../../components/terminal/terminal-guard.ts';
import type { KeyHostOptions } from './key-host.ts';
import { LineHost } from './linear-host.ts';
import { TerminalHost } from './terminal-host.ts';

/** Where the program is shown: a full screen, or lines for a screen reader. */
export type Surface = {
  /** What Ink draws its prompt on. */
  readonly inkStdout: NodeJS.WriteStream;
  stats(): ScreenStats;
  stop(): void;
} & (
  | {
      readonly kind: 'screen';
      readonly host: TerminalHost;
      /** A question to the terminal, which it may answer. */
      readonly question: string | undefined;
    }
  | { readonly kind: 'lines'; readonly host: LineHost; readonly modes: typeof LINEAR_MODES }
);

export interface SurfaceOptions {
  readonly isLinear: boolean;
  readonly ascii: boolean;
  readonly output: ScreenOutput;
  readonly clock: TerminalClock;
  readonly host: Omit<KeyHostOptions, 'appearance'>;
}

export function surfaceOf({ isLinear, ascii, output, clock, host }: SurfaceOptions): Surface {
  const { colorDepth, unicode, isStill } = detectCapabilities(process.env, true);
  const appearance = { colour: colorDepth !== 'none', unicode: unicode && !ascii, isStill };
  if (isLinear) {
    const lines = new LineHost({ ...host, appearance, write: (text) => output.write(text) });
    return {
      ...{ kind: 'lines', host: lines, modes: LINEAR_MODES, inkStdout: nowhere() },
      stats: () => lines.stats(),
      stop: () => undefined,
    };
  }
  const writer = new ScreenWriter({ output, clock, appearance });
  return {
    kind: 'screen',
    host: new TerminalHost({ ...host, appearance, writer, colorDepth }),
    question: appearance.colour && answersGroundQuery(process.env) ? GROUND_QUERY : undefined,
    inkStdout: writer.asInkStdout(),
    stats: () => writer.stats,
    stop: () => writer.stop(),
  };
}

/** Takes what Ink draws, and shows it nowhere. */
function nowhere(): NodeJS.WriteStream {
  const none = {
    ...LINEAR_SIZE,
    isTTY: true,
    write: () => true,
    on: () => none,
    off: () => none,
    once: () => none,
    removeListener: () => none,
  };
  return none as unknown as NodeJS.WriteStream;
}
