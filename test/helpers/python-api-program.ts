import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import type { PythonPeer } from './python-peer.ts';
import { waitFor } from './wait-for.ts';

const PROGRAM = join(import.meta.dirname, '../interop/python-api-program.py');

/** What the program tells: `ready`, a message (`header`), or the response to what it sent (`response`). */
interface PythonTold {
  readonly ready?: true;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly response?: Readonly<Record<string, unknown>>;
  readonly data?: string;
  readonly binary?: string | null;
}

export interface PythonApiProgram {
  readonly told: readonly PythonTold[];
  /** Arguments of Python's `send_message`, with binary in hex. */
  send(message: Readonly<Record<string, unknown>>): void;
  stop(): Promise<void>;
}

/** Starts an application on the reference program's API, which listens when this resolves, and ends with the test. */
export async function startPythonApiProgram(
  t: TestContext,
  { python }: PythonPeer,
  { config, listenType }: { readonly config: string; readonly listenType: string },
): Promise<PythonApiProgram> {
  const child = spawn(python, [PROGRAM, config, listenType], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const killer = setTimeout(() => child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(killer);
  };
  t.after(stop);
  const told: PythonTold[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line)));
  await waitFor(() => told.some(({ ready }) => ready), {
    timeoutMs: 20_000,
    what: 'a Python program to listen',
  });
  return {
    told,
    stop,
    send: (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
  };
}
