import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { RunningShell, ShellRow } from '../components/local-actions.ts';
import { OutputTail } from './output-tail.ts';

/** Shortest time between two updates of the shown output. */
const UPDATE_INTERVAL_MS = 100;
/** Time before the next, harder signal. */
const PATIENCE_MS = 2_000;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGKILL'];

/** Running commands, so that none outlives the program. */
const running = new Set<ChildProcess>();

/**
 * Runs a line in the user's shell, without a terminal, and keeps the tail of its output. It only ever runs lines typed at
 * this keyboard, never anything that a peer sends.
 */
export function runShell(
  line: string,
  workingDirectory: string,
  onUpdate: (row: ShellRow) => void,
): RunningShell {
  const child = spawn(process.env['SHELL'] || '/bin/sh', ['-c', line], {
    cwd: workingDirectory,
    // A process group, so that an interrupt reaches every process of the line.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const tail = new OutputTail();
  let planned: NodeJS.Timeout | undefined;
  const show = (): void => {
    planned ??= setTimeout(() => {
      planned = undefined;
      onUpdate({ running: true, ...tail.state });
    }, UPDATE_INTERVAL_MS);
  };
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (chunk: Buffer) => {
      tail.add(decoder.write(chunk));
      show();
    });
  }
  const finish = (ending: { exitCode?: number; signal?: string }): void => {
    if (!running.delete(child)) return;
    clearTimeout(planned);
    onUpdate({ running: false, ...tail.state, ...ending });
  };
  child.once('error', (error) => {
    // Node names only the shell when it is the directory that is missing.
    const isGone = !existsSync(workingDirectory);
    tail.add(isGone ? `${workingDirectory} is gone: !cd goes to another directory\n` : `${error.message}\n`);
    finish({ exitCode: 127 });
  });
  child.once('close', (exitCode, signal) => {
    finish({ ...(exitCode !== null && { exitCode }), ...(signal !== null && { signal }) });
  });
  return { cancel: () => interrupt(child, 0) };
}

/** Kills all running commands; for the end of the program. */
export function killShells(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
  running.clear();
}

function interrupt(child: ChildProcess, step: number): void {
  const signal = SIGNALS[step];
  if (signal === undefined || !running.has(child)) return;
  signalGroup(child, signal);
  setTimeout(() => interrupt(child, step + 1), PATIENCE_MS).unref();
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has already ended.
  }
}
