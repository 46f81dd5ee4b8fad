import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { StartPeerShell } from '../engine/index.ts';

/** Time before a shell that was told to hang up is killed. */
const PATIENCE_MS = 2_000;

/**
 * Starts a shell for `aioc chat --exec`: with a terminal of its own where the machine has `script`, else with pipes. It
 * runs in the directory where aioc was started, in a process group of its own.
 */
export const startPeerShell: StartPeerShell = (...how) => startPeerShellIn(process.env['PATH'] ?? '', ...how);

/** @param path the directories in which `script` is looked for, as in PATH */
export function startPeerShellIn(
  path: string,
  ...[shell, { onOutput, onEnd }]: Parameters<StartPeerShell>
): ReturnType<StartPeerShell> {
  const script = findProgram('script', path);
  const [program, ...args] = script === undefined ? [shell] : [script, ...scriptArguments(shell)];
  const child = spawn(program ?? shell, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    // No programs that draw: what they print becomes lines of a chat.
    env: { ...process.env, TERM: 'dumb', SHELL: shell, PAGER: 'cat', PS1: '' },
  });
  for (const stream of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (chunk: Buffer) => onOutput(decoder.write(chunk)));
  }
  // A shell that has ended takes no more lines.
  child.stdin.on('error', () => undefined);
  let hasEnded = false;
  const end = (how: string): void => {
    if (hasEnded) return;
    hasEnded = true;
    onEnd(how);
  };
  child.once('error', (error) => end(error.message));
  child.once('close', (code, signal) => end(signal === null ? `exit ${code}` : `stopped by ${signal}`));
  return {
    isTerminal: script !== undefined,
    write: (line) => void child.stdin.write(`${line}\n`),
    pause: () => {
      child.stdout.pause();
      child.stderr.pause();
    },
    resume: () => {
      child.stdout.resume();
      child.stderr.resume();
    },
    stop: () => hangUp(child),
  };
}

/** The same program on Linux (util-linux) and elsewhere (BSD) has other arguments. */
function scriptArguments(shell: string): readonly string[] {
  const quoted = `'${shell.replaceAll("'", "'\\''")}'`;
  return process.platform === 'linux'
    ? ['-q', '-e', '-f', '-c', quoted, '/dev/null']
    : ['-q', '/dev/null', shell];
}

/** @returns its path, undefined if this machine does not have it */
function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(isProgram);
}

/** True for a file that this user may execute. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hangUp(child: ChildProcess): void {
  child.stdin?.end();
  signalGroup(child, 'SIGHUP');
  setTimeout(() => signalGroup(child, 'SIGKILL'), PATIENCE_MS).unref();
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has already ended.
  }
}
