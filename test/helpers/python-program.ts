import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import type { PythonPeer } from './python-peer.ts';

const SCRIPT = join(import.meta.dirname, '../interop/program.py');

/** An application's program in Python, on the other side of a connector's unix sockets. */
export class PythonProgram {
  readonly process: ChildProcess;
  readonly #waiting: ((answer: { result?: unknown; error?: string }) => void)[] = [];
  #errors = '';

  /** @param config a configuration for Python's ConnectorAPI */
  constructor(t: TestContext, { python }: PythonPeer, config: string) {
    this.process = spawn(python, [SCRIPT, config], { stdio: ['pipe', 'pipe', 'pipe'] });
    t.after(() => this.process.kill('SIGKILL'));
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4_000);
    });
    const lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      if (line.startsWith('ANSWER ')) this.#waiting.shift()?.(JSON.parse(line.slice('ANSWER '.length)));
    });
    this.process.once('exit', () => {
      for (const waiting of this.#waiting.splice(0)) waiting({ error: `the program ended: ${this.#errors}` });
    });
  }

  /** Calls a method of the program. */
  async do(method: string, given: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const answer = await new Promise<{ result?: unknown; error?: string }>((resolve) => {
      this.#waiting.push(resolve);
      this.process.stdin?.write(`${JSON.stringify({ do: method, ...given })}\n`);
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }
}
