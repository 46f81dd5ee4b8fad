import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { builtProgram } from './built-program.ts';
import { testProgram } from './test-program.ts';
import { waitFor } from './wait-for.ts';

export const EXAMPLES = join(import.meta.dirname, '../examples');
const PATIENT = { timeoutMs: 30_000 };

export interface ExamplePlace {
  /** Its working directory, and its home. */
  readonly folder: string;
  readonly port: number;
  readonly args?: readonly string[];
  /** What runs it; Node, if nothing is said. */
  readonly interpreter?: string;
}

/** A program that a reader of the documentation would start, in a process of its own, killed when the test ends. */
export class ExampleProgram {
  readonly process: ChildProcess;
  output = '';
  errors = '';
  /** The exit code, when it has ended. */
  readonly ended: Promise<number | null>;

  /** @param file a path, or one below `test/examples`; it uses the library as it was built */
  constructor(t: TestContext, file: string, { folder, port, args = [], interpreter }: ExamplePlace) {
    builtProgram();
    const program = file.endsWith('.ts')
      ? testProgram(`test/examples/${file}`)
      : [join(file.startsWith('/') ? '' : EXAMPLES, file)];
    this.process = spawn(interpreter ?? process.execPath, [...program, ...args], {
      cwd: folder,
      env: {
        ...process.env,
        AIOC_PORT: String(port),
        HOME: folder,
        XDG_STATE_HOME: '',
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONUNBUFFERED: '1',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
    t.after(() => this.process.kill('SIGKILL'));
  }

  get lines(): readonly string[] {
    return this.output.split('\n').slice(0, -1);
  }

  /** Waits until it has printed that line, and says what it has printed on its errors if it does not. */
  async prints(line: string): Promise<void> {
    try {
      await waitFor(() => this.lines.includes(line), { ...PATIENT, what: `the line ${line}` });
    } catch (cause) {
      throw new Error(`no line ${line} in:\n${this.output}\n${this.errors}`, { cause });
    }
  }

  /** Types a line. */
  type(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  async killed(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}
