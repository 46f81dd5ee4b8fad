import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryMbOf } from '../helpers/process-memory.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PROGRAMS = fileURLToPath(new URL('programs/', import.meta.url));

/** A program in a process of its own, which is killed and started again. */
export class Victim {
  readonly #file: string;
  readonly #args: () => readonly string[];
  #process: ChildProcess | undefined;
  #output = '';

  /** @param file one of `test/campaigns/programs`; it says `ready` when it is */
  constructor(file: string, args: () => readonly string[]) {
    this.#file = file;
    this.#args = args;
  }

  async start(): Promise<void> {
    const args = ['--import', 'tsx', join(PROGRAMS, this.#file), ...this.#args()];
    const started = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = started;
    this.#output = '';
    started.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    started.stdin?.on('error', () => undefined);
    await waitFor(() => this.hasSaid('ready'), { what: this.#file, timeoutMs: 30_000 });
  }

  say(line: string): void {
    this.#process?.stdin?.write(`${line}\n`);
  }

  hasSaid(word: string): boolean {
    return this.#output.includes(word);
  }

  /** The most memory that it has had, in MB. */
  get memoryMb(): number {
    return memoryMbOf(this.#process?.pid, 'VmHWM');
  }

  async kill(): Promise<void> {
    const dying = this.#process;
    if (dying === undefined || dying.exitCode !== null || dying.signalCode !== null) return;
    const over = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await over;
  }
}
