import type { PtyOptions } from '../test/helpers/pty-session.ts';
import { PtySession } from '../test/helpers/pty-session.ts';
import { makeTempDir, removeDir } from '../test/helpers/temp-dir.ts';
import { renderSvg } from './svg.ts';

export interface Scene {
  /** The picture's file name without `.svg`. */
  readonly name: string;
  readonly title: string;
  /** Starts what it needs, brings it to a screen worth showing, waits until it is all there, and hands it back. */
  play(stage: Stage): Promise<PtySession>;
}

/** What a scene works with. What it starts and makes is cleared away after it. */
export interface Stage {
  /** Starts the program with these arguments. */
  start(args: readonly string[], options?: Partial<Omit<PtyOptions, 'command' | 'args'>>): PtySession;
  /** A new empty directory. */
  directory(): string;
}

/** Plays a scene with a program (a script for node) and draws the screen that it ends with. */
export async function film(scene: Scene, program: string): Promise<string> {
  const sessions: PtySession[] = [];
  const directories: string[] = [];
  const stage: Stage = {
    start(args, options = {}) {
      const session = PtySession.start({ ...options, command: process.execPath, args: [program, ...args] });
      sessions.push(session);
      return session;
    },
    directory() {
      const path = makeTempDir();
      directories.push(path);
      return path;
    },
  };
  try {
    const shown = await scene.play(stage);
    return renderSvg(shown.terminal, { title: scene.title });
  } finally {
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
    for (const path of directories) removeDir(path);
  }
}
