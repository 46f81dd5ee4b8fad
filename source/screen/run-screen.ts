import { AiocError } from '../../engine/screen-side.ts';
import type { ScreenSubject } from '../arguments.ts';
import type { ScreenLook } from '../commands/send-arguments.ts';
import { engineOptions, fixedWallMs } from '../engine-options.ts';
import { startEngineThread } from '../engine-thread.ts';
import type { EngineSubject } from '../engine-worker.ts';
import { EXIT } from '../exit-codes.ts';
import { isProgram } from '../peer-shell.ts';
import type { Screen } from './screen.tsx';

/**
 * Runs an engine with the full screen until the user quits.
 *
 * @returns the program's exit code
 * @throws AiocError when the engine cannot start; the terminal is unchanged then
 */
export async function runScreen(
  subject: ScreenSubject,
  { ascii, mouse, theme, isScreenReader, completes, isReadOnly }: ScreenLook,
): Promise<number> {
  let screen: Screen | undefined;
  const starting = startEngineThread(engineSubject(subject), {
    isReadOnly,
    onDeath: (error) => screen?.crash(error),
    onShutdown: () => screen?.quit(EXIT.ok),
  });
  // The engine's thread starts while this one loads the screen.
  const [{ engine, stop }, { Screen: Made }] = await Promise.all([starting, import('./screen.tsx')]);
  screen = new Made({
    shown: { engine, isConnector: subject.kind === 'connector' },
    ascii,
    hasMouse: mouse,
    ...{ theme, isScreenReader, completes },
    letGo: stop,
  });
  return screen.run();
}

function engineSubject(subject: ScreenSubject): EngineSubject {
  if (subject.kind === 'chat') {
    const { exec } = subject.settings;
    if (exec !== undefined && !isProgram(exec))
      throw new AiocError('AIOC_USAGE', `--exec: ${exec} is not a program that you may run`);
    return { kind: 'chat', options: engineOptions(subject.settings), exec };
  }
  return { kind: 'connector', file: subject.file, fixedWallMs: fixedWallMs() };
}
