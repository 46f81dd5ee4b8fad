import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundleTests } from '../helpers/bundle-tests.ts';
import { globSync } from '../helpers/glob.ts';
import { memoryMbOf } from '../helpers/process-memory.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PROGRAMS = 'test/campaigns/programs';
let bundles: Promise<string> | undefined;

/** As plain JavaScript, since they are started again and again. */
async function programs(): Promise<string> {
  const directory = await bundleTests(globSync(PROGRAMS, /\.ts$/));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return join(directory, PROGRAMS);
}

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
    bundles ??= programs();
    const program = join(await bundles, `${basename(this.#file, '.ts')}.mjs`);
    const started = spawn(process.execPath, [program, ...this.#args()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
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
