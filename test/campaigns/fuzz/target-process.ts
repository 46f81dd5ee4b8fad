import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Mode } from '../../helpers/configured-connectors.ts';
import { memoryMbOf } from '../../helpers/process-memory.ts';
import { deadline } from '../../helpers/wait-for.ts';
import type { FileCoverage } from './coverage.ts';
import type { TargetPlace } from './target.ts';

interface Started {
  readonly kind: 'place';
  readonly place: TargetPlace;
  readonly helloPort: number;
}
type Reply =
  | Started
  | { readonly kind: 'taken' }
  | { readonly kind: 'files'; readonly files: FileCoverage[] };

/** A connector that is fuzzed, in a process of its own, and what became of it. */
export class TargetProcess {
  readonly #process: ChildProcess;
  readonly place: TargetPlace;
  /** Where a server reads ClientHellos, and nothing else. */
  readonly helloPort: number;
  mostMb = 0;

  private constructor(child: ChildProcess, { place, helloPort }: Started) {
    this.#process = child;
    this.place = place;
    this.helloPort = helloPort;
  }

  /** @param bundle the directory of the bundled programs */
  static async start(bundle: string, mode: Mode, directory: string): Promise<TargetProcess> {
    const home = join(directory, mode);
    mkdirSync(home);
    const program = join(bundle, 'test/campaigns/programs', 'fuzz-target.mjs');
    const child = fork(program, [mode, home], {
      stdio: 'inherit',
      execArgv: ['--expose-gc'],
      env: { ...process.env, HOME: home },
    });
    const started = await deadline(replyOf(child), 60_000, `the target in ${mode}`);
    if (started.kind !== 'place') throw new Error('the target does not say where it is');
    return new TargetProcess(child, started);
  }

  get memoryMb(): number {
    return memoryMbOf(this.#process.pid, 'VmRSS');
  }

  /** Why it has ended, if it has. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.#process;
    return exitCode === null && signalCode === null ? undefined : `it ended with ${exitCode ?? signalCode}`;
  }

  /** Adds to its coverage; fails if it does not answer, which says that it hangs. */
  async check(): Promise<void> {
    await this.#ask('coverage');
    this.mostMb = Math.max(this.mostMb, this.memoryMb);
  }

  async files(): Promise<readonly FileCoverage[]> {
    const reply = await this.#ask('files');
    return reply.kind === 'files' ? reply.files : [];
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #ask(what: 'coverage' | 'files'): Promise<Reply> {
    const reply = replyOf(this.#process);
    this.#process.send(what);
    return deadline(reply, 30_000, `the target to answer (${this.ended ?? 'it runs'})`);
  }
}

function replyOf(child: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void =>
      reject(new Error(`the target ended with ${code ?? signal}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Reply);
    });
  });
}
