import { type ChildProcess, spawn } from 'node:child_process';
import { builtProgram } from './built-program.ts';
import { deadline, waitFor } from './wait-for.ts';

/** Where what must be ended is noted: a test's context, or a campaign's. */
interface Endings {
  after(ending: () => void): void;
}

export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  /** Instead of the one that was built in the checkout. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of the environment of the tests. */
  readonly onlyEnv?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A module that runs before it. */
  readonly preload?: string;
}

export interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

/** The built program as a daemon, in a process of its own. */
export class Daemon {
  readonly process: ChildProcess;
  readonly #home: string;
  output = '';
  errors = '';

  /** @param uid as whom it runs, where the tests may choose that, `program` being readable to it; as themselves otherwise */
  constructor(
    t: Endings,
    args: readonly string[],
    home: string,
    { uid, gid, program, env, onlyEnv, cwd, preload }: RunAs = {},
  ) {
    this.#home = home;
    const before = preload === undefined ? [] : ['--import', preload];
    this.process = spawn(process.execPath, [...before, program ?? builtProgram(), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Where it is set, Node reads some hundred certificates of issuers at each start; aioc asks none of them.
      env: onlyEnv ?? {
        ...process.env,
        NODE_EXTRA_CA_CERTS: '',
        HOME: this.#home,
        XDG_STATE_HOME: '',
        ...env,
      },
      ...(cwd !== undefined && { cwd }),
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    t.after(() => this.process.kill('SIGKILL'));
  }

  /** Waits for the line in which it says that it is ready. */
  async ready(): Promise<void> {
    await waitFor(() => this.output.includes('aioc ready') || this.process.exitCode !== null, {
      what: 'the daemon to be ready',
      timeoutMs: 20_000,
    });
    if (this.process.exitCode !== null) throw new Error(`it ended: ${this.errors}`);
  }

  async finished(): Promise<Finished> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await deadline(
        new Promise((resolve) => this.process.once('close', resolve)),
        20_000,
        'the daemon to end',
      );
    }
    return { exitCode: this.process.exitCode, output: this.output, errors: this.errors };
  }

  /** As a machine that loses its power would. */
  async killed(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.finished();
  }
}

/** Runs the built program to its end. */
export async function runProgram(t: Endings, args: readonly string[], home: string): Promise<Finished> {
  return new Daemon(t, args, home).finished();
}
