import { AiocError } from '../../engine/screen-side.ts';
import type { ScreenSubject } from '../arguments.ts';
import type { ScreenLook } from '../commands/send-arguments.ts';
import { engineOptions, fixedWallMs } from '../engine-options.ts';
import { startEngineThread } from '../engine-thread.ts';
import type { EngineSubject } from '../engine-worker.ts';
import { EXIT } from '../exit-codes.ts';
import { keepNewObjectsSmall } from '../heap-growth.ts';
import type { Screen } from './screen.tsx';

/**
 * Runs an engine with the full screen until the user quits. The screen does not wait for the engine.
 *
 * @returns the program's exit code
 * @throws AiocError when the engine cannot start; the terminal is as it was before
 */
export async function runScreen(
  subject: ScreenSubject,
  { ascii, mouse, theme, isScreenReader, completes, isReadOnly }: ScreenLook,
): Promise<number> {
  const [engineWanted, { Screen: Made }] = await Promise.all([
    engineSubject(subject),
    import('./screen.tsx'),
  ]);
  // Loading makes many objects; frames make few.
  keepNewObjectsSmall();
  let screen: Screen | undefined;
  let failure: AiocError | undefined;
  const fail = (error: AiocError): void => {
    failure = error;
    screen?.quit(EXIT.failed);
  };
  let isMakingKey = false;
  const shown = () => ({ engine: thread.engine, isConnector: subject.kind === 'connector', isMakingKey });
  const thread = startEngineThread(engineWanted, {
    isReadOnly,
    onFailure: fail,
    onMakingKey: (isMaking) => {
      isMakingKey = isMaking;
      screen?.show(shown());
    },
    onDeath: (error) => screen?.crash(error),
    onShutdown: () => screen?.quit(EXIT.ok),
  });
  screen = new Made({
    shown: shown(),
    ascii,
    hasMouse: mouse,
    ...{ theme, isScreenReader, completes },
    letGo: () => thread.stop(),
  });
  const exitCode = await screen.run();
  if (failure !== undefined) throw failure;
  return exitCode;
}

async function engineSubject(subject: ScreenSubject): Promise<EngineSubject> {
  if (subject.kind === 'chat') {
    const { exec } = subject.settings;
    if (exec !== undefined && !(await import('../peer-shell.ts')).isProgram(exec))
      throw new AiocError('AIOC_USAGE', `--exec: ${exec} is not a program that you may run`);
    return { kind: 'chat', options: engineOptions(subject.settings), exec };
  }
  return { kind: 'connector', file: subject.file, fixedWallMs: fixedWallMs() };
}
