import type { ScreenSubject } from '../arguments.ts';
import { engineOptions, fixedWallMs } from '../engine-options.ts';
import { startEngineThread } from '../engine-thread.ts';
import type { EngineSubject } from '../engine-worker.ts';
import { EXIT } from '../exit-codes.ts';
import { Screen } from './screen.tsx';

/**
 * Runs an engine with the full screen until the user quits.
 *
 * @returns the program's exit code
 * @throws AiocError when the engine cannot start; the terminal is unchanged then
 */
export async function runScreen(
  subject: ScreenSubject,
  { ascii }: { readonly ascii: boolean },
): Promise<number> {
  let screen: Screen | undefined;
  const { engine, terminate } = await startEngineThread(engineSubject(subject), {
    onDeath: (error) => screen?.crash(error),
    onShutdown: () => screen?.quit(EXIT.ok),
  });
  const letGo = async (): Promise<void> => {
    await engine.execute({ kind: 'engine.stop' });
    await terminate();
  };
  screen = new Screen({ shown: { engine }, ascii, letGo });
  return screen.run();
}

function engineSubject(subject: ScreenSubject): EngineSubject {
  if (subject.kind === 'chat') return { kind: 'chat', options: engineOptions(subject.settings) };
  return { kind: 'connector', file: subject.file, fixedWallMs: fixedWallMs() };
}
