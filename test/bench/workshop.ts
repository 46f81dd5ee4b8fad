import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bundleTests } from '../helpers/bundle-tests.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';

/** What a bench has started and made, ended and removed with it. */
export class Workshop {
  readonly #endings: (() => void)[] = [];
  #programs: Promise<string> | undefined;

  after(ending: () => void): void {
    this.#endings.push(ending);
  }

  directory(): string {
    const path = makeTempDir();
    this.after(() => removeDir(path));
    return path;
  }

  /** A program of the bench as plain JavaScript, as programs on the built library are: this and the floor's alike. */
  async program(name: string): Promise<string> {
    this.#programs ??= this.#bundle();
    return join(await this.#programs, 'test/bench/programs', name.replace('.ts', '.mjs'));
  }

  async #bundle(): Promise<string> {
    const files = [
      'aioc-program.ts',
      'floor.ts',
      'mosquitto-program.ts',
      'nats-program.ts',
      'redis-program.ts',
    ].map((name) => `test/bench/programs/${name}`);
    const directory = await bundleTests(files);
    this.after(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }

  close(): void {
    for (const ending of this.#endings.splice(0).reverse()) ending();
  }
}

/** A process of a bench that does what it is told (programs/driven.ts). */
export class Driven {
  readonly #process: ChildProcess;
  readonly #waiting: ((answer: { result?: unknown; error?: string }) => void)[] = [];

  constructor(workshop: Workshop, command: string, args: readonly string[]) {
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    workshop.after(() => this.#process.kill('SIGKILL'));
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line.startsWith('{')) this.#waiting.shift()?.(JSON.parse(line));
    });
    this.#process.once('exit', () => {
      for (const waiting of this.#waiting.splice(0)) waiting({ error: `${args.join(' ')} ended` });
    });
  }

  async do<Result>(call: string, given: Readonly<Record<string, unknown>> = {}): Promise<Result> {
    const answer = await new Promise<{ result?: unknown; error?: string }>((resolve) => {
      this.#waiting.push(resolve);
      this.#process.stdin?.write(`${JSON.stringify({ call, ...given })}\n`);
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result as Result;
  }
}
