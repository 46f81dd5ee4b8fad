import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { deadline } from '../helpers/wait-for.ts';

/** What a case has started and made, ended and removed with it. */
export class Workshop {
  readonly #endings: (() => void)[] = [];

  after(ending: () => void): void {
    this.#endings.push(ending);
  }

  directory(): string {
    const path = makeTempDir();
    this.after(() => removeDir(path));
    return path;
  }

  close(): void {
    for (const ending of this.#endings.splice(0).reverse()) ending();
  }
}

interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}

/** No case asks for anything that takes longer. */
const ANSWER_MS = 1_200_000;

/** A process of a bench that does what it is told (programs/driven.ts). */
export class Driven {
  readonly #process: ChildProcess;
  readonly #name: string;
  #waiting: ((answer: Answer) => void)[] = [];
  #isOver = false;

  constructor(workshop: Workshop, command: string, args: readonly string[]) {
    this.#name = args.join(' ');
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    workshop.after(() => this.stop());
    createInterface({ input: this.#process.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line.startsWith('{')) this.#waiting.shift()?.(JSON.parse(line));
    });
    this.#process.stdin?.on('error', () => undefined);
    this.#process.once('exit', () => {
      this.#isOver = true;
      for (const waiting of this.#waiting.splice(0)) waiting({ error: `${this.#name} ended` });
    });
  }

  get pid(): number {
    return this.#process.pid ?? Number.NaN;
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  async do<Result>(call: string, given: object = {}): Promise<Result> {
    const answer = new Promise<Answer>((resolve) => {
      if (this.#isOver) return resolve({ error: `${this.#name} has ended` });
      this.#waiting.push(resolve);
      this.#process.stdin?.write(`${JSON.stringify({ call, ...given })}\n`);
    });
    const { result, error } = await deadline(answer, ANSWER_MS, `${this.#name} to ${call}`);
    if (error !== undefined) throw new Error(error);
    return result as Result;
  }
}
